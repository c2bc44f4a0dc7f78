// datetime.datetime.
#include "runtime/loop/clock.hpp"
#include "runtime/modules/datetime/datetime_internal.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/error/warnings.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <cmath>
#include <ctime>
#include <fmt/format.h>

namespace aspy::dt {

Type datetime_type;

namespace {

const DateTime* as_dt(Value value) { return cast<DateTime>(value); }
Type* as_type(Value value) { return cast<Type>(value); }

int64_t epoch_us() { return (date_to_ordinal(1970, 1, 1) - 1) * us_per_day; }
int64_t last_us() { return date_to_ordinal(9999, 12, 31) * us_per_day - 1; }

Ref new_datetime(Type* type, int64_t year, int month, int day, const Clock& clock, Value tz) {
  DateTime* moment = static_cast<DateTime*>(allocate_instance(type));
  moment->year = static_cast<int32_t>(year);
  moment->month = static_cast<uint8_t>(month);
  moment->day = static_cast<uint8_t>(day);
  moment->clock = clock;
  if (tz) moment->tz = share(tz).release();
  return Ref::steal(moment);
}

// Reads year .. microsecond and fold where they are given, over the values in `parts` (8 of them, fold last).
bool read_parts(Thread& thread, const Value* args, Value fold, int64_t (&parts)[8]) {
  for (int i = 0; i < 7; ++i) {
    if (args[i] && !to_int64(thread, args[i], parts[i])) return false;
  }
  if (fold && !to_int64(thread, fold, parts[7])) return false;
  return check_date(thread, parts[0], parts[1], parts[2]) &&
         check_clock(thread, parts[3], parts[4], parts[5], parts[6], parts[7]);
}

Clock clock_of(const int64_t (&parts)[8]) {
  return {static_cast<uint8_t>(parts[3]), static_cast<uint8_t>(parts[4]), static_cast<uint8_t>(parts[5]),
          static_cast<uint8_t>(parts[7]), static_cast<uint32_t>(parts[6])};
}

Ref dt_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (args.kwnames && !has_date_parts(thread, args)) return {};
  if (!bind_args(thread, "",
                 "year=None, month=None, day=None, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, "
                 "*, fold=0",
                 args, bound)) {
    return {};
  }
  for (int i = 0; i < 3; ++i) {
    int64_t part;
    if (!bound[i] ? !need_date_part(thread, i) : !to_int64(thread, bound[i], part)) return {};
  }
  int64_t parts[8] = {};
  Value tz;
  if (!read_parts(thread, bound.values, bound[8], parts) || !tz_arg(thread, bound[7], tz)) return {};
  return new_datetime(type, parts[0], static_cast<int>(parts[1]), static_cast<int>(parts[2]), clock_of(parts),
                      tz);
}

// --- the system's local time ---------------------------------------------------------------------

bool raise_year(Thread& thread, int64_t year) {
  return raise_value_error(thread, fmt::format("year must be in 1..9999, not {}", year));
}

// Seconds since 1970 of the local time at `seconds`, read as if it were UTC.
int64_t local_seconds(int64_t seconds) {
  time_t moment = static_cast<time_t>(seconds);
  tm parts{};
  localtime_r(&moment, &parts);
  int64_t days = date_to_ordinal(int64_t{parts.tm_year} + 1900, parts.tm_mon + 1, parts.tm_mday) -
                 date_to_ordinal(1970, 1, 1);
  return days * 86400 + parts.tm_hour * 3600 + parts.tm_min * 60 + parts.tm_sec;
}

// The local time at `seconds`; its year must be one that a datetime can have.
bool checked_local(Thread& thread, int64_t seconds, int64_t& out) {
  time_t moment = static_cast<time_t>(seconds);
  tm parts{};
  localtime_r(&moment, &parts);
  int64_t year = int64_t{parts.tm_year} + 1900;
  if (year < 1 || year > 9999) return raise_year(thread, year);
  out = local_seconds(seconds);
  return true;
}

// The moment whose local time is `t`; `fold` chooses where two have it, and beside a gap.
bool from_local(Thread& thread, int64_t t, int fold, int64_t& out) {
  int64_t shown, other_shown;
  if (!checked_local(thread, t, shown)) return false;
  int64_t a = shown - t;
  int64_t first = t - a;
  if (!checked_local(thread, first, shown)) return false;
  int64_t b;
  out = first;
  if (shown == t) {
    // Perhaps the other one of two: look a day away.
    int64_t other = first + (fold ? 86400 : -86400);
    if (!checked_local(thread, other, other_shown)) return false;
    b = other_shown - other;
    if (a == b) return true;
  } else {
    b = shown - first;
  }
  int64_t second = t - b;
  if (!checked_local(thread, second, other_shown)) return false;
  if (other_shown == t) {
    out = second;
  } else if (shown != t) {
    out = fold ? std::min(first, second) : std::max(first, second);
  }
  return true;
}

int64_t naive_seconds(const DateTime* moment) { return (datetime_us(moment) - epoch_us()) / us_per_second; }

bool offset_of(Thread& thread, Value self, bool& has, int64_t& us) {
  return tz_offset(thread, as_dt(self)->tz, self, "utcoffset", has, us);
}

// --- other ways to make one ----------------------------------------------------------------------

// From microseconds since 1970 (UTC), in a zone or in local time.
Ref from_epoch(Thread& thread, Type* type, int64_t us, Value tz) {
  if (tz) {
    Ref moment = datetime_from_us(thread, type, Wide{us} + epoch_us(), tz);
    return moment ? call_method(thread, tz, "fromutc", {moment}) : Ref();
  }
  int64_t seconds = us / us_per_second, rest = us % us_per_second;
  if (rest < 0) {
    rest += us_per_second;
    --seconds;
  }
  int64_t local = local_seconds(seconds);
  // The second of two equal local times is marked by fold.
  int fold = 0;
  if (int64_t before = local_seconds(seconds - 86400) - (seconds - 86400); before > local - seconds) {
    int64_t change = before - (local - seconds);
    fold = local_seconds(seconds - change) == local;
  }
  return datetime_from_us(thread, type, Wide{local} * us_per_second + rest + epoch_us(), {}, fold);
}

bool timestamp_arg(Thread& thread, Value value, int64_t& us) {
  if (is_float_like(value)) {
    double seconds = float_value(value);
    if (std::isnan(seconds)) return raise_value_error(thread, "Invalid value NaN (not a number)");
    if (!(std::fabs(seconds) < 9e12))
      return raise(thread, OverflowError_type, "timestamp out of range for platform time_t");
    // Halves of a microsecond go to the even one.
    double whole = std::floor(seconds);
    us = static_cast<int64_t>(whole) * us_per_second +
         static_cast<int64_t>(std::nearbyint((seconds - whole) * 1e6));
    return true;
  }
  if (!is_int_like(value)) {
    return raise_type_error(thread, fmt::format("argument must be int or float, not {}", type_name(value)));
  }
  int64_t seconds;
  if (!int_as_int64(value, seconds) || seconds > int64_t{9'000'000'000'000} ||
      seconds < int64_t{-9'000'000'000'000}) {
    return raise(thread, OverflowError_type, "timestamp out of range for platform time_t");
  }
  us = seconds * us_per_second;
  return true;
}

bool check_year_of(Thread& thread, int64_t us) {
  Wide at = Wide{us} + epoch_us();
  if (at >= 0 && at <= last_us()) return true;
  time_t seconds = static_cast<time_t>(us / us_per_second - (us % us_per_second < 0));
  tm parts{};
  gmtime_r(&seconds, &parts);
  return raise_year(thread, int64_t{parts.tm_year} + 1900);
}

Ref dt_fromtimestamp(Thread& thread, const Value* args) {
  int64_t us;
  Value tz;
  if (!timestamp_arg(thread, args[1], us) || !tz_arg(thread, args[2], tz) || !check_year_of(thread, us))
    return {};
  return from_epoch(thread, as_type(args[0]), us, tz);
}

// Naive datetimes in UTC are on their way out.
bool warn_naive(Thread& thread, Value type, const char* method, const char* instead) {
  return warn(thread, DeprecationWarning_type,
              fmt::format("{0}.{1}() is deprecated and scheduled for removal in a future version. Use "
                          "timezone-aware objects to represent datetimes in UTC: {0}.{2}.",
                          full_type_name(as_type(type)), method, instead));
}

Ref dt_utcfromtimestamp(Thread& thread, const Value* args) {
  int64_t us;
  if (!warn_naive(thread, args[0], "utcfromtimestamp", "fromtimestamp(timestamp, datetime.UTC)") ||
      !timestamp_arg(thread, args[1], us) || !check_year_of(thread, us)) {
    return {};
  }
  return datetime_from_us(thread, as_type(args[0]), Wide{us} + epoch_us(), {});
}

Ref dt_now(Thread& thread, const Value* args) {
  Value tz;
  if (!tz_arg(thread, args[1], tz)) return {};
  return from_epoch(thread, as_type(args[0]), clock().wall_ns() / 1000, tz);
}

Ref dt_today(Thread& thread, const Value* args) {
  return from_epoch(thread, as_type(args[0]), clock().wall_ns() / 1000, {});
}

Ref dt_utcnow(Thread& thread, const Value* args) {
  if (!warn_naive(thread, args[0], "utcnow", "now(datetime.UTC)")) return {};
  return datetime_from_us(thread, as_type(args[0]), Wide{clock().wall_ns() / 1000} + epoch_us(), {});
}

Ref dt_combine(Thread& thread, const Value* args) {
  if (!is_date(args[1])) {
    return raise_type_error(
        thread, fmt::format("combine() argument 1 must be datetime.date, not {}", argument_type(args[1])));
  }
  if (!is_time(args[2])) {
    return raise_type_error(
        thread, fmt::format("combine() argument 2 must be datetime.time, not {}", argument_type(args[2])));
  }
  Value tz = cast<Time>(args[2])->tz;
  if (args[3] && !tz_arg(thread, args[3], tz)) return {};
  const Date* date = cast<Date>(args[1]);
  return make_datetime(thread, as_type(args[0]), date->year, date->month, date->day,
                       cast<Time>(args[2])->clock, tz);
}

Ref dt_fromisoformat(Thread& thread, const Value* args) {
  if (!is_str(args[1])) return raise_type_error(thread, "fromisoformat: argument must be str");
  std::string_view text = cast<Str>(args[1])->view();
  int64_t year, month, day;
  int size = parse_iso_date(text, year, month, day);
  if (size < 0) return {};
  ParsedTime parsed;
  if (size == 0) return raise_iso(thread, args[1]);
  std::string_view rest = text.substr(static_cast<size_t>(size));
  if (!rest.empty()) {
    // Any one character stands between date and time.
    size_t skip = 1;
    while (skip < rest.size() && (static_cast<unsigned char>(rest[skip]) & 0xC0) == 0x80) ++skip;
    if (!parse_iso_time(rest.substr(skip), parsed)) return raise_iso(thread, args[1]);
  }
  if (parsed.hour == 24)
    return raise_value_error(thread, "minute, second, and microsecond must be 0 when hour is 24");
  if (parsed.next_day && year == 9999 && month == 12 && day == 31) {
    raise_year(thread, 10000);
    return {};
  }
  if (!check_date(thread, year, month, day) ||
      !check_clock(thread, parsed.hour, parsed.minute, parsed.second, parsed.us, 0)) {
    return {};
  }
  Ref tz;
  if (parsed.has_offset && !(tz = make_timezone(thread, parsed.offset_us))) return {};
  int64_t us = ((parsed.hour * 60 + parsed.minute) * 60 + parsed.second) * us_per_second + parsed.us;
  int64_t days = date_to_ordinal(year, static_cast<int>(month), static_cast<int>(day)) - 1 + parsed.next_day;
  return datetime_from_us(thread, as_type(args[0]), Wide{days} * us_per_day + us, tz);
}

Ref dt_strptime(Thread& thread, const Value* args) {
  TimeFields fields;
  if (!strptime_fields(thread, args, fields)) return {};
  if (!check_date(thread, fields.year, fields.month, fields.day)) return {};
  Ref tz;
  if (fields.has_offset) {
    Ref name = fields.zone.empty() ? Ref() : Ref(make_str(fields.zone));
    tz = make_timezone(thread, fields.offset_us, name);
    if (!tz) return {};
  }
  Clock clock{static_cast<uint8_t>(fields.hour), static_cast<uint8_t>(fields.minute),
              static_cast<uint8_t>(fields.second), 0, static_cast<uint32_t>(fields.microsecond)};
  if (!check_clock(thread, clock.hour, clock.minute, clock.second, clock.us, 0)) return {};
  return make_datetime(thread, as_type(args[0]), fields.year, fields.month, fields.day, clock, tz);
}

Ref dt_replace(Thread& thread, const Value* args) {
  const DateTime* self = as_dt(args[0]);
  const Clock& clock = self->clock;
  int64_t parts[8] = {self->year,   self->month,  self->day, clock.hour,
                      clock.minute, clock.second, clock.us,  clock.fold};
  Value tz = self->tz;
  if (!read_parts(thread, args + 1, args[9], parts) || (args[8] && !tz_arg(thread, args[8], tz))) return {};
  return make_datetime(thread, type_of(args[0]), parts[0], static_cast<int>(parts[1]),
                       static_cast<int>(parts[2]), clock_of(parts), tz);
}

// --- operators ------------------------------------------------------------------------------------------

Ref dt_add(Thread& thread, Value a, Value b) {
  if (is_delta(a)) std::swap(a, b);
  if (!is_datetime(a) || !is_delta(b)) return share(NotImplemented);
  return datetime_from_us(thread, type_of(a), datetime_us(as_dt(a)) + delta_us(cast<TimeDelta>(b)),
                          as_dt(a)->tz);
}

Ref dt_sub(Thread& thread, Value a, Value b) {
  if (!is_datetime(a)) return share(NotImplemented);
  if (is_delta(b)) {
    return datetime_from_us(thread, type_of(a), datetime_us(as_dt(a)) - delta_us(cast<TimeDelta>(b)),
                            as_dt(a)->tz);
  }
  if (!is_datetime(b)) return share(NotImplemented);
  int64_t difference = datetime_us(as_dt(a)) - datetime_us(as_dt(b));
  if (as_dt(a)->tz == as_dt(b)->tz) return make_delta(thread, difference);
  bool left_has, right_has;
  int64_t left, right;
  if (!offset_of(thread, a, left_has, left) || !offset_of(thread, b, right_has, right)) return {};
  if (left_has != right_has)
    return raise_type_error(thread, "can't subtract offset-naive and offset-aware datetimes");
  return make_delta(thread, difference - (left - right));
}

// The same wall time with another fold.
Ref with_fold(Thread& thread, Value self, int fold) {
  const DateTime* moment = as_dt(self);
  Clock clock = moment->clock;
  clock.fold = static_cast<uint8_t>(fold);
  return make_datetime(thread, &datetime_type, moment->year, moment->month, moment->day, clock, moment->tz);
}

// Has the other fold another offset than `offset`?
bool varies_with_fold(Thread& thread, Value self, int64_t offset, bool& out) {
  bool has;
  int64_t other;
  Ref flipped = with_fold(thread, self, !as_dt(self)->clock.fold);
  if (!flipped || !offset_of(thread, flipped, has, other)) return false;
  out = !has || other != offset;
  return true;
}

Ref dt_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_datetime(a) || !is_datetime(b)) return share(NotImplemented);
  int64_t left = datetime_us(as_dt(a)), right = datetime_us(as_dt(b));
  if (as_dt(a)->tz == as_dt(b)->tz) return bool_of(op, left - right);
  bool left_has, right_has;
  int64_t left_offset, right_offset;
  if (!offset_of(thread, a, left_has, left_offset) || !offset_of(thread, b, right_has, right_offset))
    return {};
  if (left_has != right_has) {
    if (op == CompareOp::Eq || op == CompareOp::Ne) return share(Value::from_bool(op == CompareOp::Ne));
    return raise_type_error(thread, "can't compare offset-naive and offset-aware datetimes");
  }
  int64_t difference = (left - left_offset) - (right - right_offset);
  if (difference == 0 && (op == CompareOp::Eq || op == CompareOp::Ne)) {
    // A moment in a repeated hour (or in a skipped one) equals none of another zone.
    bool left_varies, right_varies;
    if (!varies_with_fold(thread, a, left_offset, left_varies) ||
        !varies_with_fold(thread, b, right_offset, right_varies)) {
      return {};
    }
    if (left_varies || right_varies) return share(Value::from_bool(op == CompareOp::Ne));
  }
  return bool_of(op, difference);
}

