#include "runtime/shell/cli.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <string_view>

namespace aspy::shell {
namespace {

constexpr std::string_view usage =
    "usage: aspy [options] [FILE | -c CODE | - | dis FILE | golden DIR] [ARGS]\n";

constexpr std::string_view help = R"(
  FILE [ARGS]          run a script; the arguments are its sys.argv[1:]
  -c CODE [ARGS]       run the code given as text
  - [ARGS]             run what standard input holds (so does aspy behind a pipe)
  (nothing)            the interactive prompt, with top-level await
  dis FILE             show a script's bytecode beside its source lines
  golden DIR           run the scripts in a folder and compare what they print with what is expected
                       (aspy golden --help tells how)

options:
  --virtual-time       run on a clock that jumps over every wait: sleeps cost nothing, output repeats exactly
  -i                   stay at the prompt after the script or the code; prompt even without a terminal
  -q                   no banner at the prompt
  -u                   write stdout through at once (PYTHONUNBUFFERED=1)
  -W ACTION[:...]      what becomes of warnings, as in Python (PYTHONWARNINGS=...)
  -X dev               development mode: all warnings, asyncio's debug mode (PYTHONDEVMODE=1, PYTHONASYNCIODEBUG=1)
  -E, -I               ignore the environment variables named here
  -h, --help           this text
  -V, --version        the version
)";

CommandLine show(std::string text, int exit_code) {
  CommandLine line;
  line.action = Action::ShowText;
  line.text = std::move(text);
  line.exit_code = exit_code;
  return line;
}

CommandLine mistake(const std::string& what) {
  return show(what + "\n" + std::string(usage) + "Try `aspy -h' for more information.\n", 2);
}

// The subcommands have options in any order and help of their own: that is CLI11's work. A plain run of a
// script never gets here, since building the option table costs more than a small script does.
CommandLine parse_with(CLI::App& app, CommandLine line, std::span<char*> words) {
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend()); // CLI11 takes them from the back
    app.parse(std::move(reversed));
    return line;
  } catch (const CLI::CallForHelp&) {
    return show(app.help(), 0);
  } catch (const CLI::ParseError& error) {
    return show(app.get_name() + ": " + error.what() + "\n" + "Try `" + app.get_name() + " --help'\n", 2);
  }
}

CommandLine parse_golden(std::span<char*> words) {
  CLI::App app("Runs every script that has a NAME.out beside it, on the virtual clock, and compares what it\n"
               "prints with NAME.out, its stderr with NAME.err (no file: nothing), its exit code with\n"
               "NAME.exit (no file: 0). NAME.in is its standard input, NAME.args has its arguments.\n"
               "'# golden: real-time' or '# golden: mask REGEX' at a script's top change how it is run.\n"
               "The first expectation of a script is made with: aspy golden NAME.aspy --update",
               "aspy golden");
  CommandLine line;
  line.action = Action::Golden;
  GoldenOptions options;
  app.add_option("DIR", options.places, "folders with scripts, or single scripts")->required();
  app.add_flag("--update", options.update, "write what the scripts print now as the expectation");
  app.add_option("-j,--jobs", options.jobs, "scripts to run at once (default: one a core)");
  app.add_option("-k", options.keyword, "only scripts whose name contains this")->type_name("WORD");
  app.add_option("--timeout", options.time_limit, "seconds a script may take (default: 60)");
  line = parse_with(app, std::move(line), words);
  line.golden = std::move(options);
  return line;
}

