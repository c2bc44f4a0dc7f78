#include "runtime/report/traceback/carets.hpp"

#include "parser/parser.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <string_view>
#include <utf8proc.h>

namespace aspy {
namespace {

// Columns below count characters, as what is printed lines up by characters.
using Line = std::u32string;
using Lines = std::vector<Line>;

Line decode(std::string_view utf8) {
  Line out;
  auto* at = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  auto left = static_cast<utf8proc_ssize_t>(utf8.size());
  while (left > 0) {
    utf8proc_int32_t code = 0;
    utf8proc_ssize_t used = utf8proc_iterate(at, left, &code);
    if (used <= 0) {
      code = 0xFFFD;
      used = 1;
    }
    out.push_back(static_cast<char32_t>(code));
    at += used;
    left -= used;
  }
  return out;
}

std::string encode(const Line& line) {
  std::string out;
  for (char32_t c : line) {
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
    out.append(reinterpret_cast<char*>(bytes), static_cast<size_t>(count));
  }
  return out;
}

size_t characters_in(std::string_view utf8, size_t bytes) {
  size_t count = 0;
  for (size_t i = 0; i < bytes && i < utf8.size(); ++i) count += (utf8[i] & 0xC0) != 0x80;
  return count;
}

bool is_space(char32_t c) {
  return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F) || c == 0x85 || c == 0xA0 ||
         c == 0x3000 || (c >= 0x2000 && c <= 0x200A);
}
size_t indent_of(const Line& line) {
  size_t at = 0;
  while (at < line.size() && is_space(line[at])) ++at;
  return at;
}
bool is_blank(const Line& line) { return indent_of(line) == line.size(); }

// Wide characters (CJK, emoji) take two columns of a terminal.
size_t display_width(const Line& line, size_t characters) {
  size_t width = 0;
  for (size_t i = 0; i < characters && i < line.size(); ++i)
    width += line[i] >= 128 && utf8proc_charwidth(static_cast<utf8proc_int32_t>(line[i])) == 2 ? 2 : 1;
  return width;
}

// Takes away the white space that all lines begin with; blank lines become empty. Returns how much it was.
size_t dedent(Lines& lines) {
  const Line* first = nullptr;
  size_t margin = 0;
  for (const Line& line : lines) {
    if (is_blank(line)) continue;
    if (!first) {
      first = &line;
      margin = indent_of(line);
      continue;
    }
    size_t common = 0;
    while (common < margin && common < line.size() && line[common] == (*first)[common]) ++common;
    margin = common;
  }
  for (Line& line : lines) {
    if (is_blank(line)) line.clear();
    else line.erase(0, margin);
  }
  return margin;
}

// --- what inside the segment is the operator -----------------------------------------------------

struct Place {
  size_t line, column;
  friend auto operator<=>(const Place&, const Place&) = default;
};
// From `left` to `right` carets are drawn; tildes around them.
struct Anchors {
  Place left, right;
};

// Walks over the segment's characters.
class Walker {
public:
  explicit Walker(const Lines& lines) : lines_(lines) {}

  // A place after the end of a line becomes the start of the next one that has characters.
  bool settle(Place& at) const {
    while (at.line < lines_.size() && at.column >= lines_[at.line].size()) at = {at.line + 1, 0};
    return at.line < lines_.size();
  }
  // On to the first character that `stop` accepts, over comments and line joins. False: there is none.
  template <class Stop> bool find(Place& at, Stop stop) const {
    while (at.line < lines_.size()) {
      char32_t c = lines_[at.line][at.column];
      if (c == '\\' || c == '#') at = {at.line + 1, 0};
      else if (stop(c)) return true;
      else ++at.column;
      if (!settle(at)) return false;
    }
    return false;
  }

private:
  const Lines& lines_;
};

// The expression that stands alone in `source`, which was wrapped in a line with a parenthesis above and
// below.
const ast::Expr* only_expression(const ParseResult& parsed) {
  if (!parsed || !parsed.tree->root) return nullptr;
  const ast::Module* module = parsed.tree->module();
  if (module->body.size() != 1) return nullptr;
  auto* statement = ast::try_as<ast::ExprStmt>(module->body[0]);
  return statement ? statement->value : nullptr;
}

std::optional<Anchors> find_anchors(const Lines& lines) {
  std::string wrapped = "(\n";
  std::vector<std::string> texts;
  for (const Line& line : lines) {
    texts.push_back(encode(line));
    wrapped += texts.back();
    wrapped += '\n';
  }
  wrapped += ')';
  ParseResult parsed = parse_text(wrapped, Mode::Exec);
  const ast::Expr* expression = only_expression(parsed);
  if (!expression) return {};

  // Line 1 of the tree is the opening parenthesis.
  auto place = [&](uint32_t line, uint32_t byte_column) -> Place {
    size_t index = line - 2;
    return {index, index < texts.size() ? characters_in(texts[index], byte_column) : 0};
  };
  Walker walker(lines);
  if (auto* operation = ast::try_as<ast::BinOp>(expression)) {
    Place at = place(operation->left->pos.end_line, operation->left->pos.end_col);
    // Closing parentheses of the left operand come before the operator.
    if (!walker.settle(at) || !walker.find(at, [](char32_t c) { return !is_space(c) && c != ')'; }))
      return {};
    Place right = place(operation->right->pos.line, operation->right->pos.col);
    const Line& line = lines[at.line];
    size_t end = at.column + 1;
    // The second character of // ** << >>.
    if (end < line.size() && (right.line > at.line || end < right.column) && !is_space(line[end]) &&
        line[end] != '\\' && line[end] != '#')
      ++end;
    return Anchors{at, {at.line, end}};
  }
  const ast::Expr* head = nullptr;
  char32_t opening = 0;
  if (auto* subscript = ast::try_as<ast::Subscript>(expression)) {
    head = subscript->value;
    opening = '[';
  } else if (auto* call = ast::try_as<ast::Call>(expression)) {
    head = call->func;
    opening = '(';
  } else {
    return {};
  }
  Place at = place(head->pos.end_line, head->pos.end_col);
  if (!walker.settle(at) || !walker.find(at, [opening](char32_t c) { return c == opening; })) return {};
  return Anchors{at, place(expression->pos.end_line, expression->pos.end_col)};
}

// --- whether carets tell anything ----------------------------------------------------------------

// A plain `return f(x)` or `y = f(x)` is clear without them; assignments to anything but one name are not.
bool is_plain_call_statement(const Lines& lines, size_t start, size_t end, bool& empty) {
  std::string text;
  for (const Line& line : lines) text += encode(line) + "\n";
  ParseResult parsed = parse_text(text, Mode::Exec);
  if (!parsed || !parsed.tree->root) return false;
  auto body = parsed.tree->module()->body;
  if (body.empty()) {
    empty = true;
    return false;
  }
  const ast::Call* call = nullptr;
  if (auto* statement = ast::try_as<ast::Return>(body[0])) {
    call = ast::try_as<ast::Call>(statement->value);
    if (call && !ast::is<ast::Name>(call->func)) call = nullptr;
  } else if (auto* assignment = ast::try_as<ast::Assign>(body[0])) {
    if (assignment->targets.size() == 1 && ast::is<ast::Name>(assignment->targets[0]))
      call = ast::try_as<ast::Call>(assignment->value);
  }
  return call && call->pos.line == 1 && call->pos.end_line == lines.size() && call->pos.col == start &&
         call->pos.end_col == end;
}

bool carets_help(const Lines& lines, size_t start, size_t end, bool has_anchors) {
  bool empty = false;
  if (is_plain_call_statement(lines, start, end, empty) || empty) return false;
  if (has_anchors) return true;
  // Carets under a whole line would say nothing.
  auto any_text = [](const Line& line, size_t from, size_t to) {
    for (size_t i = from; i < to && i < line.size(); ++i)
      if (!is_space(line[i])) return true;
    return false;
  };
  return any_text(lines.front(), 0, start) || any_text(lines.back(), end, lines.back().size());
}

// The part from `start` in the first line to `end` in the last.
Lines cut(const Lines& lines, size_t start, size_t end) {
  Lines segment = lines;
  segment.back().resize(std::min(end, segment.back().size()));
  segment.front().erase(0, std::min(start, segment.front().size()));
  return segment;
}

} // namespace

