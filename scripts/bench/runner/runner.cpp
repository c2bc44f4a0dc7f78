// ./dev bench: runs the programs of programs.txt under every engine that is installed and compares their
// cost.
//
// A row is one program. Its engines take turns, round after round, so that a machine that slows down does so
// for all of them; the medians count. Every ratio is to Debian's CPython in the same run: less is better. A
// row in which two engines print different checksums is refused, since they did not do the same work.
#include "scripts/bench/runner/measure.hpp"
#include "scripts/bench/runner/startup.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

namespace bench {
namespace {

namespace fs = std::filesystem;

struct Engine {
  std::string name;
  std::string extension;            // of the programs it runs
  std::vector<std::string> command; // what comes before the program
  bool asyncio_only = false;        // it differs from CPython in its event loop only
};

constexpr const char* reference = "cpython";

struct Program {
  std::string group;
  std::string name;
  std::string size;   // its argument, "" for none
  std::string label;  // how reports call it
  std::string folder; // where it is
  bool asyncio = false;
  unsigned runs_a_round = 1; // short ones are run more often
};

// What one engine needed for one program.
struct Cell {
  std::vector<Measurement> runs;
  std::vector<Measurement> base_runs; // memory rows: the same with size 0; growth rows: with size 1000
  std::string error;
  double cpu = 0, wall = 0, peak = 0; // medians
  double bytes_per_unit = 0;          // memory rows
  double growth = 0;                  // growth rows: the cost as a multiple of that at size 1000
};

struct Row {
  Program program;
  std::map<std::string, Cell> cells; // by engine
  std::string refused;               // why it counts for nothing
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double median_of(const std::vector<Measurement>& runs, double Measurement::*field) {
  std::vector<double> values;
  for (const Measurement& run : runs) values.push_back(run.*field);
  return median(std::move(values));
}

// --- Engines and programs ---------------------------------------------------------------------------

std::vector<Engine> installed_engines(const std::string& aspy) {
  std::vector<Engine> engines;
  auto add = [&](const char* name, const char* program, const char* extension,
                 const std::vector<std::string>& options = {}, bool asyncio_only = false) {
    std::string path = find_program(program);
    if (path.empty()) return;
    Engine engine{name, extension, {path}, asyncio_only};
    engine.command.insert(engine.command.end(), options.begin(), options.end());
    engines.push_back(std::move(engine));
  };
  add(reference, "/usr/bin/python3", ".aspy");
  add("aspy", aspy.c_str(), ".aspy");
  if (measure({"/usr/bin/python3", "-c", "import uvloop"}).error.empty())
    add("uvloop", "/usr/bin/python3", ".aspy",
        {"-c", "import runpy, sys, uvloop; uvloop.install(); del sys.argv[0]; "
               "runpy.run_path(sys.argv[0], run_name='__main__')"},
        true);
  add("pypy", "pypy3", ".aspy");
  add("node", "node", ".js");
  add("lua", "lua5.4", ".lua");
  add("luajit", "luajit", ".lua");
  return engines;
}

// The order in which reports show the groups.
constexpr const char* groups[] = {"async", "cpu", "memory", "growth", "start-up"};
size_t group_rank(const std::string& group) {
  return static_cast<size_t>(std::find(std::begin(groups), std::end(groups), group) - std::begin(groups));
}

// `wanted` are names of programs or groups; none means all.
std::vector<Program> listed_programs(const std::string& folder, const std::vector<std::string>& wanted,
                                     const std::string& startup_folder) {
  std::vector<Program> programs;
  std::ifstream table(folder + "/programs.txt");
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    Program program;
    if (!(words >> program.group >> program.name >> program.size) || program.group[0] == '#') continue;
    // The memory rows are asyncio programs with other sizes.
    program.folder = folder + "/" + (program.group == "memory" ? "async" : program.group);
    program.asyncio = program.group != "cpu";
    program.label = program.name;
    programs.push_back(program);
  }
  for (const char* name : {"empty", "hello", "module"}) {
    Program program{"start-up", name, "", name, startup_folder};
    program.asyncio = program.name == "hello";
    program.runs_a_round = program.name == "module" ? 1 : 10;
    programs.push_back(program);
  }
  std::stable_sort(programs.begin(), programs.end(),
                   [](auto& a, auto& b) { return group_rank(a.group) < group_rank(b.group); });
  // A program may be listed with several sizes (to see growth): its label tells which.
  auto times = [&](const std::string& name) {
    return std::count_if(programs.begin(), programs.end(), [&](auto& other) { return other.name == name; });
  };
  for (Program& program : programs)
    if (times(program.name) > 1) program.label = program.name + " " + program.size;
  std::erase_if(programs, [&](const Program& program) {
    auto is_wanted = [&](const std::string& word) { return word == program.name || word == program.group; };
    return !wanted.empty() && std::none_of(wanted.begin(), wanted.end(), is_wanted);
  });
  return programs;
}

// A JSON string; reports use it too, to show what a program printed.
std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') json += '\\', json += char(c);
    else if (c < 0x20) json += fmt::format("\\u{:04x}", unsigned(c));
    else json += char(c);
  }
  return json + "\"";
}

