// The module datetime. Its types are in datetime_*.cpp.
#include "runtime/modules/datetime/datetime_internal.hpp"
#include "vm/object/module.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

#include <iterator>

namespace aspy {
namespace {

bool init_module(Thread& thread, Module* module) {
  dt::init_delta_type(thread);
  dt::init_zone_types(thread);
  dt::init_date_type(thread);
  dt::init_time_type(thread);
  dt::init_datetime_type(thread);
  module_set(module, "timedelta", &dt::timedelta_type);
  module_set(module, "tzinfo", &dt::tzinfo_type);
  module_set(module, "timezone", &dt::timezone_type);
  module_set(module, "date", &dt::date_type);
  module_set(module, "time", &dt::time_type);
  module_set(module, "datetime", &dt::datetime_type);
  module_set(module, "UTC", dt::utc());
  static const char* const names[] = {"date",   "datetime", "time",    "timedelta", "timezone",
                                      "tzinfo", "MINYEAR",  "MAXYEAR", "UTC"};
  Own<Tuple> all = new_tuple(std::size(names));
  for (size_t i = 0; i < std::size(names); ++i) all->items()[i] = share(Value(intern(names[i]))).release();
  module_set(module, "__all__", all.value());
  module_set(module, "MINYEAR", Value::from_int(1));
  module_set(module, "MAXYEAR", Value::from_int(9999));
  return !thread.has_error();
}

} // namespace

extern const ModuleSpec datetime_module = {"datetime", nullptr, init_module,
                                           "Concrete date/time and related types."};

} // namespace aspy
