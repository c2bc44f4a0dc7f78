#include <fmt/format.h>

#include <string>

#include "parser/build/actions.hpp"

namespace aspy {

using namespace ast;
namespace g = grammar;
using grammar::T;

namespace {

struct Prefix {
  bool raw = false, bytes = false, unicode = false;
  std::size_t length = 0;
};

Prefix prefix_of(std::string_view token) {
  Prefix prefix;
  for (; token[prefix.length] != '"' && token[prefix.length] != '\''; ++prefix.length) {
    switch (token[prefix.length] | 32) {
    case 'r': prefix.raw = true; break;
    case 'b': prefix.bytes = true; break;
    case 'u': prefix.unicode = true; break;
    default: break;
    }
  }
  return prefix;
}

/// The text between a literal's quotes.
std::string_view inside_quotes(std::string_view token, std::size_t prefix) {
  token.remove_prefix(prefix);
  const std::size_t quotes = token.size() >= 6 && token[1] == token[0] && token[2] == token[0] ? 3 : 1;
  return token.substr(quotes, token.size() - 2 * quotes);
}

/// Whether the f-string that holds a text token was written with an `r`.
bool in_raw_string(Builder& b, std::uint32_t token) {
  int depth = 0;
  for (std::uint32_t i = token; i-- > 0;) {
    Token kind = b.kind(i);
    if (kind == T::FStringEnd || kind == T::TStringEnd) ++depth;
    if ((kind == T::FStringStart || kind == T::TStringStart) && depth-- == 0) return prefix_of(b.text(i)).raw;
  }
  return false;
}

Constant* make_text(Builder& b, Position pos, std::string_view text) {
  auto* node = b.make<Constant>(pos);
  node->type = ConstantKind::Str;
  node->text = b.tree.arena.copy(text);
  return node;
}

/// Collects the parts of an f-string: neighbouring texts become one.
struct PartsCollector {
  Builder& b;
  std::vector<Expr*> parts;
  std::string text;
  bool has_text = false;
  Position text_pos{};