std::string source_without_carets(const std::string& line) {
  Line text = decode(line);
  while (!text.empty() && is_space(text.back())) text.pop_back();
  text.erase(0, indent_of(text));
  return text.empty() ? std::string() : fmt::format("    {}\n", encode(text));
}

std::string source_with_carets(const std::vector<std::string>& source, size_t start_byte, size_t end_byte) {
  Lines lines;
  for (const std::string& text : source) {
    lines.push_back(decode(text));
    while (!lines.back().empty() && is_space(lines.back().back())) lines.back().pop_back();
  }
  if (lines.empty()) return {};
  size_t margin = dedent(lines);
  if (std::all_of(lines.begin(), lines.end(), [](const Line& line) { return line.empty(); })) return {};
  auto column = [&](const std::string& text, size_t bytes) {
    size_t at = characters_in(text, bytes);
    return at > margin ? at - margin : 0;
  };
  size_t start = column(source.front(), start_byte), end = column(source.back(), end_byte);

  std::optional<Anchors> anchors = find_anchors(cut(lines, start, end));
  bool show = carets_help(lines, start, end, anchors.has_value());
  size_t last = lines.size() - 1;

  // Of a long range the first and last lines are shown, and those around the operator.
  std::set<size_t> shown = {0, last};
  size_t left_column = 0, right_column = 0;
  if (anchors) {
    auto shift = [&](Place at) {
      size_t column = at.line == 0 ? at.column + start : at.column;
      return display_width(lines[std::min(at.line, last)], column);
    };
    left_column = shift(anchors->left);
    right_column = shift(anchors->right);
    for (size_t line : {anchors->left.line, anchors->right.line})
      for (size_t near = line ? line - 1 : 0; near <= line + 1 && near <= last; ++near) shown.insert(near);
  }

  Lines out;
  std::vector<bool> abbreviations; // lines of `out` that are no source
  size_t first_width = display_width(lines.front(), start), last_width = display_width(lines.back(), end);
  auto emit = [&](size_t number) {
    const Line& line = lines[number];
    out.push_back(line);
    if (!show) return;
    size_t indent = indent_of(line);
    size_t width = number == last ? last_width : display_width(line, line.size());
    Line carets;
    for (size_t at = 0; at < width; ++at) {
      Place here{number, at};
      if (at < indent || (number == 0 && at < first_width)) carets.push_back(' ');
      else if (anchors && here >= Place{anchors->left.line, left_column} &&
               here < Place{anchors->right.line, right_column})
        carets.push_back('^');
      else carets.push_back(anchors ? '~' : '^');
    }
    out.push_back(std::move(carets));
  };
  size_t before = 0;
  bool first = true;
  for (size_t number : shown) {
    if (!first && number - before == 2) emit(number - 1);
    else if (!first && number - before > 2)
      out.push_back(decode(fmt::format("...<{} lines>...", number - before - 1)));
    emit(number);
    before = number;
    first = false;
  }
  dedent(out);
  std::string text;
  for (const Line& line : out) text += fmt::format("    {}\n", encode(line));
  return text;
}

} // namespace aspy