bool dt_hash(Thread& thread, Value self, int64_t& out) {
  bool has;
  int64_t offset;
  Ref unfolded = as_dt(self)->clock.fold ? with_fold(thread, self, 0) : share(self); // equal in their zone
  if (!unfolded || !offset_of(thread, unfolded, has, offset)) return false;
  uint64_t mixed = static_cast<uint64_t>(datetime_us(as_dt(self)) - offset) * 0x9E3779B97F4A7C15;
  out = static_cast<int64_t>(mixed ^ mixed >> 31);
  if (out == -1) out = -2;
  return true;
}

// --- text ------------------------------------------------------------------------------------------------

Ref dt_repr(Thread& thread, Value self) {
  const DateTime* moment = as_dt(self);
  const Clock& clock = moment->clock;
  std::string out = fmt::format("{}({}, {}, {}, {}, {}", full_type_name(type_of(self)), moment->year,
                                moment->month, moment->day, clock.hour, clock.minute);
  if (clock.second || clock.us) out += fmt::format(", {}", clock.second);
  if (clock.us) out += fmt::format(", {}", clock.us);
  if (clock.fold) out += ", fold=1";
  if (moment->tz) {
    Ref tz = repr(thread, moment->tz);
    if (!tz) return {};
    out += fmt::format(", tzinfo={}", cast<Str>(tz)->view());
  }
  return make_str(out + ")");
}

