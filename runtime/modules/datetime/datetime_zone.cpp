// datetime.tzinfo and datetime.timezone.
#include "runtime/modules/datetime/datetime_internal.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <fmt/format.h>

namespace aspy::dt {

Type tzinfo_type, timezone_type;

namespace {

Value utc_zone; // the singleton, kept for ever

const TimeZone* as_zone(Value value) { return cast<TimeZone>(value); }
int64_t zone_us(const TimeZone* zone) {
  return static_cast<int64_t>(delta_us(cast<TimeDelta>(zone->offset)));
}

std::string zone_text(const TimeZone* zone) {
  if (zone->name) return std::string(cast<Str>(zone->name)->view());
  int64_t us = zone_us(zone);
  return us == 0 ? "UTC" : "UTC" + format_offset(us, true);
}

template <const char* name> Ref not_defined(Thread& thread, const Value*) {
  return raise(thread, NotImplementedError_type, fmt::format("a tzinfo subclass must implement {}()", name));
}
constexpr char name_utcoffset[] = "utcoffset", name_dst[] = "dst", name_tzname[] = "tzname";

// The local time of a UTC datetime in self, for zones that only tell offsets.
Ref tzinfo_fromutc(Thread& thread, const Value* args) {
  if (!is_datetime(args[1])) return raise_type_error(thread, "fromutc: argument must be a datetime");
  const DateTime* moment = cast<DateTime>(args[1]);
  if (moment->tz != args[0]) return raise_value_error(thread, "fromutc: dt.tzinfo is not self");
  bool has_offset, has_dst;
  int64_t offset, dst;
  if (!tz_offset(thread, args[0], args[1], "utcoffset", has_offset, offset)) return {};
  if (!has_offset) return raise_value_error(thread, "fromutc: non-None utcoffset() result required");
  if (!tz_offset(thread, args[0], args[1], "dst", has_dst, dst)) return {};
  if (!has_dst) return raise_value_error(thread, "fromutc: non-None dst() result required");
  Ref shifted = datetime_from_us(thread, &datetime_type, datetime_us(moment) + (offset - dst), args[0]);
  if (!shifted || !tz_offset(thread, args[0], shifted, "dst", has_dst, dst)) return {};
  if (!has_dst)
    return raise_value_error(thread, "fromutc: tz.dst() gave inconsistent results; cannot convert");
  return datetime_from_us(thread, &datetime_type, datetime_us(cast<DateTime>(shifted)) + dst, args[0]);
}

Ref tzinfo_construct(Thread&, Type* type, CallArgs) { return Ref::steal(allocate_instance(type)); }

// --- timezone ------------------------------------------------------------------------------------------

bool check_dt(Thread& thread, const char* method, Value value) {
  if (value.is_none() || is_datetime(value)) return true;
  return raise_type_error(thread, fmt::format("{}(dt) argument must be a datetime instance or None, not {}",
                                              method, argument_type(value)));
}

Ref zone_utcoffset(Thread& thread, const Value* args) {
  return check_dt(thread, "utcoffset", args[1]) ? share(as_zone(args[0])->offset) : Ref();
}
Ref zone_dst(Thread& thread, const Value* args) {
  return check_dt(thread, "dst", args[1]) ? share(None) : Ref();
}
Ref zone_tzname(Thread& thread, const Value* args) {
  return check_dt(thread, "tzname", args[1]) ? Ref(make_str(zone_text(as_zone(args[0])))) : Ref();
}
Ref zone_fromutc(Thread& thread, const Value* args) {
  if (!is_datetime(args[1])) return raise_type_error(thread, "fromutc: argument must be a datetime");
  const DateTime* moment = cast<DateTime>(args[1]);
  if (moment->tz != args[0]) return raise_value_error(thread, "fromutc: dt.tzinfo is not self");
  return datetime_from_us(thread, type_of(args[1]), datetime_us(moment) + zone_us(as_zone(args[0])), args[0]);
}

Ref zone_getinitargs(Thread&, const Value* args) {
  const TimeZone* zone = as_zone(args[0]);
  return zone->name ? make_tuple({zone->offset, zone->name}) : make_tuple({zone->offset});
}
Ref zone_reduce(Thread& thread, const Value* args) {
  Ref state = zone_getinitargs(thread, args);
  return make_tuple({type_of(args[0]), state.get()});
}

// The offset of a timezone must lie strictly within a day.
bool check_offset(Thread& thread, Value offset) {
  Wide us = delta_us(cast<TimeDelta>(offset));
  if (us > -us_per_day && us < us_per_day) return true;
  Ref shown = repr(thread, offset);
  if (!shown) return false;
  return raise_value_error(thread,
                           fmt::format("offset must be a timedelta strictly between -timedelta(hours=24) and "
                                       "timedelta(hours=24), not {}",
                                       cast<Str>(shown)->view()));
}

Ref zone_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "timezone", "offset, name=''", args, bound)) return {};
  if (!is_delta(bound[0])) {
    return raise_type_error(thread, fmt::format("timezone() argument 1 must be datetime.timedelta, not {}",
                                                argument_type(bound[0])));
  }
  if (bound[1] && !is_str(bound[1])) {
    return raise_type_error(
        thread, fmt::format("timezone() argument 2 must be str, not {}", argument_type(bound[1])));
  }
  if (!check_offset(thread, bound[0])) return {};
  Wide us = delta_us(cast<TimeDelta>(bound[0]));
  if (us == 0 && !bound[1] && utc_zone && type == &timezone_type) return share(utc_zone);
  TimeZone* zone = static_cast<TimeZone*>(allocate_instance(type));
  zone->offset = share(bound[0]).release();
  if (bound[1]) zone->name = share(bound[1]).release();
  return Ref::steal(zone);
}

