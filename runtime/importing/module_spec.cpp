#include "runtime/importing/module_spec.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

namespace aspy {

Type module_spec_type;

namespace {

struct ModuleSpecObject : Object {
  Attrs attrs;
  Value name, origin, locations; // owned
  bool initializing = true;
  bool library = false;
};

ModuleSpecObject* as_spec(Value value) { return cast<ModuleSpecObject>(value); }

void spec_clear(Object* object) {
  auto* spec = static_cast<ModuleSpecObject*>(object);
  clear_field(spec->name);
  clear_field(spec->origin);
  clear_field(spec->locations);
  attrs_clear(object);
}
void spec_dealloc(Object* object) {
  gc_untrack(object);
  spec_clear(object);
  attrs_destroy(object);
  free_object(object);
}
void spec_traverse(Object* object, Visitor& visitor) {
  auto* spec = static_cast<ModuleSpecObject*>(object);
  visitor(spec->locations);
  attrs_traverse(object, visitor);
}

Ref or_none(Value value) { return share(value ? value : None); }
Ref get_name(Thread&, Value self) { return or_none(as_spec(self)->name); }
Ref get_origin(Thread&, Value self) { return or_none(as_spec(self)->origin); }
Ref get_locations(Thread&, Value self) { return or_none(as_spec(self)->locations); }
Ref get_initializing(Thread&, Value self) { return share(Value::from_bool(as_spec(self)->initializing)); }
Ref get_has_location(Thread&, Value self) {
  return share(
      Value::from_bool(!as_spec(self)->library && as_spec(self)->origin && is_str(as_spec(self)->origin)));
}
Ref get_parent(Thread&, Value self) {
  if (as_spec(self)->locations) return or_none(as_spec(self)->name);
  std::string_view name = cast<Str>(as_spec(self)->name)->view();
  size_t dot = name.rfind('.');
  return make_str(dot == name.npos ? std::string_view() : name.substr(0, dot));
}

Ref spec_repr(Thread& thread, Value self) {
  StrBuilder out;
  out.append("ModuleSpec(name=");
  if (!out.append_repr(thread, as_spec(self)->name)) return {};
  if (Value origin = as_spec(self)->origin; origin && !origin.is_none()) {
    out.append(", origin=");
    if (!out.append_repr(thread, origin)) return {};
  }
  if (Value locations = as_spec(self)->locations) {
    out.append(", submodule_search_locations=");
    if (!out.append_repr(thread, locations)) return {};
  }
  out.append(')');
  return out.finish();
}

const GetSetDef spec_getset[] = {
    {"name", get_name},
    {"origin", get_origin},
    {"submodule_search_locations", get_locations},
    {"parent", get_parent},
    {"has_location", get_has_location},
    {"_initializing", get_initializing},
    {nullptr, nullptr},
};

} // namespace

void init_module_spec_type() {
  if (module_spec_type.flags & TypeReady) return;
  static const TypeSpec spec = {.name = "importlib.machinery.ModuleSpec",
                                .instance_size = sizeof(ModuleSpecObject),
                                .flags = TypeTracked | TypeNoConstruct,
                                .attrs_offset = sizeof(Object),
                                .getset = spec_getset};
  module_spec_type.slots.dealloc = spec_dealloc;
  module_spec_type.slots.traverse = spec_traverse;
  module_spec_type.slots.clear = spec_clear;
  module_spec_type.slots.repr = spec_repr;
  make_ready(module_spec_type, spec);
}

Ref make_module_spec(Thread&, Str* name, Value origin, Value search_locations, std::string_view loader) {
  auto* spec = static_cast<ModuleSpecObject*>(allocate_instance(&module_spec_type));
  spec->name = share(name).release();
  spec->origin = share(origin).release();
  if (search_locations) spec->locations = share(search_locations).release();
  spec->initializing = true;
  spec->library = loader == "BuiltinImporter" || loader == "FrozenImporter";
  return Ref::steal(spec);
}

void finish_module_spec(Value spec) {
  if (is_exact(spec, module_spec_type)) as_spec(spec)->initializing = false;
}
bool is_initializing(Value spec) { return is_exact(spec, module_spec_type) && as_spec(spec)->initializing; }
bool is_library_spec(Value spec) { return is_exact(spec, module_spec_type) && as_spec(spec)->library; }

} // namespace aspy
