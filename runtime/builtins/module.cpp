// The builtins module put together: functions, types, exceptions, constants.
#include "vm/object/module.hpp"
#include "runtime/builtins/builtins.hpp"
#include "runtime/importing/registry.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

namespace aspy {
namespace {

void add_functions(Thread& thread, Module* module, const NativeDef* table) {
  Str* name = intern("builtins");
  for (; table->name; ++table) {
    Ref function = make_native_function(thread, *table, name);
    module_set(module, table->name, function);
  }
}

bool init_builtins(Thread& thread, Module* module) {
  init_iterator_builtins();
  for (const NativeDef* table : {output_builtins, number_builtins, object_builtins, iteration_builtins,
                                 evaluation_builtins, class_builtins})
    add_functions(thread, module, table);
  for (Type* type : {&bool_type,  &bytearray_type, &bytes_type,  &classmethod_type, &complex_type,
                     &dict_type,  &enumerate_type, &filter_type, &float_type,       &frozenset_type,
                     &int_type,   &list_type,      &map_type,    &object_type,      &property_type,
                     &range_type, &reversed_type,  &set_type,    &slice_type,       &staticmethod_type,
                     &str_type,   &super_type,     &tuple_type,  &type_type,        &zip_type})
    module_set(module, type->name->view(), type);
#define ASPY_EXCEPTION(id, base) module_set(module, #id, &id##_type);
#include "vm/object/error/exceptions.def"
#undef ASPY_EXCEPTION
  module_set(module, "EnvironmentError", &OSError_type);
  module_set(module, "IOError", &OSError_type);
  module_set(module, "None", None);
  module_set(module, "True", True);
  module_set(module, "False", False);
  module_set(module, "Ellipsis", Ellipsis);
  module_set(module, "NotImplemented", NotImplemented);
  module_set(module, "__debug__", True);
  return add_site_builtins(thread, module);
}

} // namespace

const ModuleSpec builtins_module = {"builtins", nullptr, init_builtins,
                                    "Built-in functions, types, exceptions, and other objects."};

} // namespace aspy