Ref zone_repr(Thread& thread, Value self) {
  const TimeZone* zone = as_zone(self);
  std::string name = full_type_name(type_of(self));
  if (self == utc_zone) return make_str(name + ".utc");
  StrBuilder out;
  out.append(name + "(");
  if (!out.append_repr(thread, zone->offset)) return {};
  if (zone->name) {
    out.append(", ");
    if (!out.append_repr(thread, zone->name)) return {};
  }
  out.append(')');
  return out.finish();
}

Ref zone_str(Thread&, Value self) { return make_str(zone_text(as_zone(self))); }

Ref zone_compare(Thread&, Value a, Value b, CompareOp op) {
  if (op != CompareOp::Eq && op != CompareOp::Ne) return share(NotImplemented);
  if (!is_instance(a, timezone_type) || !is_instance(b, timezone_type)) return share(NotImplemented);
  return bool_of(op, zone_us(as_zone(a)) != zone_us(as_zone(b)));
}

bool zone_hash(Thread& thread, Value self, int64_t& out) { return hash(thread, as_zone(self)->offset, out); }

void zone_dealloc(Object* object) {
  clear_field(static_cast<TimeZone*>(object)->offset);
  clear_field(static_cast<TimeZone*>(object)->name);
  free_object(object);
}

const NativeDef tzinfo_methods[] = {
    {"utcoffset", "self, object, /", not_defined<name_utcoffset>,
     "datetime -> timedelta showing offset from UTC."},
    {"dst", "self, object, /", not_defined<name_dst>,
     "datetime -> DST offset as timedelta positive east of UTC."},
    {"tzname", "self, object, /", not_defined<name_tzname>, "datetime -> string name of time zone."},
    {"fromutc", "self, object, /", tzinfo_fromutc, "datetime in UTC -> datetime in local time."},
    {},
};
const NativeDef zone_methods[] = {
    {"utcoffset", "self, object, /", zone_utcoffset, "Return fixed offset."},
    {"dst", "self, object, /", zone_dst, "Return None."},
    {"tzname", "self, object, /", zone_tzname, "The name given, or one made from the offset."},
    {"fromutc", "self, object, /", zone_fromutc, "datetime in UTC -> datetime in local time."},
    {"__getinitargs__", "self, /", zone_getinitargs},
    {"__reduce__", "self, /", zone_reduce},
    {},
};

} // namespace