  void add_text(std::string_view more, Position pos) {
    if (!has_text) {
      text_pos = pos;
      has_text = true;
    }
    text_pos.end_line = pos.end_line;
    text_pos.end_col = pos.end_col;
    text += more;
  }
  void flush() {
    if (has_text && !text.empty()) parts.push_back(make_text(b, text_pos, text));
    text.clear();
    has_text = false;
  }
  void add(Expr* part) {
    if (auto* constant = try_as<Constant>(part)) return add_text(constant->text, part->pos);
    flush();
    parts.push_back(part);
  }
};

bool build_text(const Matched& f, bool fold_braces) {
  std::string_view raw = f.b.text(f.first);
  // Text without backslashes and braces stands in the tree as it stands in the source.
  if (raw.find_first_of(fold_braces ? "\\{}" : "\\") == std::string_view::npos) {
    auto* node = f.b.make<Constant>(f.pos());
    node->type = ConstantKind::Str;
    node->text = raw;
    return f.reduce(node);
  }
  bool is_raw = raw.find('\\') == std::string_view::npos || in_raw_string(f.b, f.first);
  return f.reduce(make_text(f.b, f.pos(), decode_text(f.b, raw, f.first, is_raw, false, fold_braces)));
}

bool build_parts(const Matched& f, Kind kind) {
  PartsCollector collector{f.b, {}, {}};
  for (std::size_t i = 0; i < f.size(); ++i) collector.add(f.expr(i));
  collector.flush();
  if (kind == Kind::TemplateStr) {
    auto* node = f.b.make<TemplateStr>(f.pos());
    node->values = f.b.list(collector.parts);
    return f.reduce(node);
  }
  auto* node = f.b.make<JoinedStr>(f.pos());
  node->values = f.b.list(collector.parts);
  return f.reduce(node);
}

/// The source from the field's "{" to the start of token `next`, comments taken out. Before a colon, the last
/// "!" ends it, even if it begins a "!=" (outside of brackets): it would be that of a conversion.
std::string source_text(Builder& b, std::uint32_t open, std::uint32_t next, bool before_colon) {
  std::string_view source = b.tree.source;
  std::string text;
  std::uint32_t at = b.extent(open).end;
  int depth = 0;
  std::size_t mark = std::string::npos;
  for (std::uint32_t token = open + 1; token <= next; ++token) {
    // Between tokens there is only space, line ends and comments.
    const Extent& e = b.extent(token);
    bool comment = false;
    for (; at < e.start; ++at) {
      if (source[at] == '#') comment = true;
      if (source[at] == '\n') comment = false;
      if (!comment) text += source[at];
    }
    switch (b.kind(token)) {
    case T::LeftParen:
    case T::LeftBracket:
    case T::LeftBrace:
    case T::FStringStart:
    case T::TStringStart: ++depth; break;
    case T::RightParen:
    case T::RightBracket:
    case T::RightBrace:
    case T::FStringEnd:
    case T::TStringEnd: --depth; break;
    case T::NotEqual:
      if (depth == 0) mark = text.size();
      break;
    default: break;
    }
    if (token != next) {
      text += source.substr(e.start, e.end - e.start);
      at = e.end;
    }
  }
  if (before_colon && mark != std::string::npos) text.resize(mark);
  return text;
}

/// `{value [=] [!conversion] [:spec]}`; items: value, "=", conversion, spec.
bool build_field(const Matched& f, bool is_template) {
  auto& b = f.b;
  const Item value = f[0], equal = f[1], conversion = f[2], spec = f[3];
  char converted = 0;
  if (conversion.node != nullptr) converted = as<parts::Word>(conversion.node)->text[0];
  // `{x=}` shows the repr unless it says otherwise.
  if (!equal.is_absent() && conversion.node == nullptr && spec.node == nullptr) converted = 'r';

  const bool before_colon = spec.node != nullptr && conversion.node == nullptr;
  Constant* text = nullptr;
  if (!equal.is_absent()) {
    auto shown = source_text(b, f.first, equal.last, before_colon);
    // The text begins right after the brace.
    Position pos = b.pos(f.first, equal.last);
    pos.col += 1;
    text = make_text(b, pos, shown);
  }
  Expr* result = nullptr;
  if (is_template) {
    auto* node = b.make<Interpolation>(f.pos());
    node->value = static_cast<Expr*>(value.node);
    node->conversion = converted;
    node->format_spec = static_cast<Expr*>(spec.node);
    // With the blanks before it, but none behind.
    std::string source = source_text(b, f.first, value.last, before_colon);
    node->str =
        b.tree.arena.copy(std::string_view(source).substr(0, source.find_last_not_of(" \t\n\f\r") + 1));
    result = node;
  } else {
    auto* node = b.make<FormattedValue>(f.pos());
    node->value = static_cast<Expr*>(value.node);
    node->conversion = converted;
    node->format_spec = static_cast<Expr*>(spec.node);
    result = node;
  }
  b.cut(f.mark);
  if (text != nullptr) b.stack.push_back({text, f.first, equal.last});
  b.stack.push_back({result, f.first, f.last});
  return true;
}

} // namespace

bool action<g::debug_equal>::build(const Matched& f) { return f.keep_tokens(); }

bool action<g::conversion>::build(const Matched& f) {
  auto& b = f.b;
  auto name = b.text(f.first + 1);
  const bool touches = b.extent(f.first).end == b.extent(f.first + 1).start;
  const bool known = name == "s" || name == "r" || name == "a";
  if (!touches || !known) {
    if (!b.diagnosing()) return false;
    const char* string = "f-string";
    int depth = 0;
    for (std::uint32_t i = f.first; i-- > 0;) {
      Token kind = b.kind(i);
      if (kind == T::FStringEnd || kind == T::TStringEnd) ++depth;
      if ((kind == T::FStringStart || kind == T::TStringStart) && depth-- == 0) {
        if (kind == T::TStringStart) string = "t-string";
        break;
      }
    }
    if (!touches) {
      b.raise_at(f.pos(),
                 fmt::format("{}: conversion type must come right after the exclamation mark", string));
    }
    b.raise_at(b.pos(f.first + 1, f.first + 2),
               fmt::format("{}: invalid conversion character '{}': expected 's', 'r', or 'a'", string, name));
  }
  auto* word = b.make<parts::Word>(f.pos());
  word->text = name;
  return f.reduce(word);
}

bool action<g::text>::build(const Matched& f) { return build_text(f, true); }
bool action<g::spec_text>::build(const Matched& f) { return build_text(f, false); }
bool action<g::template_text>::build(const Matched& f) { return build_text(f, true); }
bool action<g::template_spec_text>::build(const Matched& f) { return build_text(f, false); }
bool action<g::format_spec>::build(const Matched& f) { return build_parts(f, Kind::JoinedStr); }
bool action<g::template_format_spec>::build(const Matched& f) { return build_parts(f, Kind::JoinedStr); }
bool action<g::replacement_field>::build(const Matched& f) { return build_field(f, false); }
// A field inside a t-string's format spec is an ordinary one: the spec is a JoinedStr.
bool action<g::template_field>::build(const Matched& f) { return build_field(f, false); }
bool action<g::interpolation>::build(const Matched& f) { return build_field(f, true); }
bool action<g::fstring>::build(const Matched& f) { return build_parts(f, Kind::JoinedStr); }
bool action<g::tstring>::build(const Matched& f) { return build_parts(f, Kind::TemplateStr); }

bool action<g::string>::build(const Matched& f) {
  auto& b = f.b;
  std::string_view token = b.text(f.first);
  const Prefix prefix = prefix_of(token);
  std::string_view raw = inside_quotes(token, prefix.length);
  auto* node = b.make<Constant>(f.pos());
  node->type = prefix.bytes ? ConstantKind::Bytes : ConstantKind::Str;
  node->unicode_prefix = prefix.unicode;
  if (prefix.bytes) {
    for (unsigned char c : raw) {
      if (c >= 0x80) {
        b.raise_at(f.pos(), "bytes can only contain ASCII literal characters");
      }
    }
  }
  if (prefix.raw || raw.find('\\') == std::string_view::npos) {
    node->text = raw;
  } else {
    node->text = b.tree.arena.copy(decode_text(b, raw, f.first, false, prefix.bytes, false));
  }
  return f.reduce(node);
}

bool action<g::strings>::build(const Matched& f) {
  if (f.size() == 1) {
    f[0].first = f.first;
    f[0].last = f.last;
    return true;
  }
  auto& b = f.b;
  bool bytes = false, text = false, fstring = false, tstring = false;
  for (std::size_t i = 0; i < f.size(); ++i) {
    auto* constant = try_as<Constant>(f[i].node);
    if (constant != nullptr && constant->type == ConstantKind::Bytes) {
      bytes = true;
    } else {
      text = true;
      fstring = fstring || f[i].node->kind == Kind::JoinedStr;
      tstring = tstring || f[i].node->kind == Kind::TemplateStr;
    }
  }
  if (bytes && text && !tstring) {
    b.raise_here("cannot mix bytes and nonbytes literals");
  }
  if (tstring) {
    for (std::size_t i = 0; i < f.size(); ++i) {
      if (f[i].node->kind == Kind::TemplateStr) continue;
      b.raise_at(f.pos(), "cannot mix t-string literals with string or bytes literals");
    }
  }
  if (!fstring && !tstring) {
    std::string joined;
    for (std::size_t i = 0; i < f.size(); ++i) joined += as<Constant>(f[i].node)->text;
    auto* first = as<Constant>(f[0].node);
    auto* node = make_text(b, f.pos(), joined);
    node->type = first->type;
    node->unicode_prefix = first->unicode_prefix;
    return f.reduce(node);
  }
  PartsCollector collector{b, {}, {}};
  for (std::size_t i = 0; i < f.size(); ++i) {
    auto* part = f.expr(i);
    if (auto* joined = try_as<JoinedStr>(part)) {
      for (auto* value : joined->values) collector.add(value);
    } else if (auto* joined_template = try_as<TemplateStr>(part)) {
      for (auto* value : joined_template->values) collector.add(value);
    } else {
      collector.add(part);
    }
  }
  collector.flush();
  if (tstring) {
    auto* node = b.make<TemplateStr>(f.pos());
    node->values = b.list(collector.parts);
    return f.reduce(node);
  }
  auto* node = b.make<JoinedStr>(f.pos());
  node->values = b.list(collector.parts);
  return f.reduce(node);
}

} // namespace aspy
