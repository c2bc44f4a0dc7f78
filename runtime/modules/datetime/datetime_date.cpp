// datetime.date.
#include "runtime/loop/clock.hpp"
#include "runtime/modules/datetime/datetime_internal.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <cmath>
#include <ctime>
#include <fmt/format.h>

namespace aspy::dt {

Type date_type;

namespace {

const Date* as_date(Value value) { return cast<Date>(value); }
Type* as_type(Value value) { return cast<Type>(value); }

int64_t ordinal_of(const Date* date) { return date_to_ordinal(date->year, date->month, date->day); }

Ref from_ordinal(Thread& thread, Type* type, int64_t ordinal) {
  if (ordinal < 1 || ordinal > date_to_ordinal(9999, 12, 31)) {
    return raise(thread, OverflowError_type, "date value out of range");
  }
  int64_t year;
  int month, day;
  ordinal_to_date(ordinal, year, month, day);
  return make_date(thread, type, year, month, day);
}

Ref date_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (args.kwnames && !has_date_parts(thread, args)) return {};
  if (!bind_args(thread, "", "year=None, month=None, day=None", args, bound)) return {};
  int64_t parts[3];
  for (int i = 0; i < 3; ++i) // one by one: what is wrong first is told first
    if (!bound[i] ? !need_date_part(thread, i) : !to_int64(thread, bound[i], parts[i])) return {};
  if (!check_date(thread, parts[0], parts[1], parts[2])) return {};
  Date* date = static_cast<Date*>(allocate_instance(type));
  date->year = static_cast<int32_t>(parts[0]);
  date->month = static_cast<uint8_t>(parts[1]);
  date->day = static_cast<uint8_t>(parts[2]);
  return Ref::steal(date);
}

// --- other ways to make one ----------------------------------------------------------------------

Ref date_today(Thread& thread, const Value* args) {
  // A subclass decides how it is made from a timestamp.
  return call_method(thread, args[0], "fromtimestamp",
                     {Value::from_double(static_cast<double>(clock().wall_ns()) / 1e9)});
}

Ref date_fromtimestamp(Thread& thread, const Value* args) {
  double seconds;
  if (!to_double(thread, args[1], seconds)) return {};
  if (!(std::fabs(seconds) < 1e14)) {
    return raise(thread, OverflowError_type, "timestamp out of range for platform time_t");
  }
  time_t moment = static_cast<time_t>(std::floor(seconds));
  tm parts{};
  localtime_r(&moment, &parts);
  if (!check_date(thread, int64_t{parts.tm_year} + 1900, parts.tm_mon + 1, parts.tm_mday)) return {};
  return make_date(thread, as_type(args[0]), int64_t{parts.tm_year} + 1900, parts.tm_mon + 1, parts.tm_mday);
}

Ref date_fromordinal(Thread& thread, const Value* args) {
  int64_t ordinal;
  if (!to_int64(thread, args[1], ordinal)) return {};
  if (ordinal < 1) return raise_value_error(thread, "ordinal must be >= 1");
  int64_t year;
  int month, day;
  if (ordinal > date_to_ordinal(9999, 12, 31)) {
    ordinal_to_date(ordinal, year, month, day);
    return raise_value_error(thread, fmt::format("year must be in 1..9999, not {}", year));
  }
  ordinal_to_date(ordinal, year, month, day);
  return make_date(thread, as_type(args[0]), year, month, day);
}

Ref date_fromisoformat(Thread& thread, const Value* args) {
  if (!is_str(args[1])) return raise_type_error(thread, "fromisoformat: argument must be str");
  std::string_view text = cast<Str>(args[1])->view();
  int64_t year, month, day;
  int size = parse_iso_date(text, year, month, day);
  if (size < 0) return {};
  if (size == 0 || static_cast<size_t>(size) != text.size()) return raise_iso(thread, args[1]);
  if (!check_date(thread, year, month, day)) return {};
  return make_date(thread, as_type(args[0]), year, static_cast<int>(month), static_cast<int>(day));
}

Ref date_fromisocalendar(Thread& thread, const Value* args) {
  int64_t year, week, weekday;
  if (!to_int64(thread, args[1], year) || !to_int64(thread, args[2], week) ||
      !to_int64(thread, args[3], weekday))
    return {};
  if (year < 1 || year > 9999)
    return raise_value_error(thread, fmt::format("year must be in 1..9999, not {}", year));
  int first = weekday_of(year, 1, 1);
  bool long_year = first == 3 || (first == 2 && is_leap_year(year));
  if (week < 1 || week > (long_year ? 53 : 52))
    return raise_value_error(thread, fmt::format("Invalid week: {}", week));
  if (weekday < 1 || weekday > 7) {
    return raise_value_error(thread, fmt::format("Invalid weekday: {} (range is [1, 7])", weekday));
  }
  int64_t fourth = date_to_ordinal(year, 1, 4);
  return from_ordinal(thread, as_type(args[0]), fourth - (fourth + 6) % 7 + (week - 1) * 7 + weekday - 1);
}

Ref date_strptime(Thread& thread, const Value* args) {
  TimeFields fields;
  if (!strptime_fields(thread, args, fields)) return {};
  if (!check_date(thread, fields.year, fields.month, fields.day)) return {};
  return make_date(thread, as_type(args[0]), fields.year, fields.month, fields.day);
}

Ref date_replace(Thread& thread, const Value* args) {
  const Date* self = as_date(args[0]);
  int64_t parts[3] = {self->year, self->month, self->day};
  for (int i = 0; i < 3; ++i) {
    if (args[i + 1] && !to_int64(thread, args[i + 1], parts[i])) return {};
  }
  if (!check_date(thread, parts[0], parts[1], parts[2])) return {};
  return make_date(thread, type_of(args[0]), parts[0], static_cast<int>(parts[1]),
                   static_cast<int>(parts[2]));
}

// --- operators ------------------------------------------------------------------------------------------

Ref date_add(Thread& thread, Value a, Value b) {
  if (is_delta(a)) std::swap(a, b);
  if (!is_date(a) || is_datetime(a) || !is_delta(b)) return share(NotImplemented);
  return from_ordinal(thread, type_of(a), ordinal_of(as_date(a)) + cast<TimeDelta>(b)->days);
}

Ref date_sub(Thread& thread, Value a, Value b) {
  if (!is_date(a) || is_datetime(a)) return share(NotImplemented);
  if (is_delta(b)) return from_ordinal(thread, type_of(a), ordinal_of(as_date(a)) - cast<TimeDelta>(b)->days);
  if (!is_date(b) || is_datetime(b)) return share(NotImplemented);
  return make_delta(thread, Wide{ordinal_of(as_date(a)) - ordinal_of(as_date(b))} * us_per_day);
}

Ref date_compare(Thread&, Value a, Value b, CompareOp op) {
  if (!is_date(a) || !is_date(b) || is_datetime(a) || is_datetime(b)) return share(NotImplemented);
  return bool_of(op, ordinal_of(as_date(a)) - ordinal_of(as_date(b)));
}

bool date_hash(Thread&, Value self, int64_t& out) {
  out = ordinal_of(as_date(self)) * 0x1F3D5B79;
  return true;
}

Ref date_repr(Thread&, Value self) {
  const Date* date = as_date(self);
  return make_str(
      fmt::format("{}({}, {}, {})", full_type_name(type_of(self)), date->year, date->month, date->day));
}

std::string iso_text(const Date* date) {
  return fmt::format("{:04}-{:02}-{:02}", date->year, date->month, date->day);
}

Ref date_str(Thread& thread, Value self) { return call_method(thread, self, "isoformat"); }

// --- methods -----------------------------------------------------------------------------------------------

TimeFields fields_of(const Date* date) {
  TimeFields fields;
  fields.year = date->year;
  fields.month = date->month;
  fields.day = date->day;
  fields.weekday = weekday_of(date->year, date->month, date->day);
  fields.yearday = yearday_of(date->year, date->month, date->day);
  return fields;
}

Ref date_isoformat(Thread&, const Value* args) { return make_str(iso_text(as_date(args[0]))); }
Ref date_toordinal(Thread&, const Value* args) { return make_int(ordinal_of(as_date(args[0]))); }
Ref date_weekday(Thread&, const Value* args) { return make_int((ordinal_of(as_date(args[0])) + 6) % 7); }
Ref date_isoweekday(Thread&, const Value* args) {
  return make_int((ordinal_of(as_date(args[0])) + 6) % 7 + 1);
}
Ref date_isocalendar(Thread& thread, const Value* args) { return iso_date(thread, as_date(args[0])); }
Ref date_timetuple(Thread& thread, const Value* args) {
  return struct_time(thread, as_date(args[0]), {}, -1);
}
Ref date_strftime(Thread& thread, const Value* args) {
  return strftime_text(thread, args[1], fields_of(as_date(args[0])));
}
Ref date_ctime(Thread&, const Value* args) {
  return make_str(format_time(fields_of(as_date(args[0])), "%a %b %e %H:%M:%S %Y"));
}

Ref date_reduce(Thread&, const Value* args) {
  const Date* date = as_date(args[0]);
  Own<Tuple> state =
      make_tuple({Value::from_int(date->year), Value::from_int(date->month), Value::from_int(date->day)});
  return make_tuple({type_of(args[0]), state.value()});
}

Ref get_year(Thread&, Value self) { return make_int(as_date(self)->year); }
Ref get_month(Thread&, Value self) { return make_int(as_date(self)->month); }
Ref get_day(Thread&, Value self) { return make_int(as_date(self)->day); }

const GetSetDef getset[] = {{"year", get_year}, {"month", get_month}, {"day", get_day}, {nullptr, nullptr}};

const NativeDef methods[] = {
    {"today", "cls, /", date_today, "Current date or datetime.", NativeKind::ClassMethod},
    {"fromtimestamp", "cls, timestamp, /", date_fromtimestamp, "Create a date from a POSIX timestamp.",
     NativeKind::ClassMethod},
    {"fromordinal", "args cls, ordinal, / |", date_fromordinal,
     "Construct a date from a proleptic Gregorian ordinal.", NativeKind::ClassMethod},
    {"fromisoformat", "cls, object, /", date_fromisoformat,
     "Construct a date from a string in ISO 8601 format.", NativeKind::ClassMethod},
    {"fromisocalendar", "cls, year, week, day |", date_fromisocalendar,
     "Construct a date from the ISO year, week and weekday.", NativeKind::ClassMethod},
    {"strptime", "args cls, string, format, / |", date_strptime, "Parse a date by a format.",
     NativeKind::ClassMethod},
    {"replace", "self, /, year=None, month=None, day=None |", date_replace,
     "Return date with new specified fields."},
    {"__replace__", "self, /, year=None, month=None, day=None", date_replace},
    {"isoformat", "self, /", date_isoformat, "Return string in ISO 8601 format, YYYY-MM-DD."},
    {"toordinal", "self, /", date_toordinal, "Return proleptic Gregorian ordinal."},
    {"weekday", "self, /", date_weekday, "Return the day of the week; Monday is 0."},
    {"isoweekday", "self, /", date_isoweekday, "Return the day of the week; Monday is 1."},
    {"isocalendar", "self, /", date_isocalendar,
     "Return a named tuple of ISO year, week number and weekday."},
    {"timetuple", "self, /", date_timetuple, "Return time tuple, compatible with time.localtime()."},
    {"strftime", "self, format |", date_strftime, "Format using strftime()."},
    {"ctime", "self, /", date_ctime, "Return ctime() style string."},
    {"__format__", "self, format, /", format_method, "Formats self with strftime."},
    {"__reduce__", "self, /", date_reduce},
    {},
};

} // namespace