Ref iso_text(Thread& thread, Value self, std::string_view separator, std::string_view timespec) {
  const DateTime* moment = as_dt(self);
  std::string out = fmt::format("{:04}-{:02}-{:02}{}", moment->year, moment->month, moment->day, separator);
  bool has;
  int64_t offset;
  if (!format_clock(thread, moment->clock, timespec, out) || !offset_of(thread, self, has, offset)) return {};
  if (has) out += format_offset(offset, true);
  return make_str(out);
}

Ref dt_str(Thread& thread, Value self) {
  Own<Str> space = make_str(" ");
  return call_method(thread, self, "isoformat", {space.value()});
}

Ref dt_isoformat(Thread& thread, const Value* args) {
  std::string_view separator = "T", timespec = "auto";
  if (args[1]) {
    if (!is_str(args[1]) || cast<Str>(args[1])->length != 1) {
      std::string got = is_str(args[1]) ? fmt::format("a string of length {}", cast<Str>(args[1])->length)
                                        : std::string(type_name(args[1]));
      return raise_type_error(thread,
                              fmt::format("isoformat() argument 1 must be a unicode character, not {}", got));
    }
    separator = cast<Str>(args[1])->view();
  }
  if (args[2]) {
    Str* text = to_str_arg(thread, "isoformat", "argument 2", args[2]);
    if (!text) return {};
    timespec = text->view();
  }
  return iso_text(thread, args[0], separator, timespec);
}

