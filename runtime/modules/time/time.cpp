// The module time. All clocks and sleeps go through the process's clock, so virtual time is seen here too.
#include "runtime/loop/clock.hpp"
#include "runtime/modules/time/time_format.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/struct_sequence.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cerrno>
#include <cmath>
#include <ctime>
#include <fmt/format.h>

namespace aspy {
namespace {

Type struct_time_type;
const char* const struct_time_fields[] = {"tm_year", "tm_mon",  "tm_mday",  "tm_hour", "tm_min",   "tm_sec",
                                          "tm_wday", "tm_yday", "tm_isdst", "tm_zone", "tm_gmtoff"};
constexpr size_t struct_time_visible = 9;

// --- clocks ------------------------------------------------------------------------------------------

Ref from_seconds(double seconds) { return Ref::steal(Value::from_double(seconds)); }

int64_t cpu_ns(clockid_t id) {
  timespec time;
  clock_gettime(id, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Ref time_time(Thread&, const Value*) { return from_seconds(static_cast<double>(clock().wall_ns()) / 1e9); }
Ref time_time_ns(Thread&, const Value*) { return make_int(clock().wall_ns()); }
Ref time_monotonic(Thread&, const Value*) { return from_seconds(clock().now()); }
Ref time_monotonic_ns(Thread&, const Value*) { return make_int(clock().now_ns()); }
Ref time_process_time(Thread&, const Value*) {
  return from_seconds(static_cast<double>(cpu_ns(CLOCK_PROCESS_CPUTIME_ID)) / 1e9);
}
Ref time_process_time_ns(Thread&, const Value*) { return make_int(cpu_ns(CLOCK_PROCESS_CPUTIME_ID)); }
Ref time_thread_time(Thread&, const Value*) {
  return from_seconds(static_cast<double>(cpu_ns(CLOCK_THREAD_CPUTIME_ID)) / 1e9);
}
Ref time_thread_time_ns(Thread&, const Value*) { return make_int(cpu_ns(CLOCK_THREAD_CPUTIME_ID)); }

// The system's clocks by number; the two that the loop knows go by its clock.
bool clock_ns(Thread& thread, Value value, int64_t& out) {
  int32_t id;
  if (!to_int32(thread, value, id)) return false;
  if (id == CLOCK_MONOTONIC) {
    out = clock().now_ns();
  } else if (id == CLOCK_REALTIME) {
    out = clock().wall_ns();
  } else {
    timespec time;
    if (clock_gettime(id, &time) < 0) return raise_os_error(thread, errno);
    out = int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  }
  return true;
}
Ref time_clock_gettime(Thread& thread, const Value* args) {
  int64_t ns;
  return clock_ns(thread, args[0], ns) ? from_seconds(static_cast<double>(ns) / 1e9) : Ref();
}
Ref time_clock_gettime_ns(Thread& thread, const Value* args) {
  int64_t ns;
  return clock_ns(thread, args[0], ns) ? make_int(ns) : Ref();
}
Ref time_clock_getres(Thread& thread, const Value* args) {
  int32_t id;
  timespec time;
  if (!to_int32(thread, args[0], id)) return {};
  if (clock_getres(id, &time) < 0) return raise_os_error(thread, errno);
  return from_seconds(static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9);
}

Ref time_sleep(Thread& thread, const Value* args) {
  double seconds;
  if (is_float_like(args[0])) {
    seconds = float_value(args[0]);
  } else {
    Ref number = to_index_object(thread, args[0]);
    if (!number || !int_as_double(thread, number, seconds)) return {};
  }
  if (std::isnan(seconds)) return raise_value_error(thread, "Invalid value NaN (not a number)");
  if (seconds < 0) return raise_value_error(thread, "sleep length must be non-negative");
  if (seconds > 9.2e9)
    return raise(thread, OverflowError_type, "timestamp too large to convert to C PyTime_t");
  return clock().sleep(thread, seconds) ? share(None) : Ref();
}

Ref time_get_clock_info(Thread& thread, const Value* args) {
  Str* name = to_str_arg(thread, "get_clock_info", "argument 1", args[0]);
  if (!name) return {};
  struct Info {
    const char *name, *implementation;
    bool monotonic, adjustable;
  };
  static const Info infos[] = {
      {"time", "clock_gettime(CLOCK_REALTIME)", false, true},
      {"monotonic", "clock_gettime(CLOCK_MONOTONIC)", true, false},
      {"perf_counter", "clock_gettime(CLOCK_MONOTONIC)", true, false},
      {"process_time", "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", true, false},
      {"thread_time", "clock_gettime(CLOCK_THREAD_CPUTIME_ID)", true, false},
  };
  for (const Info& info : infos) {
    if (name->view() != info.name) continue;
    Own<Dict> fields = new_dict();
    Own<Str> implementation = make_str(info.implementation);
    dict_set(fields.get(), intern("implementation"), implementation.value());
    dict_set(fields.get(), intern("monotonic"), Value::from_bool(info.monotonic));
    dict_set(fields.get(), intern("adjustable"), Value::from_bool(info.adjustable));
    dict_set(fields.get(), intern("resolution"), Value::from_double(1e-9));
    return call(thread, &simple_namespace_type, {fields.value()});
  }
  return raise_value_error(thread, "unknown clock");
}

// --- moments ------------------------------------------------------------------------------------------

Ref make_struct_time(const tm& moment, Value zone, Value offset) {
  auto number = [](int64_t value) { return Value::from_int(value); };
  return make_struct_sequence(struct_time_type,
                              {number(int64_t{moment.tm_year} + 1900), number(moment.tm_mon + 1),
                               number(moment.tm_mday), number(moment.tm_hour), number(moment.tm_min),
                               number(moment.tm_sec), number((moment.tm_wday + 6) % 7),
                               number(moment.tm_yday + 1), number(moment.tm_isdst), zone, offset});
}

// An argument in seconds since 1970, the clock's time when it is missing or None.
bool seconds_arg(Thread& thread, Value value, time_t& out) {
  if (value.is_empty() || value.is_none()) {
    out = static_cast<time_t>(clock().wall_ns() / 1'000'000'000);
    return true;
  }
  int64_t whole;
  if (is_float_like(value)) {
    double seconds = std::floor(float_value(value));
    if (std::isnan(seconds)) return raise_value_error(thread, "Invalid value NaN (not a number)");
    if (!(std::fabs(seconds) < 9.2e18)) {
      return raise(thread, OverflowError_type, "timestamp out of range for platform time_t");
    }
    whole = static_cast<int64_t>(seconds);
  } else {
    Ref number = to_index_object(thread, value);
    if (!number) return false;
    if (!int_as_int64(number, whole)) {
      return raise(thread, OverflowError_type, "timestamp out of range for platform time_t");
    }
  }
  out = static_cast<time_t>(whole);
  return true;
}

Ref split_seconds(Thread& thread, Value seconds, tm* (*split)(const time_t*, tm*)) {
  time_t moment;
  if (!seconds_arg(thread, seconds, moment)) return {};
  tm parts{};
  errno = 0;
  if (!split(&moment, &parts)) return raise_os_error(thread, errno ? errno : EOVERFLOW);
  Own<Str> zone = make_str(parts.tm_zone);
  return make_struct_time(parts, zone.value(), Value::from_int(parts.tm_gmtoff));
}

Ref time_localtime(Thread& thread, const Value* args) { return split_seconds(thread, args[0], localtime_r); }
Ref time_gmtime(Thread& thread, const Value* args) { return split_seconds(thread, args[0], gmtime_r); }

// A time tuple as a tm; TypeError "NAME(): illegal time tuple argument".
bool tuple_arg(Thread& thread, Value value, const char* function, tm& out) {
  if (!is_tuple(value)) return raise_type_error(thread, "Tuple or struct_time argument required");
  Tuple* tuple = cast<Tuple>(value);
  if (tuple->size < 9)
    return raise_type_error(thread, fmt::format("{}(): illegal time tuple argument", function));
  int32_t parts[9];
  for (size_t i = 0; i < 9; ++i) {
    if (!to_int32(thread, (*tuple)[i], parts[i])) return false;
  }
  out = {};
  out.tm_year = parts[0] - 1900;
  out.tm_mon = parts[1] - 1;
  out.tm_mday = parts[2];
  out.tm_hour = parts[3];
  out.tm_min = parts[4];
  out.tm_sec = parts[5];
  out.tm_wday = (parts[6] + 1) % 7;
  out.tm_yday = parts[7] - 1;
  out.tm_isdst = parts[8];
  return true;
}

bool check_range(Thread& thread, tm& moment) {
  auto refuse = [&](const char* what) {
    return raise_value_error(thread, fmt::format("{} out of range", what));
  };
  // A zero is taken for the first month, day and day of the year.
  if (moment.tm_mon == -1) moment.tm_mon = 0;
  if (moment.tm_mday == 0) moment.tm_mday = 1;
  if (moment.tm_yday == -1) moment.tm_yday = 0;
  if (moment.tm_mon < 0 || moment.tm_mon > 11) return refuse("month");
  if (moment.tm_mday < 0 || moment.tm_mday > 31) return refuse("day of month");
  if (moment.tm_hour < 0 || moment.tm_hour > 23) return refuse("hour");
  if (moment.tm_min < 0 || moment.tm_min > 59) return refuse("minute");
  if (moment.tm_sec < 0 || moment.tm_sec > 61) return refuse("seconds");
  if (moment.tm_wday < 0) return refuse("day of week");
  if (moment.tm_yday < 0 || moment.tm_yday > 365) return refuse("day of year");
  return true;
}

Ref time_mktime(Thread& thread, const Value* args) {
  tm moment;
  if (!tuple_arg(thread, args[0], "mktime", moment)) return {};
  moment.tm_wday = -1; // tells a failure from the second before 1970
  time_t seconds = std::mktime(&moment);
  if (seconds == -1 && moment.tm_wday == -1)
    return raise(thread, OverflowError_type, "mktime argument out of range");
  return from_seconds(static_cast<double>(seconds));
}

Ref ascii_time(const tm& moment) {
  static const char* const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  return make_str(fmt::format("{} {:.3}{:3} {:02}:{:02}:{:02} {}", days[moment.tm_wday],
                              month_names[moment.tm_mon], moment.tm_mday, moment.tm_hour, moment.tm_min,
                              moment.tm_sec, int64_t{moment.tm_year} + 1900));
}

bool now_local(tm& out) {
  time_t seconds = static_cast<time_t>(clock().wall_ns() / 1'000'000'000);
  return localtime_r(&seconds, &out) != nullptr;
}

Ref time_asctime(Thread& thread, const Value* args) {
  tm moment{};
  if (args[0].is_empty()) {
    now_local(moment);
  } else if (!tuple_arg(thread, args[0], "asctime", moment) || !check_range(thread, moment)) {
    return {};
  }
  return ascii_time(moment);
}

Ref time_ctime(Thread& thread, const Value* args) {
  time_t seconds;
  tm moment{};
  if (!seconds_arg(thread, args[0], seconds)) return {};
  if (!localtime_r(&seconds, &moment)) return raise_os_error(thread, errno);
  return ascii_time(moment);
}

Ref time_strftime(Thread& thread, const Value* args) {
  if (!is_str(args[0])) {
    return raise_type_error(thread,
                            fmt::format("strftime() argument 1 must be str, not {}", argument_type(args[0])));
  }
  tm moment{};
  if (args[1].is_empty()) {
    now_local(moment);
  } else if (!tuple_arg(thread, args[1], "strftime", moment) || !check_range(thread, moment)) {
    return {};
  }
  TimeFields fields;
  fields.year = int64_t{moment.tm_year} + 1900;
  fields.month = moment.tm_mon + 1;
  fields.day = moment.tm_mday;
  fields.hour = moment.tm_hour;
  fields.minute = moment.tm_min;
  fields.second = moment.tm_sec;
  fields.weekday = (moment.tm_wday + 6) % 7;
  fields.yearday = moment.tm_yday + 1;
  fields.has_offset = true;
  fields.offset_us = moment.tm_isdst > 0 ? int64_t{3600} * 1000000 - int64_t{timezone} * 1000000
                                         : -int64_t{timezone} * 1000000;
  fields.zone = tzname[moment.tm_isdst > 0];
  if (args[1] && is_exact(args[1], struct_time_type)) { // it may know its zone
    Value zone = cast<Tuple>(args[1])->items()[9], offset = cast<Tuple>(args[1])->items()[10];
    int64_t seconds;
    if (is_str(zone)) fields.zone = cast<Str>(zone)->view();
    if (!offset.is_none() && int_as_int64(offset, seconds)) fields.offset_us = seconds * 1000000;
  }
  return make_str(format_time(fields, cast<Str>(args[0])->view()));
}

Ref time_strptime(Thread& thread, const Value* args) {
  for (int i = 0; i < 2; ++i) {
    if (args[i] && !is_str(args[i])) {
      return raise_type_error(thread, fmt::format("strptime() argument {} must be str, not <class '{}'>", i,
                                                  full_type_name(type_of(args[i]))));
    }
  }
  TimeFields fields;
  if (!parse_time(thread, cast<Str>(args[0])->view(),
                  args[1] ? cast<Str>(args[1])->view() : "%a %b %d %H:%M:%S %Y", fields)) {
    return {};
  }
  tm moment{};
  moment.tm_year = static_cast<int>(fields.year - 1900);
  moment.tm_mon = fields.month - 1;
  moment.tm_mday = fields.day;
  moment.tm_hour = fields.hour;
  moment.tm_min = fields.minute;
  moment.tm_sec = fields.second;
  moment.tm_wday = (fields.weekday + 1) % 7;
  moment.tm_yday = fields.yearday - 1;
  moment.tm_isdst = fields.isdst;
  Own<Str> zone = fields.zone.empty() ? Own<Str>() : make_str(fields.zone);
  return make_struct_time(moment, zone ? zone.value() : None,
                          fields.has_offset ? Value::from_int(fields.offset_us / 1000000) : None);
}

void set_zone(Module* module) {
  tzset();
  Own<Str> standard = make_str(tzname[0]), summer = make_str(tzname[1]);
  module_set(module, "tzname", make_tuple({standard.value(), summer.value()}).value());
  module_set(module, "timezone", Value::from_int(timezone));
  module_set(module, "altzone", Value::from_int(daylight ? timezone - 3600 : timezone));
  module_set(module, "daylight", Value::from_int(daylight));
}

Ref time_tzset(Thread&, const Value*) {
  tzset();
  return share(None);
}

const NativeDef functions[] = {
    {"time", "", time_time, "Return the current time in seconds since the Epoch."},
    {"time_ns", "", time_time_ns, "Return the current time in nanoseconds since the Epoch."},
    {"monotonic", "", time_monotonic, "Monotonic clock, cannot go backward."},
    {"monotonic_ns", "", time_monotonic_ns, "Monotonic clock, cannot go backward, as nanoseconds."},
    {"perf_counter", "", time_monotonic, "Performance counter for benchmarking."},
    {"perf_counter_ns", "", time_monotonic_ns, "Performance counter for benchmarking as nanoseconds."},
    {"process_time", "", time_process_time,
     "Process time for profiling: sum of the kernel and user-space CPU time."},
    {"process_time_ns", "", time_process_time_ns, "Process time for profiling as nanoseconds."},
    {"thread_time", "", time_thread_time, "Thread time for profiling."},
    {"thread_time_ns", "", time_thread_time_ns, "Thread time for profiling as nanoseconds."},
    {"sleep", "object, /", time_sleep, "Delay execution for a given number of seconds."},
    {"clock_gettime", "clk_id, /", time_clock_gettime,
     "Return the time of the specified clock clk_id as a float."},
    {"clock_gettime_ns", "clk_id, /", time_clock_gettime_ns,
     "Return the time of the specified clock clk_id as nanoseconds (int)."},
    {"clock_getres", "args clk_id, / |", time_clock_getres,
     "Return the resolution (precision) of the specified clock clk_id."},
    {"get_clock_info", "args name, / |", time_get_clock_info, "Get information of the specified clock."},
    {"localtime", "args seconds=None, / |", time_localtime, "Convert seconds since the Epoch to local time."},
    {"gmtime", "args seconds=None, / |", time_gmtime, "Convert seconds since the Epoch to UTC."},
    {"mktime", "object, /", time_mktime, "Convert a time tuple in local time to seconds since the Epoch."},
    {"asctime", "time_tuple=None, / |", time_asctime, "Convert a time tuple to a string."},
    {"ctime", "args seconds=None, / |", time_ctime,
     "Convert seconds since the Epoch to a string in local time."},
    {"strftime", "args format, time_tuple=None, / |", time_strftime,
     "Convert a time tuple to a string by a format."},
    {"strptime", "string, format='%a %b %d %H:%M:%S %Y', / |", time_strptime,
     "Parse a string to a time tuple by a format."},
    {"tzset", "", time_tzset, "Initialize, or reinitialize, the local timezone from TZ."},
    {},
};

bool init_module(Thread&, Module* module) {
  init_struct_sequence(
      struct_time_type,
      {.name = "time.struct_time",
       .fields = struct_time_fields,
       .visible = struct_time_visible,
       .doc = "A moment taken apart: what gmtime(), localtime() and strptime() return, and what asctime(), "
              "mktime() and "
              "strftime() take. A tuple of nine ints; tm_zone and tm_gmtoff are attributes only."});
  module_set(module, "struct_time", &struct_time_type);
  module_set(module, "CLOCK_REALTIME", Value::from_int(CLOCK_REALTIME));
  module_set(module, "CLOCK_MONOTONIC", Value::from_int(CLOCK_MONOTONIC));
  module_set(module, "CLOCK_MONOTONIC_RAW", Value::from_int(CLOCK_MONOTONIC_RAW));
  module_set(module, "CLOCK_BOOTTIME", Value::from_int(CLOCK_BOOTTIME));
  module_set(module, "CLOCK_TAI", Value::from_int(CLOCK_TAI));
  module_set(module, "CLOCK_PROCESS_CPUTIME_ID", Value::from_int(CLOCK_PROCESS_CPUTIME_ID));
  module_set(module, "CLOCK_THREAD_CPUTIME_ID", Value::from_int(CLOCK_THREAD_CPUTIME_ID));
  set_zone(module);
  return true;
}

} // namespace

extern const ModuleSpec time_module = {"time", functions, init_module, "Time access and conversions."};

} // namespace aspy