Value utc() { return utc_zone; }

bool tz_arg(Thread& thread, Value value, Value& out) {
  out = Value();
  if (value.is_empty() || value.is_none()) return true;
  if (!is_instance(value, tzinfo_type)) {
    return raise_type_error(
        thread,
        fmt::format("tzinfo argument must be None or of a tzinfo subclass, not type '{}'", type_name(value)));
  }
  out = value;
  return true;
}

bool tz_offset(Thread& thread, Value tz, Value dt, const char* method, bool& has, int64_t& us) {
  has = false;
  us = 0;
  if (tz.is_empty()) return true;
  if (is_exact(tz, timezone_type)) {
    if (method[0] == 'u') {
      has = true;
      us = zone_us(as_zone(tz));
    }
    return true;
  }
  Ref offset = call_method(thread, tz, method, {dt});
  if (!offset) return false;
  if (offset.get().is_none()) return true;
  if (!is_delta(offset)) {
    return raise_type_error(thread, fmt::format("tzinfo.{}() must return None or timedelta, not '{}'", method,
                                                type_name(offset)));
  }
  Wide wide = delta_us(cast<TimeDelta>(offset));
  if (wide <= -us_per_day || wide >= us_per_day) {
    check_offset(thread, offset);
    return false;
  }
  has = true;
  us = static_cast<int64_t>(wide);
  return true;
}

bool tz_name(Thread& thread, Value tz, Value dt, Ref& out) {
  if (tz.is_empty()) {
    out = share(None);
    return true;
  }
  out = is_exact(tz, timezone_type) ? Ref(make_str(zone_text(as_zone(tz))))
                                    : call_method(thread, tz, "tzname", {dt});
  if (!out) return false;
  if (!out.get().is_none() && !is_str(out)) {
    return raise_type_error(
        thread, fmt::format("tzinfo.tzname() must return None or a string, not '{}'", type_name(out)));
  }
  return true;
}

Ref make_timezone(Thread& thread, int64_t offset_us, Value name) {
  if (offset_us == 0 && !name && utc_zone) return share(utc_zone);
  Ref offset = make_delta(thread, offset_us);
  if (!offset || !check_offset(thread, offset)) return {};
  TimeZone* zone = static_cast<TimeZone*>(allocate_instance(&timezone_type));
  zone->offset = offset.release();
  if (name) zone->name = share(name).release();
  return Ref::steal(zone);
}

void init_zone_types(Thread& thread) {
  static const TypeSpec tzinfo_spec = {"datetime.tzinfo",
                                       nullptr,
                                       sizeof(TzInfo),
                                       0,
                                       0,
                                       tzinfo_methods,
                                       nullptr,
                                       "Abstract base class for time zone info objects."};
  tzinfo_type.slots.dealloc = free_object;
  tzinfo_type.slots.construct = tzinfo_construct;
  make_ready(tzinfo_type, tzinfo_spec);

  static const TypeSpec zone_spec = {"datetime.timezone",
                                     &tzinfo_type,
                                     sizeof(TimeZone),
                                     TypeFinal,
                                     0,
                                     zone_methods,
                                     nullptr,
                                     "Fixed offset from UTC implementation of tzinfo."};
  Slots& slots = timezone_type.slots;
  slots.dealloc = zone_dealloc;
  slots.construct = zone_construct;
  slots.repr = zone_repr;
  slots.str = zone_str;
  slots.compare = zone_compare;
  slots.hash = zone_hash;
  make_ready(timezone_type, zone_spec);
  Ref zone = make_timezone(thread, 0);
  utc_zone = zone.get();
  set_constant(thread, timezone_type, "utc", zone); // keeps it alive
  set_constant(thread, timezone_type, "min", make_timezone(thread, -(us_per_day - 60 * us_per_second)));
  set_constant(thread, timezone_type, "max", make_timezone(thread, us_per_day - 60 * us_per_second));
}

} // namespace aspy::dt