TimeFields fields_of(const DateTime* moment) {
  TimeFields fields;
  fields.year = moment->year;
  fields.month = moment->month;
  fields.day = moment->day;
  fields.hour = moment->clock.hour;
  fields.minute = moment->clock.minute;
  fields.second = moment->clock.second;
  fields.microsecond = static_cast<int>(moment->clock.us);
  fields.weekday = weekday_of(moment->year, moment->month, moment->day);
  fields.yearday = yearday_of(moment->year, moment->month, moment->day);
  return fields;
}

Ref dt_strftime(Thread& thread, const Value* args) {
  TimeFields fields = fields_of(as_dt(args[0]));
  return add_zone(thread, as_dt(args[0])->tz, args[0], fields) ? strftime_text(thread, args[1], fields)
                                                               : Ref();
}

Ref dt_ctime(Thread&, const Value* args) {
  return make_str(format_time(fields_of(as_dt(args[0])), "%a %b %e %H:%M:%S %Y"));
}

// --- conversions ------------------------------------------------------------------------------------------

Ref dt_date(Thread& thread, const Value* args) {
  const DateTime* self = as_dt(args[0]);
  return make_date(thread, &date_type, self->year, self->month, self->day);
}
Ref dt_time(Thread& thread, const Value* args) {
  return make_time(thread, &time_type, as_dt(args[0])->clock, {});
}
Ref dt_timetz(Thread& thread, const Value* args) {
  return make_time(thread, &time_type, as_dt(args[0])->clock, as_dt(args[0])->tz);
}

