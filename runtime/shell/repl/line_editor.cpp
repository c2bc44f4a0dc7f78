#include "runtime/shell/repl/line_editor.hpp"

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <histedit.h>
#include <poll.h>
#include <unistd.h>

namespace aspy::shell {

struct LineEditor::State {
  std::function<int()> while_waiting;
  std::function<bool()> interrupted;
  EditLine* editor = nullptr; // null where there is no terminal
  History* history = nullptr;
  HistEvent event{};
  std::string history_file;
  std::string prompt;
  bool was_interrupted = false;
  std::string unread; // what was read past the end of the last line (plain input)

  void open_terminal();
  bool wait_for_input();
  LineOutcome read_edited(std::string& line);
  LineOutcome read_plain(std::string& line);

  // Called by libedit.
  static State* of(EditLine* editor);
  static int next_key(EditLine* editor, wchar_t* key);
  static char* show_prompt(EditLine* editor) { return of(editor)->prompt.data(); }
  static unsigned char indent(EditLine* editor, int) {
    return el_insertstr(editor, "    ") < 0 ? CC_ERROR : CC_REFRESH;
  }
};

LineEditor::State* LineEditor::State::of(EditLine* editor) {
  void* data = nullptr;
  el_get(editor, EL_CLIENTDATA, &data);
  return static_cast<State*>(data);
}

void LineEditor::State::open_terminal() {
  // libedit measures and reads characters in the user's locale; where that is plain C, UTF-8 is meant.
  const char* locale = std::setlocale(LC_CTYPE, "");
  if (!locale || std::string_view(locale) == "C" || std::string_view(locale) == "POSIX")
    std::setlocale(LC_CTYPE, "C.UTF-8");

  history = history_init();
  ::history(history, &event, H_SETSIZE, 5000);
  if (const char* home = std::getenv("HOME")) {
    history_file = std::string(home) + "/.aspy_history";
    ::history(history, &event, H_LOAD, history_file.c_str()); // a first session has none
  }

  editor = el_init("aspy", stdin, stdout, stderr);
  el_set(editor, EL_CLIENTDATA, this);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_PROMPT, show_prompt);
  el_set(editor, EL_HIST, ::history, history);
  el_set(editor, EL_GETCFN, next_key);
  el_set(editor, EL_ADDFN, "aspy-indent", "Indents by one step", indent);
  el_set(editor, EL_BIND, "\t", "aspy-indent", nullptr);
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(editor, nullptr); // the user's own ~/.editrc
}

// Waits for something to read; what runs meanwhile (tasks) may take its time. False: a SIGINT came.
bool LineEditor::State::wait_for_input() {
  for (;;) {
    // Keys that are there already come first, or pasted text would crawl.
    pollfd input{STDIN_FILENO, POLLIN, 0};
    int ready = poll(&input, 1, 0);
    if (ready == 0) {
      int milliseconds = while_waiting();
      ready = poll(&input, 1, milliseconds);
    }
    if (interrupted()) {
      was_interrupted = true;
      return false;
    }
    if (ready > 0) return true;
  }
}

// One character from the terminal, which may be several bytes; to libedit, 0 is the end of input.
int LineEditor::State::next_key(EditLine* editor, wchar_t* key) {
  State* state = of(editor);
  std::mbstate_t progress{};
  for (;;) {
    char byte;
    if (!state->wait_for_input() || ::read(STDIN_FILENO, &byte, 1) != 1) return 0;
    size_t length = std::mbrtowc(key, &byte, 1, &progress);
    if (length == static_cast<size_t>(-2)) continue; // more bytes to come
    if (length != static_cast<size_t>(-1)) return 1;
    progress = {}; // no character: drop it
  }
}

LineOutcome LineEditor::State::read_edited(std::string& line) {
  int length = 0;
  const char* text = el_gets(editor, &length);
  if (was_interrupted || !text || length <= 0) {
    std::fputc('\n', stdout); // leave the line that was being typed
    el_reset(editor);
    return was_interrupted ? LineOutcome::Interrupted : LineOutcome::End;
  }
  line.assign(text, static_cast<size_t>(length));
  return LineOutcome::Line;
}

LineOutcome LineEditor::State::read_plain(std::string& line) {
  std::fputs(prompt.c_str(), stderr);
  size_t end;
  while ((end = unread.find('\n')) == unread.npos) {
    char buffer[4096];
    if (!wait_for_input()) return LineOutcome::Interrupted;
    ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (count <= 0) {
      if (unread.empty()) {
        std::fputc('\n', stderr); // leave the line with the prompt
        return LineOutcome::End;
      }
      end = unread.size(); // a last line without a newline
      break;
    }
    unread.append(buffer, static_cast<size_t>(count));
  }
  line = unread.substr(0, end);
  unread.erase(0, end + 1);
  return LineOutcome::Line;
}

LineEditor::LineEditor(std::function<int()> while_waiting, std::function<bool()> interrupted)
    : state_(std::make_unique<State>()) {
  state_->while_waiting = std::move(while_waiting);
  state_->interrupted = std::move(interrupted);
  if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) state_->open_terminal();
}

LineEditor::~LineEditor() {
  if (!state_->editor) return;
  if (!state_->history_file.empty())
    ::history(state_->history, &state_->event, H_SAVE, state_->history_file.c_str());
  el_end(state_->editor);
  history_end(state_->history);
}

LineOutcome LineEditor::read(const std::string& prompt, std::string& line) {
  std::fflush(stdout);
  state_->prompt = prompt;
  state_->was_interrupted = false;
  line.clear();
  LineOutcome outcome = state_->editor ? state_->read_edited(line) : state_->read_plain(line);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return outcome;
}

void LineEditor::remember(const std::string& entry) {
  if (state_->editor) ::history(state_->history, &state_->event, H_ENTER, entry.c_str());
}

} // namespace aspy::shell
