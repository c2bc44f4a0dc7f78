// The parts of runtime/shell that need no script: the command line, diffs, golden cases.
#include "runtime/shell/cli.hpp"
#include "runtime/shell/golden/diff.hpp"
#include "runtime/shell/golden/golden_case.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>

using namespace aspy::shell;

namespace {

// The command line of `words`; they live as long as the object.
struct Parsed {
  explicit Parsed(std::vector<std::string> given, bool terminal = false) : words(std::move(given)) {
    for (std::string& word : words) pointers.push_back(word.data());
    line = parse_command_line(pointers, terminal);
  }
  std::vector<std::string> words;
  std::vector<char*> pointers;
  CommandLine line;
};

// A folder that is gone when the test ends.
struct Room {
  Room() {
    char name[] = "/tmp/aspy-unit-XXXXXX";
    path = std::filesystem::canonical(mkdtemp(name));
  }
  ~Room() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path / name) << text; }
  std::filesystem::path path;
};

} // namespace

TEST_CASE("command line: everything after the script is the script's") {
  Parsed run({"--virtual-time", "prog.aspy", "-c", "--help"});
  CHECK(run.line.action == Action::RunFile);
  CHECK(run.line.session.virtual_time);
  CHECK(run.line.target == "prog.aspy");
  REQUIRE(run.line.arguments.size() == 2);
  CHECK(std::string(run.line.arguments[0]) == "-c");
}

TEST_CASE("command line: code, input and prompt") {
  CHECK(Parsed({"-c", "pass", "x"}).line.target == "pass");
  CHECK(Parsed({"-cpass", "x"}).line.arguments.size() == 1);
  CHECK(Parsed({"-c"}).line.exit_code == 2);
  CHECK(Parsed({"-", "x"}).line.action == Action::RunInput);
  CHECK(Parsed({}, false).line.action == Action::RunInput);
  CHECK(Parsed({}, true).line.action == Action::Repl);
  CHECK(Parsed({"-i"}, false).line.action == Action::Repl);
  CHECK(Parsed({"--nonsense"}).line.exit_code == 2);
}

TEST_CASE("command line: golden") {
  Parsed golden({"golden", "some/dir", "--update", "-j", "3", "-k", "word"});
  CHECK(golden.line.action == Action::Golden);
  CHECK(golden.line.golden.places == std::vector<std::string>{"some/dir"});
  CHECK(golden.line.golden.update);
  CHECK(golden.line.golden.jobs == 3);
  CHECK(golden.line.golden.keyword == "word");
  CHECK(Parsed({"golden"}).line.exit_code == 2);
}

TEST_CASE("diff: equal texts have none, different ones show their surroundings") {
  CHECK(unified_diff("a\nb\n", "a\nb\n", {}) == "");
  CHECK(unified_diff("1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nfive\n6\n", {.context = 1}) ==
        "--- expected\n+++ actual\n@@ -4,3 +4,3 @@\n 4\n-5\n+five\n 6\n");
  CHECK(unified_diff("", "new\n", {}) == "--- expected\n+++ actual\n@@ -1,0 +1,1 @@\n+new\n");
}

TEST_CASE("diff: shows what would be invisible") {
  std::string diff = unified_diff("x\n", "x\x1b", {});
  CHECK(diff.find("+x\\x1b   <- no newline at the end") != diff.npos);
}

TEST_CASE("diff: texts without anything in common") {
  std::string left, right;
  for (int i = 0; i < 3000; ++i)
    left += "l" + std::to_string(i) + "\n", right += "r" + std::to_string(i) + "\n";
  std::string diff = unified_diff(left, right, {.max_lines = 10});
  CHECK(diff.find("... 5993 more lines of diff") != diff.npos);
}

TEST_CASE("goldens: what is found, run and compared") {
  Room room;
  room.write("one.aspy", "# golden: real-time\n# golden: mask \\d+:\\d+\nprint()\n");
  room.write("one.out", "at <DIR>/one.aspy #\n");
  room.write("one.exit", "3\n");
  room.write("one.args", "first\nsecond word\n");
  room.write("helper.aspy", "no golden: nothing is expected of it\n");
  auto found = find_goldens(room.path, "");
  REQUIRE(found.size() == 1);
  const GoldenCase& golden = found[0];
  CHECK(golden.name == "one.aspy");
  CHECK(find_goldens(room.path, "two").empty());

  ChildCommand command = golden.command("aspy", 1000);
  CHECK(command.arguments == std::vector<std::string>{"aspy", "-E", "one.aspy", "first", "second word"});
  CHECK(command.directory == room.path);
  CHECK(command.input == "/dev/null");

  ChildResult run;
  run.out = "at " + room.path.string() + "/one.aspy 12:30\n";
  run.exit_code = 3;
  CHECK(comparable(golden, run) == expected_result(golden));
  run.err = "<object at 0x7fff00> is no 0xff\n";
  CHECK(comparable(golden, run).err == "<object at 0x...> is no 0xff\n");
  CHECK(comparable(golden, run) != expected_result(golden));

  write_expectation(golden, comparable(golden, run));
  CHECK(comparable(golden, run) == expected_result(golden));
}

TEST_CASE("goldens: a missing folder and an unknown directive are errors") {
  CHECK_THROWS(find_goldens("/nonexistent/folder", ""));
  Room room;
  room.write("bad.aspy", "# golden: unheard of\n");
  room.write("bad.out", "");
  CHECK_THROWS(find_goldens(room.path, ""));
}
