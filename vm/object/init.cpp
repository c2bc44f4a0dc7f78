// Bringing the types up. Types are static storage, so that references between them need no order; readiness
// does: bases come first. Dicts are filled later (type_ready.cpp).
#include "vm/object/init.hpp"

#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/type/class.hpp"

namespace aspy {

void init_object_types() {
  init_object_type();
  init_type_type();
  init_native_types();
  init_slot_wrapper_types();
  init_descriptor_types();
  init_property_type();
  init_method_types();
  init_super_type();
  init_function_types();
  init_module_type();
  init_mapping_proxy_type();
  init_namespace_type();
  init_generic_types();
  init_weakref_types();
  init_singleton_types();
  init_iterator_types();
}

void init_types() {
  static bool done = false;
  if (done) return;
  done = true;
  init_names();
  init_object_types();
  init_number_types();
  init_text_types();
  init_container_types();
  init_exception_types();
  init_code_types();
  init_generator_types();
}

} // namespace aspy