CommandLine parse_dis(std::span<char*> words) {
  CLI::App app("Shows the bytecode of a script beside its source lines.", "aspy dis");
  CommandLine line;
  line.action = Action::Disassemble;
  std::string file;
  app.add_option("FILE", file, "the script")->required();
  line = parse_with(app, std::move(line), words);
  line.target = std::move(file);
  return line;
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

// Gathers what the options say of the interpreter itself.
class Options {
public:
  explicit Options(CommandLine& line) : line_(line) {}

  // Reads a word of one-letter options (-u, -Bq, -Wignore, -X dev). `value` is the next word, or null;
  // `taken` tells that it was used. False: `problem` says why not.
  bool read(std::string_view word, const char* value, bool& taken) {
    for (size_t at = 1; at < word.size(); ++at) {
      switch (word[at]) {
      case 'i': line_.interactive = true; break;
      case 'q': line_.quiet = true; break;
      case 'u': line_.session.unbuffered = true; break;
      case 'E':
      case 'I': line_.session.ignore_environment = true; break;
      // What these turn off or on, aspy does not have: nothing is written beside a script, there is no site.
      case 'B':
      case 'P':
      case 's':
      case 'S': break;
      case 'W':
      case 'X': {
        std::string_view rest = word.substr(at + 1);
        taken = rest.empty();
        if (taken && !value) return fail(fmt::format("Argument expected for the -{} option", word[at]));
        read_value(word[at], taken ? value : rest);
        return true;
      }
      case 'm': return fail("-m is not supported: there are no installed modules to run, only files");
      case 'O': return fail("-O is not supported: assert statements are always run");
      default: return fail(fmt::format("Unknown option: -{}", word[at]));
      }
    }
    return true;
  }

  // What the environment says, under what the options have said.
  void finish() {
    SessionOptions& session = line_.session;
    std::vector<std::string> warnings;
    bool environment = !session.ignore_environment;
    if (environment && is_set("PYTHONUNBUFFERED")) session.unbuffered = true;
    if (environment && is_set("PYTHONDEVMODE")) session.dev_mode = true;
    if (session.dev_mode) warnings.push_back("default");
    std::string_view list = environment && is_set("PYTHONWARNINGS") ? std::getenv("PYTHONWARNINGS") : "";
    while (!list.empty()) {
      size_t comma = std::min(list.find(','), list.size());
      if (comma) warnings.emplace_back(list.substr(0, comma));
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
    session.warning_options.insert(session.warning_options.begin(), warnings.begin(), warnings.end());
  }

  std::string problem;

private:
  bool fail(std::string text) {
    problem = std::move(text);
    return false;
  }
  void read_value(char option, std::string_view value) {
    if (option == 'W') line_.session.warning_options.emplace_back(value);
    else line_.session.implementation_options.emplace_back(value);
    if (option == 'X' && value == "dev") line_.session.dev_mode = true;
  }

  CommandLine& line_;
};

// Where the option `c` stands in a word of one-letter options; npos: nowhere.
size_t code_option(std::string_view word) {
  if (!word.starts_with('-') || word.starts_with("--")) return word.npos;
  size_t found = word.find_first_of("cWXm"); // the others take the rest of the word as their value
  return found != word.npos && word[found] == 'c' ? found : word.npos;
}

} // namespace

CommandLine parse_command_line(std::span<char*> words, bool stdin_is_terminal) {
  CommandLine line;
  Options options(line);
  for (size_t at = 0; at < words.size(); ++at) {
    std::string_view word = words[at];
    auto rest = words.subspan(at + 1);
    if (word == "-h" || word == "--help") return show(std::string(usage) + std::string(help), 0);
    if (word == "-V" || word == "--version") return show("aspy " ASPY_VERSION " (Python 3.14 syntax)\n", 0);
    if (word == "--virtual-time") {
      line.session.virtual_time = true;
    } else if (size_t code = code_option(word); code != word.npos) {
      // "-c CODE", "-cCODE" and, with other options before it, "-uc CODE"
      bool taken = false;
      if (!options.read(word.substr(0, code), nullptr, taken)) return mistake(options.problem);
      line.action = Action::RunCode;
      std::string_view attached = word.substr(code + 1);
      if (attached.empty() && rest.empty()) return mistake("Argument expected for the -c option");
      line.target = attached.empty() ? rest[0] : attached;
      line.arguments = attached.empty() ? rest.subspan(1) : rest;
      options.finish();
      return line;
    } else if (word == "-") {
      line.action = Action::RunInput;
      line.named_input = true;
      line.arguments = rest;
      options.finish();
      return line;
    } else if (word.starts_with("--")) {
      return mistake("unknown option " + std::string(word));
    } else if (word.starts_with('-')) {
      bool taken = false;
      if (!options.read(word, rest.empty() ? nullptr : rest[0], taken)) return mistake(options.problem);
      at += taken;
    } else if (word == "golden") {
      return parse_golden(rest);
    } else if (word == "dis") {
      return parse_dis(rest);
    } else {
      line.action = Action::RunFile;
      line.target = word;
      line.arguments = rest;
      options.finish();
      return line;
    }
  }
  options.finish();
  line.action = stdin_is_terminal || line.interactive ? Action::Repl : Action::RunInput;
  return line;
}

} // namespace aspy::shell
