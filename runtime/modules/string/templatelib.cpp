// string.templatelib: what a t-string evaluates to.
#include "runtime/modules/support/owned_fields.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/module.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {
namespace {

Type template_type, interpolation_type, template_iterator_type;

struct Interpolation : Object {
  Value value, expression, conversion, format_spec; // owned
};
struct Template : Object {
  Value strings;        // tuple of str, one more than interpolations; owned
  Value interpolations; // tuple; owned
};
// Walks the parts of a template in order, without its empty strings.
struct TemplateIterator : Object {
  Value source;  // Template, owned
  size_t at = 0; // even: a string, odd: an interpolation
};

Interpolation* as_interpolation(Value value) { return cast<Interpolation>(value); }
Template* as_template(Value value) { return cast<Template>(value); }

// --- Interpolation ----------------------------------------------------------------------------------------

Ref make_interpolation(Value value, Value expression, Value conversion, Value format_spec) {
  Own<Interpolation> made = new_instance<Interpolation>(&interpolation_type);
  made->value = share(value).release();
  made->expression = share(expression).release();
  made->conversion = share(conversion).release();
  made->format_spec = share(format_spec).release();
  return made;
}

Ref interpolation_construct(Thread& thread, Type*, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "Interpolation", "value, expression='', conversion=None, format_spec=''", args,
                 bound))
    return {};
  Value conversion = bound[2] ? bound[2] : None;
  for (int i : {1, 3}) {
    if (bound[i] && !is_str(bound[i])) {
      return raise_type_error(thread,
                              fmt::format("Interpolation() argument '{}' must be str, not {}",
                                          i == 1 ? "expression" : "format_spec", argument_type(bound[i])));
    }
  }
  if (!conversion.is_none()) {
    if (!is_str(conversion)) {
      return raise_type_error(thread, fmt::format("Interpolation() argument 'conversion' must be str, not {}",
                                                  argument_type(conversion)));
    }
    std::string_view code = cast<Str>(conversion)->view();
    if (code != "s" && code != "a" && code != "r") {
      return raise_value_error(thread,
                               "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'");
    }
  }
  return make_interpolation(bound[0], bound[1] ? bound[1] : names::empty, conversion,
                            bound[3] ? bound[3] : names::empty);
}

Ref interpolation_repr(Thread& thread, Value self) {
  Interpolation* part = as_interpolation(self);
  StrBuilder out;
  out.append("Interpolation(");
  bool first = true;
  for (Value field : {part->value, part->expression, part->conversion, part->format_spec}) {
    if (!first) out.append(", ");
    first = false;
    if (!out.append_repr(thread, field)) return {};
  }
  out.append(')');
  return out.finish();
}

template <class T, Value T::*field> Ref get_field(Thread&, Value self) {
  return share(cast<T>(self)->*field);
}
bool refuse_assignment(Thread& thread, Value, Value) {
  return raise(thread, AttributeError_type, "readonly attribute");
}

const GetSetDef interpolation_getset[] = {
    {"value", get_field<Interpolation, &Interpolation::value>, refuse_assignment},
    {"expression", get_field<Interpolation, &Interpolation::expression>, refuse_assignment},
    {"conversion", get_field<Interpolation, &Interpolation::conversion>, refuse_assignment},
    {"format_spec", get_field<Interpolation, &Interpolation::format_spec>, refuse_assignment},
    {nullptr, nullptr}};
const NativeDef interpolation_methods[] = {
    {"__class_getitem__", "cls, item, /", class_getitem, nullptr, NativeKind::ClassMethod}, {}};

// --- Template ---------------------------------------------------------------------------------------------

Ref make_template(Value strings, Value interpolations) {
  Own<Template> made = new_instance<Template>(&template_type);
  made->strings = share(strings).release();
  made->interpolations = share(interpolations).release();
  return made;
}

// Collects parts in any order into strings and interpolations that alternate.
class TemplateBuilder {
public:
  void add(Str* text) { text_.append(text->view()); }
  void add_interpolation(Value part) {
    list_append(strings_.get(), Ref(make_str(text_)));
    text_.clear();
    list_append(interpolations_.get(), part);
  }
  void add_template(Template* source) {
    Tuple *strings = cast<Tuple>(source->strings), *parts = cast<Tuple>(source->interpolations);
    for (size_t i = 0; i < strings->size; ++i) {
      add(cast<Str>((*strings)[i]));
      if (i < parts->size) add_interpolation((*parts)[i]);
    }
  }
  Ref finish() {
    list_append(strings_.get(), Ref(make_str(text_)));
    Own<Tuple> strings = make_tuple(strings_->view()), parts = make_tuple(interpolations_->view());
    return make_template(strings.value(), parts.value());
  }

private:
  Own<List> strings_ = new_list(), interpolations_ = new_list();
  std::string text_;
};

Ref template_construct(Thread& thread, Type*, CallArgs args) {
  if (args.kwnames && args.kwnames->size) {
    return raise_type_error(thread, "Template.__new__ only accepts *args arguments");
  }
  TemplateBuilder builder;
  for (uint32_t i = 0; i < args.count; ++i) {
    if (is_str(args[i])) {
      builder.add(cast<Str>(args[i]));
    } else if (is_exact(args[i], interpolation_type)) {
      builder.add_interpolation(args[i]);
    } else {
      return raise_type_error(
          thread, fmt::format("Template.__new__ *args need to be of type 'str' or 'Interpolation', got {}",
                              type_name(args[i])));
    }
  }
  return builder.finish();
}

