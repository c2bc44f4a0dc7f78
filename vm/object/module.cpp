// Modules: namespaces with a name. An attribute that is missing is asked of the module's own __getattr__.
#include "vm/object/module.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cstddef>
#include <fmt/format.h>

namespace aspy {

std::string (*module_hides_another)(std::string_view, std::string_view, bool);
Type module_type;

namespace {

Module* module_of(Value value) { return cast<Module>(value); }

// A module's field as text, empty when it is none.
std::string_view text_field(Module* module, Str* name) {
  Value value = dict_get(module->dict, name);
  return value && is_str(value) ? cast<Str>(value)->view() : std::string_view();
}

// While a module's body still runs, what it misses may only be not there yet.
bool is_initializing(Thread& thread, Module* module) {
  Value spec = dict_get(module->dict, names::dunder_spec);
  if (!spec || spec.is_none()) return false;
  Ref flag = find_attr(thread, spec, intern("_initializing"));
  clear_error(thread);
  if (!flag) return false;
  int truth = truthy(thread, flag);
  clear_error(thread);
  return truth > 0;
}

Ref module_get_attr(Thread& thread, Value self, Str* name) {
  Ref value = find_generic_attr(thread, self, name);
  if (value || thread.has_error()) return value;
  auto* module = module_of(self);
  if (Value hook = dict_get(module->dict, names::dunder_getattr)) {
    Ref keep = share(hook);
    return call(thread, keep, {Value(name)});
  }
  std::string_view module_name = text_field(module, names::dunder_name);
  if (module_name.empty() && !dict_get(module->dict, names::dunder_name))
    return raise_attribute_error(thread, self, name,
                                 fmt::format("module has no attribute '{}'", name->view()));
  bool initializing = is_initializing(thread, module);
  std::string_view file = text_field(module, names::dunder_file);
  std::string hint = module_hides_another ? module_hides_another(module_name, file, initializing) : "";
  if (initializing && hint.empty()) {
    std::string from = file.empty() ? std::string() : fmt::format(" from '{}'", file);
    return raise_attribute_error(thread, self, name,
                                 fmt::format("partially initialized module '{}'{} has no attribute '{}' "
                                             "(most likely due to a circular import)",
                                             module_name, from, name->view()));
  }
  return raise_attribute_error(
      thread, self, name,
      fmt::format("module '{}' has no attribute '{}'{}", module_name, name->view(), hint));
}

Ref module_repr(Thread&, Value self) {
  auto* module = module_of(self);
  std::string_view name = text_field(module, names::dunder_name);
  std::string_view file = text_field(module, names::dunder_file);
  if (!file.empty()) return make_str(fmt::format("<module {} from {}>", quote(name), quote(file)));
  Value loader = dict_get(module->dict, names::dunder_loader);
  Value spec = dict_get(module->dict, names::dunder_spec);
  // Made by hand with types.ModuleType: nobody loaded it.
  if (module->has_flag(Object::flag3) && (!loader || loader.is_none()) && (!spec || spec.is_none()))
    return make_str(fmt::format("<module {}>", quote(name)));
  return make_str(fmt::format("<module {} (built-in)>", quote(name)));
}

Ref module_construct(Thread&, Type* type, CallArgs) {
  auto* module = static_cast<Module*>(allocate_instance(type));
  module->no_shape = nullptr; // a subclass's instance begins with a shape
  module->dict = new_dict().release();
  module->set_flag(Object::flag3);
  return Ref::steal(module);
}

bool module_init(Thread& thread, Value self, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "module", "name, doc=None", args, bound)) return false;
  if (!is_str(bound[0]))
    return raise_type_error(
        thread, fmt::format("module() argument 'name' must be str, not {}", argument_type(bound[0])));
  Dict* dict = module_of(self)->dict;
  dict_set(dict, names::dunder_name, bound[0]);
  dict_set(dict, names::dunder_doc, bound[1] ? bound[1] : None);
  dict_set(dict, names::dunder_package, None);
  dict_set(dict, names::dunder_loader, None);
  dict_set(dict, names::dunder_spec, None);
  return true;
}