// --- Measuring --------------------------------------------------------------------------------------

// One more run of the program under the engine; after an error there are no further ones.
void run_once(const Engine& engine, const Program& program, const std::string& size,
              std::vector<Measurement>& runs, std::string& error) {
  if (!error.empty()) return;
  std::vector<std::string> command = engine.command;
  command.push_back(program.folder + "/" + program.name + engine.extension);
  if (!size.empty()) command.push_back(size);
  Measurement run = measure(command);
  error = run.error;
  runs.push_back(std::move(run));
}

Row measure_row(const Program& program, const std::vector<Engine>& engines, unsigned rounds) {
  Row row{program, {}, ""};
  for (unsigned round = 0; round < rounds; ++round) {
    for (const Engine& engine : engines) {
      if (engine.asyncio_only && !program.asyncio) continue;
      if (program.group == "growth" && engine.name != "aspy") continue; // of others it takes minutes
      if (!fs::exists(program.folder + "/" + program.name + engine.extension)) continue;
      Cell& cell = row.cells[engine.name];
      for (unsigned i = 0; i < program.runs_a_round; ++i)
        run_once(engine, program, program.size, cell.runs, cell.error);
      if (program.group == "memory") run_once(engine, program, "0", cell.base_runs, cell.error);
      if (program.group == "growth") run_once(engine, program, "1000", cell.base_runs, cell.error);
    }
  }
  for (auto& [name, cell] : row.cells) {
    cell.cpu = median_of(cell.runs, &Measurement::cpu_seconds);
    cell.wall = median_of(cell.runs, &Measurement::wall_seconds);
    cell.peak = median_of(cell.runs, &Measurement::peak_bytes);
    if (program.group == "memory" && std::atof(program.size.c_str()) > 0)
      cell.bytes_per_unit =
          (cell.peak - median_of(cell.base_runs, &Measurement::peak_bytes)) / std::atof(program.size.c_str());
    double base_cpu = median_of(cell.base_runs, &Measurement::cpu_seconds);
    if (program.group == "growth" && base_cpu > 0) cell.growth = cell.cpu / base_cpu;
  }

  // What the first engine (CPython, where it is installed) printed in its first run is the checksum.
  const std::string* checksum = nullptr;
  for (const Engine& engine : engines) {
    auto found = row.cells.find(engine.name);
    if (found == row.cells.end() || !found->second.error.empty()) continue;
    for (const Measurement& run : found->second.runs) {
      if (!checksum) checksum = &run.output;
      if (run.output != *checksum && row.refused.empty())
        row.refused = fmt::format("refused: {} printed {}, not {}", engine.name,
                                  json_text(run.output.substr(0, 40)), json_text(checksum->substr(0, 40)));
    }
  }
  if (auto aspy = row.cells.find("aspy"); aspy != row.cells.end() && !aspy->second.error.empty())
    row.refused = "aspy failed: " + aspy->second.error;
  return row;
}