Ref dt_timestamp(Thread& thread, const Value* args) {
  const DateTime* self = as_dt(args[0]);
  bool has;
  int64_t offset;
  if (!offset_of(thread, args[0], has, offset)) return {};
  if (has) {
    int64_t us = datetime_us(self) - offset - epoch_us();
    return Ref::steal(Value::from_double(static_cast<double>(static_cast<long double>(us) / 1e6L)));
  }
  int64_t seconds;
  if (!from_local(thread, naive_seconds(self), self->clock.fold, seconds)) return {};
  return Ref::steal(
      Value::from_double(static_cast<double>(seconds) + static_cast<double>(self->clock.us) / 1e6));
}

Ref dt_timetuple(Thread& thread, const Value* args) {
  bool has;
  int64_t dst;
  if (!tz_offset(thread, as_dt(args[0])->tz, args[0], "dst", has, dst)) return {};
  return struct_time(thread, as_dt(args[0]), as_dt(args[0])->clock, has ? dst != 0 : -1);
}

Ref dt_utctimetuple(Thread& thread, const Value* args) {
  bool has;
  int64_t offset;
  if (!offset_of(thread, args[0], has, offset)) return {};
  Ref utc_time = datetime_from_us(thread, &datetime_type, Wide{datetime_us(as_dt(args[0]))} - offset, {});
  if (!utc_time) return {};
  return struct_time(thread, as_dt(utc_time), as_dt(utc_time)->clock, 0);
}

