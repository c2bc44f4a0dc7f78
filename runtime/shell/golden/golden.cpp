#include "runtime/shell/golden/golden.hpp"

#include "runtime/shell/golden/child.hpp"
#include "runtime/shell/golden/diff.hpp"
#include "runtime/shell/golden/golden_case.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <fmt/format.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace aspy::shell {
namespace {

// Counts, and writes a line for each golden that needs one; a line that is overwritten shows progress.
class Report {
public:
  explicit Report(size_t total) : total_(total), terminal_(isatty(STDOUT_FILENO)) {}

  unsigned passed = 0, failed = 0;

  bool terminal() const { return terminal_; }

  void progress(const std::string& name) {
    if (!terminal_) return;
    fmt::print("\r\x1b[K[{}/{}] {}{}", passed + failed, total_,
               failed ? fmt::format("\x1b[31m{} failed\x1b[0m ", failed) : "", name);
    std::fflush(stdout);
  }

  void say(const std::string& text) {
    if (terminal_) fmt::print("\r\x1b[K");
    fmt::print("{}", text);
  }

  std::string bold(std::string_view text, std::string_view colour) const {
    return terminal_ ? fmt::format("\x1b[1;{}m{}\x1b[0m", colour, text) : std::string(text);
  }

private:
  size_t total_;
  bool terminal_;
};

// All that a person needs to see about one failure, each difference under the file that expects otherwise.
std::string describe_failure(const GoldenCase& golden, const ChildResult& run, const GoldenResult& expected,
                             const GoldenResult& actual, const GoldenOptions& options, bool colour) {
  std::string text;
  if (!run.failure.empty()) return fmt::format("    could not be started: {}\n", run.failure);
  if (run.timed_out) text += fmt::format("    did not end within {:g} s\n", options.time_limit);
  else if (run.signal)
    text += fmt::format("    ended by signal {} ({})\n", run.signal, strsignal(run.signal));
  else if (actual.exit_code != expected.exit_code)
    text += fmt::format("    exit code: expected {}, got {}\n", expected.exit_code, actual.exit_code);

  auto compare = [&](std::string_view extension, std::string_view stream, const std::string& expected_text,
                     const std::string& actual_text) {
    std::string file = golden.beside(extension).filename().string();
    std::string label = expected_text.empty() ? fmt::format("{} (nothing expected)", file) : file;
    DiffStyle style{.expected_label = label, .actual_label = stream, .colour = colour, .indent = "    "};
    text += unified_diff(expected_text, actual_text, style);
  };
  compare(".out", "stdout", expected.out, actual.out);
  compare(".err", "stderr", expected.err, actual.err);
  return text;
}

void judge(const GoldenCase& golden, const ChildResult& run, const GoldenOptions& options, Report& report) {
  GoldenResult actual = comparable(golden, run);
  bool ran = run.failure.empty() && !run.timed_out;
  if (options.update && ran) {
    for (const auto& path : write_expectation(golden, actual))
      report.say(fmt::format("updated {}\n", path.string()));
    ++report.passed;
  } else if (GoldenResult expected = expected_result(golden); ran && actual == expected) {
    ++report.passed;
  } else {
    ++report.failed;
    report.say(fmt::format("{} {} ({:.2f} s)\n{}", report.bold("FAIL", "31"), golden.name, run.seconds,
                           describe_failure(golden, run, expected, actual, options, report.terminal())));
  }
  report.progress(golden.name);
}

} // namespace

int run_goldens(const GoldenOptions& options) {
  std::vector<GoldenCase> goldens;
  try {
    for (const std::string& place : options.places)
      for (GoldenCase& golden : find_goldens(place, options.keyword)) goldens.push_back(std::move(golden));
  } catch (const std::exception& error) {
    fmt::print(stderr, "aspy golden: {}\n", error.what());
    return 1;
  }

  // Inherited by the children: one that outlives a killed runner does not spin for ever.
  rlim_t most_cpu = static_cast<rlim_t>(options.time_limit) * 2 + 60;
  rlimit cpu{};
  getrlimit(RLIMIT_CPU, &cpu);
  cpu.rlim_cur = std::min(cpu.rlim_max, most_cpu);
  setrlimit(RLIMIT_CPU, &cpu);

  ChildPool pool(options.jobs ? options.jobs : std::thread::hardware_concurrency());
  Report report(goldens.size());
  for (const GoldenCase& golden : goldens) {
    pool.add(golden.command(options.aspy, static_cast<uint64_t>(options.time_limit * 1000)),
             [&](const ChildResult& run) { judge(golden, run, options, report); });
  }
  pool.run();

  report.say(fmt::format("{} passed, {} failed\n", report.passed, report.failed));
  if (goldens.empty())
    fmt::print(stderr, "aspy golden: no script with an expectation (NAME.out) was found\n");
  return report.failed || goldens.empty() ? 1 : 0;
}

} // namespace aspy::shell