// --- Reporting --------------------------------------------------------------------------------------

// The figure of a row: bytes for memory rows, a multiple for growth rows, CPU seconds for all others.
double figure(const Row& row, const Cell& cell) {
  if (row.program.group == "growth") return cell.growth;
  return row.program.group == "memory" ? cell.bytes_per_unit : cell.cpu;
}

std::optional<double> ratio(const Row& row, const std::string& engine) {
  auto base = row.cells.find(reference), cell = row.cells.find(engine);
  if (!row.refused.empty() || base == row.cells.end() || cell == row.cells.end()) return {};
  if (!base->second.error.empty() || !cell->second.error.empty()) return {};
  if (figure(row, base->second) <= 0) return {};
  return figure(row, cell->second) / figure(row, base->second);
}

std::string shown(double value, const std::string& group) {
  if (group == "memory") return fmt::format("{:.0f} B", value);
  if (group == "growth") return fmt::format("{:.2f} x", value);
  return value < 0.1 ? fmt::format("{:.2f} ms", value * 1e3) : fmt::format("{:.3f} s", value);
}

std::string shown_ratio(std::optional<double> value) {
  if (!value) return "";
  std::string text = *value < 0.0995 ? fmt::format("{:.3f}", *value) : fmt::format("{:.2f}", *value);
  return text.starts_with("0") ? text.substr(1) : text;
}

void print_row(const Row& row, const std::vector<Engine>& engines) {
  fmt::print("{:<20}", row.program.label);
  if (!row.refused.empty()) {
    fmt::print("  {}\n", row.refused);
    return;
  }
  for (const Engine& engine : engines) {
    auto cell = row.cells.find(engine.name);
    if (cell == row.cells.end()) fmt::print("{:>18}", "");
    else if (!cell->second.error.empty()) fmt::print("{:>11}{:7}", "failed", "");
    else
      fmt::print("{:>11}{:>7}", shown(figure(row, cell->second), row.program.group),
                 engine.name == reference ? "" : shown_ratio(ratio(row, engine.name)));
  }
  fmt::print("\n");
}

void print_heading(const std::string& group, const std::vector<Engine>& engines) {
  fmt::print("\n{:<20}", group);
  for (const Engine& engine : engines)
    fmt::print("{:>11}{:>7}", engine.name, engine.name == reference ? "" : "ratio");
  fmt::print("\n");
}

// The geometric mean of an engine's ratios over the rows of a group that it has, or nothing.
std::optional<double> mean_ratio(const std::vector<Row>& rows, const std::string& group,
                                 const std::string& engine) {
  double logarithms = 0;
  int count = 0;
  for (const Row& row : rows) {
    auto value = row.program.group == group ? ratio(row, engine) : std::nullopt;
    if (!value || *value <= 0) continue;
    logarithms += std::log(*value);
    ++count;
  }
  if (!count) return {};
  return std::exp(logarithms / count);
}

void print_means(const std::vector<Row>& rows, const std::string& group, const std::vector<Engine>& engines) {
  fmt::print("{:<20}", "geometric mean");
  for (const Engine& engine : engines)
    fmt::print("{:>11}{:>7}", "",
               engine.name == reference ? "" : shown_ratio(mean_ratio(rows, group, engine.name)));
  fmt::print("\n");
}

// The most memory that each program had resident, in megabytes.
void print_peaks(const std::vector<Row>& rows, const std::vector<Engine>& engines) {
  fmt::print("\n{:<20}", "peak memory, MB");
  for (const Engine& engine : engines) fmt::print("{:>9}", engine.name);
  for (const Row& row : rows) {
    fmt::print("\n{:<20}", row.program.label);
    for (const Engine& engine : engines) {
      auto cell = row.cells.find(engine.name);
      bool known = cell != row.cells.end() && cell->second.error.empty();
      fmt::print("{:>9}", known ? fmt::format("{:.1f}", cell->second.peak / 1e6) : "");
    }
  }
  fmt::print("\n");
}