void module_traverse(Object* self, Visitor& visit) { visit(static_cast<Module*>(self)->dict); }
void module_clear(Object* self) {
  // Functions of the module may still run: the dict is emptied, never taken away.
  dict_clear(static_cast<Module*>(self)->dict);
}
void module_dealloc(Object* self) {
  clear_field(static_cast<Module*>(self)->dict);
  free_object(self);
}

Ref module_dir(Thread& thread, const Value* args) {
  auto* module = module_of(args[0]);
  if (Value hook = dict_get(module->dict, names::dunder_dir)) {
    Ref keep = share(hook);
    return call(thread, keep);
  }
  Own<List> keys = new_list(module->dict->used);
  Value key, value;
  for (uint32_t at = 0; dict_next(module->dict, at, key, value);) list_append(keys.get(), key);
  return keys;
}
Ref get_dict(Thread&, Value self) { return share(module_of(self)->dict); }
// A module's annotations: as a function's, from its namespace.
Ref get_annotations(Thread& thread, Value self) {
  Dict* dict = module_of(self)->dict;
  if (Value own = dict_get(dict, names::dunder_annotations)) return share(own);
  Value annotate = dict_get(dict, names::dunder_annotate);
  Ref computed;
  if (annotate && is_callable(annotate)) {
    Ref keep = share(annotate);
    computed = call(thread, keep, {Value::from_int(1)});
    if (!computed) return Ref();
  } else {
    computed = new_dict();
  }
  dict_set(dict, names::dunder_annotations, computed);
  return computed;
}
bool set_annotations(Thread& thread, Value self, Value value) {
  Dict* dict = module_of(self)->dict;
  if (value) dict_set(dict, names::dunder_annotations, value);
  else if (!dict_remove(dict, names::dunder_annotations))
    return raise_attribute_error(thread, self, names::dunder_annotations, "__annotations__");
  return true;
}
Ref get_annotate(Thread&, Value self) {
  Value annotate = dict_get(module_of(self)->dict, names::dunder_annotate);
  return share(annotate ? annotate : None);
}
bool set_annotate(Thread& thread, Value self, Value value) {
  if (!value) return raise_type_error(thread, "cannot delete __annotate__ attribute");
  dict_set(module_of(self)->dict, names::dunder_annotate, value);
  return true;
}

const NativeDef module_methods[] = {
    {"__dir__", "self, /", module_dir, "__dir__() -> list\nspecialized dir() implementation"},
    {nullptr},
};
const GetSetDef module_getset[] = {
    {"__dict__", get_dict, readonly_attribute},
    {"__annotations__", get_annotations, set_annotations},
    {"__annotate__", get_annotate, set_annotate},
    {nullptr, nullptr},
};
const TypeSpec module_spec = {
    .name = "module",
    .instance_size = sizeof(Module),
    .flags = TypeTracked | TypeWeakRefs,
    .attrs_offset = offsetof(Module, no_shape),
    .methods = module_methods,
    .getset = module_getset,
    .doc = "Create a module object.\n\nThe name must be a string; the optional docstring argument "
           "can have any type."};

} // namespace

Own<Module> new_module(Str* name) {
  auto* module = allocate<Module>(module_type);
  module->dict = new_dict().release();
  dict_set(module->dict, names::dunder_name, Value(name));
  dict_set(module->dict, names::dunder_doc, None);
  dict_set(module->dict, names::dunder_package, None);
  dict_set(module->dict, names::dunder_loader, None);
  dict_set(module->dict, names::dunder_spec, None);
  return Own<Module>::steal(module);
}

void module_set(Module* module, std::string_view name, Value value) {
  dict_set(module->dict, intern(name), value);
}

void init_module_type() {
  static_assert(offsetof(Module, dict) == offsetof(Module, no_shape) + sizeof(void*),
                "together they are Attrs");
  Slots& slots = module_type.slots;
  slots.dealloc = module_dealloc;
  slots.traverse = module_traverse;
  slots.clear = module_clear;
  slots.construct = module_construct;
  slots.init = module_init;
  slots.get_attr = module_get_attr;
  slots.repr = module_repr;
  make_ready(module_type, module_spec);
}

} // namespace aspy