// The system's zone at a moment, with its name.
Ref local_zone(Thread& thread, int64_t seconds) {
  time_t moment = static_cast<time_t>(seconds);
  tm parts{};
  localtime_r(&moment, &parts);
  Own<Str> name = make_str(parts.tm_zone ? parts.tm_zone : "UTC");
  return make_timezone(thread, int64_t{parts.tm_gmtoff} * us_per_second, name.value());
}

Ref dt_astimezone(Thread& thread, const Value* args) {
  Value tz;
  if (!tz_arg(thread, args[1], tz)) return {};
  const DateTime* self = as_dt(args[0]);
  if (tz && self->tz == tz) return share(args[0]);
  bool has;
  int64_t offset;
  if (!offset_of(thread, args[0], has, offset)) return {};
  int64_t us = datetime_us(self);
  if (has) {
    us -= offset;
  } else {
    int64_t seconds;
    if (!from_local(thread, naive_seconds(self), self->clock.fold, seconds)) return {};
    us = seconds * us_per_second + self->clock.us + epoch_us();
  }
  Ref local;
  if (!tz) {
    int64_t seconds = (us - epoch_us()) / us_per_second;
    if (!(local = local_zone(thread, seconds))) return {};
    tz = local;
  }
  Ref moment = datetime_from_us(thread, type_of(args[0]), us, tz);
  return moment ? call_method(thread, tz, "fromutc", {moment}) : Ref();
}