Ref template_repr(Thread& thread, Value self) {
  StrBuilder out;
  out.append("Template(strings=");
  if (!out.append_repr(thread, as_template(self)->strings)) return {};
  out.append(", interpolations=");
  if (!out.append_repr(thread, as_template(self)->interpolations)) return {};
  out.append(')');
  return out.finish();
}

Ref template_concat(Thread& thread, Value a, Value b) {
  if (!is_exact(b, template_type)) {
    return raise_type_error(thread,
                            fmt::format("can only concatenate string.templatelib.Template (not \"{}\") to "
                                        "string.templatelib.Template",
                                        type_name(b)));
  }
  TemplateBuilder builder;
  builder.add_template(as_template(a));
  builder.add_template(as_template(b));
  return builder.finish();
}

Ref template_iter(Thread&, Value self) {
  Own<TemplateIterator> made = new_instance<TemplateIterator>(&template_iterator_type);
  made->source = share(self).release();
  return made;
}

Ref iterator_next(Thread&, Value self) {
  TemplateIterator* iterator = cast<TemplateIterator>(self);
  Tuple* strings = cast<Tuple>(as_template(iterator->source)->strings);
  Tuple* parts = cast<Tuple>(as_template(iterator->source)->interpolations);
  while (iterator->at < strings->size + parts->size) {
    size_t index = iterator->at / 2;
    if (iterator->at++ % 2) return share((*parts)[index]);
    if (cast<Str>((*strings)[index])->size) return share((*strings)[index]);
  }
  return {};
}

Ref get_values(Thread&, Value self) {
  Tuple* parts = cast<Tuple>(as_template(self)->interpolations);
  Own<Tuple> values = new_tuple(parts->size);
  for (size_t i = 0; i < parts->size; ++i)
    values->items()[i] = share(as_interpolation((*parts)[i])->value).release();
  return values;
}

Ref template_reduce(Thread& thread, const Value* args) {
  Own<List> parts = list_from_iterable(thread, args[0]);
  if (!parts) return {};
  return make_tuple({&template_type, make_tuple(parts->view()).value()});
}

const GetSetDef template_getset[] = {
    {"strings", get_field<Template, &Template::strings>, refuse_assignment},
    {"interpolations", get_field<Template, &Template::interpolations>, refuse_assignment},
    {"values", get_values},
    {nullptr, nullptr}};
const NativeDef template_methods[] = {{"__reduce__", "self, /", template_reduce}, {}};

// --- the module ----------------------------------------------------------------------------------

// What the compiler's code calls.
Ref intrinsic_template(Thread&, const Value* args) { return make_template(args[0], args[1]); }
Ref intrinsic_interpolation(Thread&, const Value* args) {
  return make_interpolation(args[0], args[1], args[2], args[3]);
}

Ref convert(Thread& thread, const Value* args) {
  if (args[1].is_none()) return share(args[0]);
  std::string_view code = is_str(args[1]) ? cast<Str>(args[1])->view() : std::string_view();
  if (code == "s") return str(thread, args[0]);
  if (code == "r") return repr(thread, args[0]);
  if (code == "a") return ascii_repr(thread, args[0]);
  Ref shown = repr(thread, args[1]);
  if (!shown) return {};
  return raise_value_error(thread, fmt::format("invalid conversion specifier: {}", cast<Str>(shown)->view()));
}

const NativeDef functions[] = {
    {"convert", "obj, /, conversion", convert, "Convert obj using formatted string literal semantics."},
    {"_intrinsic_template", "strings, interpolations, /", intrinsic_template},
    {"_intrinsic_interpolation", "value, expression, conversion, format_spec, /", intrinsic_interpolation},
    {},
};

void init_types() {
  static const TypeSpec interpolation_spec = {"string.templatelib.Interpolation",
                                              nullptr,
                                              sizeof(Interpolation),
                                              TypeTracked | TypeFinal,
                                              0,
                                              interpolation_methods,
                                              interpolation_getset};
  OwnedFields<Interpolation, &Interpolation::value, &Interpolation::expression, &Interpolation::conversion,
              &Interpolation::format_spec>::fill(interpolation_type.slots);
  interpolation_type.slots.construct = interpolation_construct;
  interpolation_type.slots.repr = interpolation_repr;
  make_ready(interpolation_type, interpolation_spec);

  static const TypeSpec template_spec = {"string.templatelib.Template",
                                         nullptr,
                                         sizeof(Template),
                                         TypeTracked | TypeFinal,
                                         0,
                                         template_methods,
                                         template_getset};
  OwnedFields<Template, &Template::strings, &Template::interpolations>::fill(template_type.slots);
  template_type.slots.construct = template_construct;
  template_type.slots.repr = template_repr;
  template_type.slots.concat = template_concat;
  template_type.slots.iter = template_iter;
  make_ready(template_type, template_spec);

  static const TypeSpec iterator_spec = {"string.templatelib.TemplateIter", nullptr, sizeof(TemplateIterator),
                                         TypeTracked | TypeNoConstruct};
  OwnedFields<TemplateIterator, &TemplateIterator::source>::fill_iterator(template_iterator_type.slots,
                                                                          iterator_next);
  make_ready(template_iterator_type, iterator_spec);
}

bool init_module(Thread& thread, Module* module) {
  init_types();
  Own<Tuple> match_args =
      make_tuple({intern("value"), intern("expression"), intern("conversion"), intern("format_spec")});
  if (!type_set_attr(thread, &interpolation_type, names::dunder_match_args, match_args.value(), false))
    return false;
  module_set(module, "Template", &template_type);
  module_set(module, "Interpolation", &interpolation_type);
  return true;
}

} // namespace

extern const ModuleSpec templatelib_module = {"string.templatelib", functions, init_module,
                                              "Support for template string literals."};

} // namespace aspy
