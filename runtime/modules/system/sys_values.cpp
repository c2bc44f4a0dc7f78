// Constants and structures of the sys module.
#include "runtime/importing/importing.hpp"
#include "runtime/importing/registry.hpp"
#include "runtime/process/sys_state.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/struct_sequence.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cfloat>
#include <cmath>

namespace aspy {
namespace {

// aspy gives the semantics of this version of the language.
constexpr int64_t version_major = 3, version_minor = 14, version_micro = 0;

Type version_info_type, float_info_type, int_info_type, hash_info_type, flags_type, thread_info_type,
    asyncgen_hooks_type;

Value number(int64_t value) { return Value::from_int(value); }
Value real(double value) { return Value::from_double(value); }

Ref make_version() {
  static const char* const fields[] = {"major", "minor", "micro", "releaselevel", "serial"};
  init_struct_sequence(version_info_type,
                       {.name = "sys.version_info", .fields = fields, .constructible = false});
  return make_struct_sequence(version_info_type, {number(version_major), number(version_minor),
                                                  number(version_micro), intern("final"), number(0)});
}

Ref make_float_info() {
  static const char* const fields[] = {"max", "max_exp",  "max_10_exp", "min",   "min_exp", "min_10_exp",
                                       "dig", "mant_dig", "epsilon",    "radix", "rounds"};
  init_struct_sequence(float_info_type, {.name = "sys.float_info", .fields = fields});
  return make_struct_sequence(float_info_type,
                              {real(DBL_MAX), number(DBL_MAX_EXP), number(DBL_MAX_10_EXP), real(DBL_MIN),
                               number(DBL_MIN_EXP), number(DBL_MIN_10_EXP), number(DBL_DIG),
                               number(DBL_MANT_DIG), real(DBL_EPSILON), number(FLT_RADIX), number(1)});
}

Ref make_int_info() {
  static const char* const fields[] = {"bits_per_digit", "sizeof_digit", "default_max_str_digits",
                                       "str_digits_check_threshold"};
  init_struct_sequence(int_info_type, {.name = "sys.int_info", .fields = fields});
  return make_struct_sequence(int_info_type, {number(30), number(4), number(4300), number(640)});
}

Ref make_hash_info() {
  static const char* const fields[] = {"width",     "modulus",   "inf",       "nan",   "imag",
                                       "algorithm", "hash_bits", "seed_bits", "cutoff"};
  init_struct_sequence(hash_info_type, {.name = "sys.hash_info", .fields = fields});
  Ref modulus = make_int((int64_t{1} << 61) - 1);
  return make_struct_sequence(hash_info_type,
                              {number(64), modulus, number(314159), number(0), number(1000003),
                               intern("siphash13"), number(64), number(128), number(0)});
}

Ref make_flags() {
  static const char* const fields[] = {"debug",
                                       "inspect",
                                       "interactive",
                                       "optimize",
                                       "dont_write_bytecode",
                                       "no_user_site",
                                       "no_site",
                                       "ignore_environment",
                                       "verbose",
                                       "bytes_warning",
                                       "quiet",
                                       "hash_randomization",
                                       "isolated",
                                       "dev_mode",
                                       "utf8_mode",
                                       "warn_default_encoding",
                                       "safe_path",
                                       "int_max_str_digits"};
  init_struct_sequence(flags_type, {.name = "sys.flags", .fields = fields, .constructible = false});
  Value zero = number(0), interactive = number(sys_state.interactive),
        ignore_environment = number(sys_state.ignore_environment);
  return make_struct_sequence(flags_type,
                              {zero, zero, interactive, zero, number(1), zero, zero, ignore_environment, zero,
                               zero, zero, number(1), zero, Value::from_bool(sys_state.dev_mode), number(1),
                               zero, False, number(4300)});
}

Ref make_thread_info() {
  static const char* const fields[] = {"name", "lock", "version"};
  init_struct_sequence(thread_info_type, {.name = "sys.thread_info", .fields = fields});
  return make_struct_sequence(thread_info_type, {intern("pthread"), intern("semaphore"), None});
}

Ref str_list(const std::vector<std::string>& texts) {
  Own<List> list = new_list(texts.size());
  for (const std::string& text : texts) list_append(list.get(), Ref(make_str(text)));
  return list;
}

void set(Module* module, std::string_view name, Ref value) { module_set(module, name, value); }

} // namespace

Ref make_asyncgen_hooks(Thread& thread) {
  static const char* const fields[] = {"firstiter", "finalizer"};
  init_struct_sequence(asyncgen_hooks_type, {.name = "asyncgen_hooks", .fields = fields});
  Value first = thread.asyncgen_firstiter, last = thread.asyncgen_finalizer;
  return make_struct_sequence(asyncgen_hooks_type, {first ? first : None, last ? last : None});
}

static Ref make_namespace(Dict* attributes) {
  Ref made = Ref::steal(allocate_instance(&simple_namespace_type));
  uint32_t at = 0;
  Value key, value;
  while (dict_next(attributes, at, key, value)) attrs_set(made.get().as_object(), cast<Str>(key), value);
  return made;
}

bool add_sys_values(Thread& thread, Module* module) {
  Ref version = make_version();
  Ref hex = make_int(version_major << 24 | version_minor << 16 | version_micro << 8 | 0xF0);
  Own<Dict> implementation = new_dict();
  dict_set(implementation.get(), intern("name"), intern("aspy"));
  dict_set(implementation.get(), intern("cache_tag"), None);
  dict_set(implementation.get(), intern("version"), version);
  dict_set(implementation.get(), intern("hexversion"), hex);
  Ref implementation_object = make_namespace(implementation.get());
  set(module, "implementation", implementation_object);
  set(module, "version_info", version);
  set(module, "hexversion", hex);
  set(module, "version", make_str("3.14.0 (aspy " ASPY_VERSION ") [GCC " __VERSION__ "]"));
  set(module, "api_version", share(number(1013)));
  set(module, "copyright", make_str("aspy: asyncio programs in Python's syntax."));
  set(module, "float_info", make_float_info());
  set(module, "float_repr_style", make_str("short"));
  set(module, "int_info", make_int_info());
  set(module, "hash_info", make_hash_info());
  set(module, "flags", make_flags());
  set(module, "thread_info", make_thread_info());
  set(module, "maxsize", make_int(INT64_MAX));
  set(module, "maxunicode", share(number(0x10FFFF)));
  set(module, "byteorder", make_str("little"));
  set(module, "platform", make_str("linux"));
  set(module, "abiflags", share(names::empty));
  set(module, "platlibdir", make_str("lib"));
  for (const char* name : {"prefix", "exec_prefix", "base_prefix", "base_exec_prefix"})
    set(module, name, make_str("/usr"));
  set(module, "pycache_prefix", share(None));
  set(module, "dont_write_bytecode", share(True));
  set(module, "executable", make_str(sys_state.executable));
  set(module, "_base_executable", make_str(sys_state.executable));
  set(module, "argv", str_list(sys_state.argv));
  set(module, "orig_argv", str_list(sys_state.argv));
  set(module, "path", str_list(sys_state.path));
  set(module, "warnoptions", str_list(sys_state.warning_options));
  Own<Dict> x_options = new_dict();
  for (std::string_view option : sys_state.implementation_options) {
    size_t equals = option.find('=');
    Ref value = equals == option.npos ? share(True) : Ref(make_str(option.substr(equals + 1)));
    dict_set(x_options.get(), intern(option.substr(0, equals)), value);
  }
  set(module, "_xoptions", std::move(x_options));
  set(module, "modules", share(loaded_modules()));
  set(module, "meta_path", new_list());
  set(module, "path_hooks", new_list());
  set(module, "path_importer_cache", new_dict());
  if (sys_state.interactive) {
    set(module, "ps1", make_str(">>> "));
    set(module, "ps2", make_str("... "));
  }
  Own<Set> all_names = new_set(true);
  Own<List> builtin_names = new_list();
  for (std::string_view name : library_module_names()) {
    Str* text = intern(name);
    if (!set_add(thread, all_names.get(), text)) return false;
    if (find_native_module(name)) list_append(builtin_names.get(), Value(text));
  }
  set(module, "stdlib_module_names", std::move(all_names));
  set(module, "builtin_module_names", tuple_from_iterable(thread, builtin_names.value()));
  return true;
}

} // namespace aspy