void write_json(const std::string& file, const std::vector<Row>& rows, const std::vector<Engine>& engines) {
  std::ofstream out(file);
  const char* row_comma = "";
  out << "{\"rows\": [";
  for (const Row& row : rows) {
    out << row_comma
        << fmt::format("\n  {{\"group\": {}, \"name\": {}, \"size\": {}, \"refused\": {}, \"engines\": {{",
                       json_text(row.program.group), json_text(row.program.name), json_text(row.program.size),
                       json_text(row.refused));
    row_comma = ",";
    const char* comma = "";
    for (const auto& [name, cell] : row.cells) {
      out << comma
          << fmt::format(
                 "\n    {}: {{\"cpu_seconds\": {:.6f}, \"wall_seconds\": {:.6f}, \"peak_bytes\": {:.0f}",
                 json_text(name), cell.cpu, cell.wall, cell.peak);
      comma = ",";
      if (cell.growth != 0) out << fmt::format(", \"growth\": {:.3f}", cell.growth);
      if (cell.bytes_per_unit != 0) out << fmt::format(", \"bytes_per_unit\": {:.1f}", cell.bytes_per_unit);
      if (auto value = ratio(row, name)) out << fmt::format(", \"ratio\": {:.4f}", *value);
      if (!cell.error.empty()) out << ", \"error\": " << json_text(cell.error);
      out << "}";
    }
    out << "}}";
  }
  out << "\n], \"geometric_means\": {";
  const char* comma = "";
  for (const char* group : groups) {
    for (const Engine& engine : engines) {
      auto value = mean_ratio(rows, group, engine.name);
      if (!value || engine.name == reference) continue;
      out << comma << fmt::format("\n  \"{} {}\": {:.4f}", group, engine.name, *value);
      comma = ",";
    }
  }
  out << "\n}}\n";
}

int run(int argc, char** argv) {
  std::string aspy = "build/release/aspy", folder = "scripts/bench", json, only;
  std::vector<std::string> wanted;
  unsigned rounds = 3;
  bool peaks = false;
  CLI::App app("Compares the cost of aspy with other engines', in CPU time (user and system) and memory.\n"
               "Ratios are to Debian's CPython; less is better.",
               "./dev bench");
  app.add_option("NAMES", wanted,
                 "programs or groups (async, cpu, memory, growth, start-up); none means all");
  app.add_option("--rounds", rounds, "how often each engine takes its turn")->capture_default_str();
  app.add_option("--engines", only, "only these, with commas: aspy,cpython,uvloop,pypy,node,lua,luajit");
  app.add_flag("--peaks", peaks, "also show each program's peak memory");
  app.add_option("--json", json, "also write all figures to this file");
  app.add_option("--aspy", aspy, "the aspy to measure")->capture_default_str();
  app.add_option("--programs", folder, "where programs.txt and the programs' folders are")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  char room[] = "/tmp/aspy-bench-XXXXXX";
  if (!mkdtemp(room)) return 1;
  write_startup_programs(room);
  std::vector<Engine> engines = installed_engines(aspy);
  std::erase_if(engines, [&](const Engine& engine) {
    return !only.empty() && ("," + only + ",").find("," + engine.name + ",") == only.npos;
  });

  std::vector<Row> rows;
  std::vector<Program> programs = listed_programs(folder, wanted, room);
  bool all_good = true;
  for (size_t i = 0; i < programs.size(); ++i) {
    const std::string& group = programs[i].group;
    if (i == 0 || programs[i - 1].group != group) print_heading(group, engines);
    std::fflush(stdout);
    rows.push_back(measure_row(programs[i], engines, rounds));
    print_row(rows.back(), engines);
    all_good = all_good && rows.back().refused.empty();
    bool last = i + 1 == programs.size() || programs[i + 1].group != group;
    if (last && group != "growth") print_means(rows, group, engines);
  }
  if (peaks) print_peaks(rows, engines);
  if (!json.empty()) write_json(json, rows, engines);
  fs::remove_all(room);
  return all_good ? 0 : 1;
}

} // namespace
} // namespace bench

int main(int argc, char** argv) { return bench::run(argc, argv); }
