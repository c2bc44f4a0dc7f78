// str.format and str.format_map: replacement fields, their names, and nested specifications.
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str_internal.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {
namespace {

// One field as written: {name!conversion:spec}.
struct Field {
  std::string_view name, spec;
  uint32_t conversion = 0;
  bool nested = false; // the spec has fields of its own
};

// A decimal number without sign; -1: it is not one, -2: too long (ValueError raised).
int64_t field_number(Thread& thread, std::string_view text) {
  if (text.empty()) return -1;
  int64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return -1;
    if (value > (INT64_MAX - 9) / 10) {
      raise_value_error(thread, "Too many decimal digits in format string");
      return -2;
    }
    value = value * 10 + (c - '0');
  }
  return value;
}

class Formatter {
public:
  // Positional arguments, and names from a call (`kwnames`) or a mapping. `positional` false: format_map.
  Formatter(Thread& thread, CallArgs args, Value mapping) : thread_(thread), args_(args), mapping_(mapping) {}

  bool render(std::string_view text, int depth, std::string& out) {
    if (depth < 0) return raise_value_error(thread_, "Max string recursion exceeded");
    size_t at = 0;
    while (at < text.size()) {
      size_t brace = text.find_first_of("{}", at);
      if (brace == std::string_view::npos) {
        out.append(text.substr(at));
        return true;
      }
      out.append(text.substr(at, brace - at));
      at = brace + 1;
      char c = text[brace];
      if (at < text.size() && text[at] == c) { // doubled: the brace itself
        out += c;
        ++at;
        continue;
      }
      if (c == '}') return raise_value_error(thread_, "Single '}' encountered in format string");
      if (at == text.size()) return raise_value_error(thread_, "Single '{' encountered in format string");
      Field field;
      if (!parse_field(text, at, field) || !render_field(field, depth, out)) return false;
    }
    return true;
  }

private:
  // Parses from behind the '{'; leaves `at` behind the matching '}'.
  bool parse_field(std::string_view text, size_t& at, Field& field) {
    size_t start = at;
    bool in_bracket = false;
    char c = '\0';
    for (; at < text.size(); ++at) {
      c = text[at];
      if (c == '[') {
        in_bracket = true;
      } else if (c == ']') {
        in_bracket = false;
      } else if (in_bracket) {
        continue;
      } else if (c == '{') {
        return raise_value_error(thread_, "unexpected '{' in field name");
      } else if (c == '}' || c == ':' || c == '!') {
        break;
      }
    }
    if (at == text.size()) return raise_value_error(thread_, "expected '}' before end of string");
    field.name = text.substr(start, at - start);
    ++at;
    if (c == '}') return true;
    if (c == '!') {
      if (at == text.size()) {
        return raise_value_error(thread_, "end of string while looking for conversion specifier");
      }
      const char* place = text.data() + at;
      field.conversion = next_codepoint(place);
      at = static_cast<size_t>(place - text.data());
      if (at < text.size()) {
        c = text[at++];
        if (c == '}') return true;
        if (c != ':') return raise_value_error(thread_, "expected ':' after conversion specifier");
      }
    }
    start = at;
    for (int open = 1; at < text.size(); ++at) {
      if (text[at] == '{') {
        ++open;
        field.nested = true;
      } else if (text[at] == '}' && --open == 0) {
        field.spec = text.substr(start, at - start);
        ++at;
        return true;
      }
    }
    return raise_value_error(thread_, "unmatched '{' in format spec");
  }

  bool render_field(const Field& field, int depth, std::string& out) {
    Ref value = lookup(field.name);
    if (!value) return false;
    switch (field.conversion) {
    case 0: break;
    case 'r': value = repr(thread_, value); break;
    case 's': value = str(thread_, value); break;
    case 'a': value = ascii_repr(thread_, value); break;
    default: {
      std::string shown = field.conversion > 32 && field.conversion < 127
                              ? std::string(1, static_cast<char>(field.conversion))
                              : fmt::format("\\x{:x}", field.conversion);
      return raise_value_error(thread_, fmt::format("Unknown conversion specifier {}", shown));
    }
    }
    if (!value) return false;
    if (field.spec.empty() && is_exact(value, str_type)) {
      out.append(cast<Str>(value)->view());
      return true;
    }
    std::string expanded;
    if (field.nested && !render(field.spec, depth - 1, expanded)) return false;
    Own<Str> spec = make_str(field.nested ? std::string_view(expanded) : field.spec);
    Ref text = format(thread_, value, spec.get());
    if (!text) return false;
    out.append(cast<Str>(text)->view());
    return true;
  }

  // The value that a field's name stands for: the first part is an argument, the rest attributes and items of
  // it.
  Ref lookup(std::string_view name) {
    size_t at = std::min(name.find_first_of(".["), name.size());
    Ref value = first_part(name.substr(0, at));
    while (value && at < name.size()) {
      char c = name[at++];
      if (c == '.') {
        size_t stop = std::min(name.find_first_of(".[", at), name.size());
        if (stop == at) return raise_value_error(thread_, "Empty attribute in format string");
        value = get_attr(thread_, value, name.substr(at, stop - at));
        at = stop;
      } else if (c == '[') {
        size_t stop = name.find(']', at);
        if (stop == std::string_view::npos) return raise_value_error(thread_, "Missing ']' in format string");
        if (stop == at) return raise_value_error(thread_, "Empty attribute in format string");
        std::string_view key = name.substr(at, stop - at);
        int64_t number = field_number(thread_, key);
        if (number == -2) return {};
        value = get_item(thread_, value, number >= 0 ? make_int(number) : Ref(make_str(key)));
        at = stop + 1;
      } else {
        return raise_value_error(thread_, "Only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  Ref first_part(std::string_view name) {
    int64_t number = field_number(thread_, name);
    if (number == -2) return {};
    if (name.empty() || number >= 0) return positional(name.empty(), number);
    Own<Str> key = make_str(name);
    if (mapping_) return get_item(thread_, mapping_, key.value());
    for (size_t i = 0; args_.kwnames && i < args_.kwnames->size; ++i) {
      if (str_equals(cast<Str>((*args_.kwnames)[i]), key.get()))
        return share(args_[args_.count + static_cast<uint32_t>(i)]);
    }
    return raise_with_args(thread_, KeyError_type, {key.value()});
  }

  Ref positional(bool automatic, int64_t number) {
    if (mapping_) return raise_value_error(thread_, "Format string contains positional fields");
    if (automatic) {
      if (manual_) {
        return raise_value_error(
            thread_, "cannot switch from manual field specification to automatic field numbering");
      }
      number = next_++;
    } else {
      if (next_ > 0) {
        return raise_value_error(
            thread_, "cannot switch from automatic field numbering to manual field specification");
      }
      manual_ = true;
    }
    if (number >= args_.count) {
      return raise(thread_, IndexError_type,
                   fmt::format("Replacement index {} out of range for positional args tuple", number));
    }
    return share(args_[static_cast<uint32_t>(number)]);
  }

  Thread& thread_;
  CallArgs args_;
  Value mapping_;
  int64_t next_ = 0;
  bool manual_ = false;
};

} // namespace

Ref str_method_format(Thread& thread, CallArgs args) {
  Str* self = cast<Str>(args[0]);
  Formatter formatter(thread, CallArgs{args.args + 1, args.count - 1, args.kwnames}, Value());
  std::string out;
  if (!formatter.render(self->view(), 1, out)) return {};
  return make_str(out);
}

Ref str_method_format_map(Thread& thread, const Value* args) {
  Formatter formatter(thread, CallArgs{}, args[1]);
  std::string out;
  if (!formatter.render(cast<Str>(args[0])->view(), 1, out)) return {};
  return make_str(out);
}

} // namespace aspy