Ref delta_or_none(Thread& thread, Value self, const char* method) {
  bool has;
  int64_t us;
  if (!tz_offset(thread, as_dt(self)->tz, self, method, has, us)) return {};
  return has ? make_delta(thread, us) : share(None);
}
Ref dt_utcoffset(Thread& thread, const Value* args) { return delta_or_none(thread, args[0], "utcoffset"); }
Ref dt_dst(Thread& thread, const Value* args) { return delta_or_none(thread, args[0], "dst"); }
Ref dt_tzname(Thread& thread, const Value* args) {
  Ref name;
  return tz_name(thread, as_dt(args[0])->tz, args[0], name) ? name : Ref();
}

Ref dt_reduce(Thread&, const Value* args) {
  const DateTime* self = as_dt(args[0]);
  auto number = [](int64_t value) { return Value::from_int(value); };
  Own<Tuple> state =
      make_tuple({number(self->year), number(self->month), number(self->day), number(self->clock.hour),
                  number(self->clock.minute), number(self->clock.second), number(self->clock.us),
                  self->tz ? self->tz : None});
  return make_tuple({type_of(args[0]), state.value()});
}

const char replace_params[] =
    "self, /, year=None, month=None, day=None, hour=None, minute=None, second=None, "
    "microsecond=None, tzinfo=None, *, fold=None |";

const NativeDef methods[] = {
    {"now", "cls, tz=None", dt_now, "Returns new datetime object representing current time local to tz.",
     NativeKind::ClassMethod},
    {"today", "cls, /", dt_today, "Current local datetime.", NativeKind::ClassMethod},
    {"utcnow", "cls, /", dt_utcnow, "Return a new datetime representing UTC day and time.",
     NativeKind::ClassMethod},
    {"fromtimestamp", "cls, timestamp, tz=None |", dt_fromtimestamp,
     "Create a datetime from a POSIX timestamp.", NativeKind::ClassMethod},
    {"utcfromtimestamp", "args cls, timestamp, / |", dt_utcfromtimestamp,
     "Create a naive UTC datetime from a POSIX timestamp.", NativeKind::ClassMethod},
    {"combine", "cls, date, time, tzinfo=None |", dt_combine, "Combine a date and a time.",
     NativeKind::ClassMethod},
    {"fromisoformat", "cls, object, /", dt_fromisoformat,
     "Construct a datetime from a string in ISO 8601 format.", NativeKind::ClassMethod},
    {"strptime", "args cls, date_string, format, / |", dt_strptime, "Parse a string by a format.",
     NativeKind::ClassMethod},
    {"replace", replace_params, dt_replace, "Return datetime with new specified fields."},
    {"__replace__", replace_params, dt_replace},
    {"isoformat", "self, /, sep='T', timespec='auto' |", dt_isoformat, "Return string in ISO 8601 format."},
    {"strftime", "self, format |", dt_strftime, "Format using strftime()."},
    {"ctime", "self, /", dt_ctime, "Return ctime() style string."},
    {"date", "self, /", dt_date, "Return date object with same year, month and day."},
    {"time", "self, /", dt_time, "Return time object with same time but with tzinfo=None."},
    {"timetz", "self, /", dt_timetz, "Return time object with same time and tzinfo."},
    {"timestamp", "self, /", dt_timestamp, "Return POSIX timestamp as float."},
    {"timetuple", "self, /", dt_timetuple, "Return time tuple, compatible with time.localtime()."},
    {"utctimetuple", "self, /", dt_utctimetuple, "Return UTC time tuple, compatible with time.localtime()."},
    {"astimezone", "self, /, tz=None |", dt_astimezone, "Convert to local time in new timezone tz."},
    {"utcoffset", "self, /", dt_utcoffset, "Return self.tzinfo.utcoffset(self)."},
    {"dst", "self, /", dt_dst, "Return self.tzinfo.dst(self)."},
    {"tzname", "self, /", dt_tzname, "Return self.tzinfo.tzname(self)."},
    {"__reduce__", "self, /", dt_reduce},
    {},
};