Ref make_date(Thread& thread, Type* type, int64_t year, int month, int day) {
  if (type != &date_type) {
    return call(thread, type, {Value::from_int(year), Value::from_int(month), Value::from_int(day)});
  }
  Date* date = static_cast<Date*>(allocate_instance(type));
  date->year = static_cast<int32_t>(year);
  date->month = static_cast<uint8_t>(month);
  date->day = static_cast<uint8_t>(day);
  return Ref::steal(date);
}

void init_date_type(Thread& thread) {
  static const TypeSpec spec = {"datetime.date",
                                nullptr,
                                sizeof(Date),
                                0,
                                0,
                                methods,
                                getset,
                                "date(year, month, day) --> date object"};
  Slots& slots = date_type.slots;
  slots.dealloc = free_object;
  slots.construct = date_construct;
  slots.repr = date_repr;
  slots.str = date_str;
  slots.hash = date_hash;
  slots.compare = date_compare;
  slots.binary[static_cast<int>(BinaryOp::Add)] = date_add;
  slots.binary[static_cast<int>(BinaryOp::Sub)] = date_sub;
  make_ready(date_type, spec);
  set_constant(thread, date_type, "min", make_date(thread, &date_type, 1, 1, 1));
  set_constant(thread, date_type, "max", make_date(thread, &date_type, 9999, 12, 31));
  set_constant(thread, date_type, "resolution", make_delta(thread, us_per_day));
}

} // namespace aspy::dt