void dt_dealloc(Object* object) {
  clear_field(static_cast<DateTime*>(object)->tz);
  free_object(object);
}

} // namespace

int64_t datetime_us(const DateTime* moment) {
  return (date_to_ordinal(moment->year, moment->month, moment->day) - 1) * us_per_day +
         clock_us(moment->clock);
}

Ref make_datetime(Thread& thread, Type* type, int64_t year, int month, int day, const Clock& clock,
                  Value tz) {
  if (type == &datetime_type) return new_datetime(type, year, month, day, clock, tz);
  // A subclass is made through its constructor.
  auto number = [](int64_t value) { return Value::from_int(value); };
  Value args[] = {number(year),       number(month),        number(day),
                  number(clock.hour), number(clock.minute), number(clock.second),
                  number(clock.us),   tz ? tz : None,       number(clock.fold)};
  Own<Tuple> names = clock.fold ? make_tuple({intern("fold")}) : Own<Tuple>();
  return call(thread, type, CallArgs{args, 8, names.get()});
}

Ref datetime_from_us(Thread& thread, Type* type, Wide us, Value tz, int fold) {
  if (us < 0 || us > last_us()) return raise(thread, OverflowError_type, "date value out of range");
  int64_t year;
  int month, day;
  auto whole = static_cast<int64_t>(us);
  ordinal_to_date(whole / us_per_day + 1, year, month, day);
  Clock clock = clock_from_us(whole % us_per_day);
  clock.fold = static_cast<uint8_t>(fold);
  return make_datetime(thread, type, year, month, day, clock, tz);
}

void init_datetime_type(Thread& thread) {
  static const TypeSpec spec = {
      "datetime.datetime",
      &date_type,
      sizeof(DateTime),
      0,
      0,
      methods,
      clock_getset<DateTime>,
      "datetime(year, month, day[, hour[, minute[, second[, microsecond[,tzinfo]]]]])"};
  Slots& slots = datetime_type.slots;
  slots.dealloc = dt_dealloc;
  slots.construct = dt_construct;
  slots.repr = dt_repr;
  slots.str = dt_str;
  slots.hash = dt_hash;
  slots.compare = dt_compare;
  slots.binary[static_cast<int>(BinaryOp::Add)] = dt_add;
  slots.binary[static_cast<int>(BinaryOp::Sub)] = dt_sub;
  make_ready(datetime_type, spec);
  set_constant(thread, datetime_type, "min", make_datetime(thread, &datetime_type, 1, 1, 1, {}, {}));
  set_constant(thread, datetime_type, "max", datetime_from_us(thread, &datetime_type, last_us(), {}));
  set_constant(thread, datetime_type, "resolution", make_delta(thread, 1));
}

} // namespace aspy::dt
