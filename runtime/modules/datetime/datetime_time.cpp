// datetime.time: a time of day, naive or in a zone.
#include "runtime/modules/datetime/datetime_internal.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <fmt/format.h>

namespace aspy::dt {

Type time_type;

namespace {

const Time* as_time(Value value) { return cast<Time>(value); }
Type* as_type(Value value) { return cast<Type>(value); }

// Reads hour, minute, second, microsecond and fold where they are given.
bool read_clock(Thread& thread, const Value* args, Value fold_arg, Clock& clock) {
  int64_t parts[] = {clock.hour, clock.minute, clock.second, clock.us}, fold = clock.fold;
  for (int i = 0; i < 4; ++i) {
    if (args[i] && !to_int64(thread, args[i], parts[i])) return false;
  }
  if (fold_arg && !to_int64(thread, fold_arg, fold)) return false;
  if (!check_clock(thread, parts[0], parts[1], parts[2], parts[3], fold)) return false;
  clock.hour = static_cast<uint8_t>(parts[0]);
  clock.minute = static_cast<uint8_t>(parts[1]);
  clock.second = static_cast<uint8_t>(parts[2]);
  clock.us = static_cast<uint32_t>(parts[3]);
  clock.fold = static_cast<uint8_t>(fold);
  return true;
}

Ref new_time(Type* type, const Clock& clock, Value tz) {
  Time* time = static_cast<Time*>(allocate_instance(type));
  time->clock = clock;
  if (tz) time->tz = share(tz).release();
  return Ref::steal(time);
}

Ref time_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  Clock clock;
  Value tz;
  if (!bind_args(thread, "", "hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0", args,
                 bound) ||
      !read_clock(thread, bound.values, bound[5], clock) || !tz_arg(thread, bound[4], tz)) {
    return {};
  }
  return new_time(type, clock, tz);
}

Ref time_fromisoformat(Thread& thread, const Value* args) {
  if (!is_str(args[1])) return raise_type_error(thread, "fromisoformat: argument must be str");
  std::string_view text = cast<Str>(args[1])->view();
  if (text.starts_with('T')) text.remove_prefix(1);
  ParsedTime parsed;
  if (!parse_iso_time(text, parsed)) return raise_iso(thread, args[1]);
  if (!check_clock(thread, parsed.hour, parsed.minute, parsed.second, parsed.us, 0)) return {};
  Clock clock =
      clock_from_us(((parsed.hour * 60 + parsed.minute) * 60 + parsed.second) * us_per_second + parsed.us);
  Ref tz;
  if (parsed.has_offset && !(tz = make_timezone(thread, parsed.offset_us))) return {};
  return make_time(thread, as_type(args[0]), clock, tz);
}

Ref time_strptime(Thread& thread, const Value* args) {
  TimeFields fields;
  if (!strptime_fields(thread, args, fields)) return {};
  Ref tz;
  if (fields.has_offset && !(tz = make_timezone(thread, fields.offset_us))) return {};
  Clock clock{static_cast<uint8_t>(fields.hour), static_cast<uint8_t>(fields.minute),
              static_cast<uint8_t>(fields.second), 0, static_cast<uint32_t>(fields.microsecond)};
  return make_time(thread, as_type(args[0]), clock, tz);
}

Ref time_replace(Thread& thread, const Value* args) {
  Clock clock = as_time(args[0])->clock;
  Value tz = as_time(args[0])->tz;
  if (!read_clock(thread, args + 1, args[6], clock)) return {};
  if (args[5] && !tz_arg(thread, args[5], tz)) return {};
  return make_time(thread, type_of(args[0]), clock, tz);
}

bool offset_of(Thread& thread, Value self, bool& has, int64_t& us) {
  return tz_offset(thread, as_time(self)->tz, None, "utcoffset", has, us);
}

Ref time_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_time(a) || !is_time(b)) return share(NotImplemented);
  int64_t left = clock_us(as_time(a)->clock), right = clock_us(as_time(b)->clock);
  if (as_time(a)->tz == as_time(b)->tz) return bool_of(op, left - right);
  bool left_has, right_has;
  int64_t left_offset, right_offset;
  if (!offset_of(thread, a, left_has, left_offset) || !offset_of(thread, b, right_has, right_offset))
    return {};
  if (left_has != right_has) {
    if (op == CompareOp::Eq || op == CompareOp::Ne) return share(Value::from_bool(op == CompareOp::Ne));
    return raise_type_error(thread, "can't compare offset-naive and offset-aware times");
  }
  return bool_of(op, (left - left_offset) - (right - right_offset));
}

bool time_hash(Thread& thread, Value self, int64_t& out) {
  bool has;
  int64_t offset;
  if (!offset_of(thread, self, has, offset)) return false;
  out = (clock_us(as_time(self)->clock) - offset) * 0x2545F491;
  if (out == -1) out = -2;
  return true;
}

Ref time_repr(Thread& thread, Value self) {
  const Time* time = as_time(self);
  std::string out =
      fmt::format("{}({}, {}", full_type_name(type_of(self)), time->clock.hour, time->clock.minute);
  if (time->clock.second || time->clock.us) out += fmt::format(", {}", time->clock.second);
  if (time->clock.us) out += fmt::format(", {}", time->clock.us);
  if (time->tz) {
    Ref tz = repr(thread, time->tz);
    if (!tz) return {};
    out += fmt::format(", tzinfo={}", cast<Str>(tz)->view());
  }
  if (time->clock.fold) out += ", fold=1";
  return make_str(out + ")");
}

Ref time_isoformat(Thread& thread, const Value* args) {
  std::string out;
  std::string_view timespec = "auto";
  if (args[1]) {
    Str* text = to_str_arg(thread, "isoformat", "argument 1", args[1]);
    if (!text) return {};
    timespec = text->view();
  }
  bool has;
  int64_t offset;
  if (!format_clock(thread, as_time(args[0])->clock, timespec, out) ||
      !offset_of(thread, args[0], has, offset))
    return {};
  if (has) out += format_offset(offset, true);
  return make_str(out);
}

Ref time_str(Thread& thread, Value self) { return call_method(thread, self, "isoformat"); }

Ref time_strftime(Thread& thread, const Value* args) {
  const Time* time = as_time(args[0]);
  TimeFields fields;
  fields.hour = time->clock.hour;
  fields.minute = time->clock.minute;
  fields.second = time->clock.second;
  fields.microsecond = static_cast<int>(time->clock.us);
  return add_zone(thread, time->tz, None, fields) ? strftime_text(thread, args[1], fields) : Ref();
}

Ref delta_or_none(Thread& thread, Value self, const char* method) {
  bool has;
  int64_t us;
  if (!tz_offset(thread, as_time(self)->tz, None, method, has, us)) return {};
  return has ? make_delta(thread, us) : share(None);
}
Ref time_utcoffset(Thread& thread, const Value* args) { return delta_or_none(thread, args[0], "utcoffset"); }
Ref time_dst(Thread& thread, const Value* args) { return delta_or_none(thread, args[0], "dst"); }
Ref time_tzname(Thread& thread, const Value* args) {
  Ref name;
  return tz_name(thread, as_time(args[0])->tz, None, name) ? name : Ref();
}

Ref time_reduce(Thread&, const Value* args) {
  const Time* time = as_time(args[0]);
  Own<Tuple> state = make_tuple({Value::from_int(time->clock.hour), Value::from_int(time->clock.minute),
                                 Value::from_int(time->clock.second), Value::from_int(time->clock.us),
                                 time->tz ? time->tz : None});
  return make_tuple({type_of(args[0]), state.value()});
}

const char replace_params[] =
    "self, /, hour=None, minute=None, second=None, microsecond=None, tzinfo=None, *, fold=None |";

const NativeDef methods[] = {
    {"fromisoformat", "cls, object, /", time_fromisoformat,
     "Construct a time from a string in ISO 8601 format.", NativeKind::ClassMethod},
    {"strptime", "args cls, string, format, / |", time_strptime, "Parse a time by a format.",
     NativeKind::ClassMethod},
    {"replace", replace_params, time_replace, "Return time with new specified fields."},
    {"__replace__", replace_params, time_replace},
    {"isoformat", "self, /, timespec='auto' |", time_isoformat, "Return string in ISO 8601 format."},
    {"strftime", "self, format |", time_strftime, "Format using strftime()."},
    {"utcoffset", "self, /", time_utcoffset, "Return self.tzinfo.utcoffset(None)."},
    {"dst", "self, /", time_dst, "Return self.tzinfo.dst(None)."},
    {"tzname", "self, /", time_tzname, "Return self.tzinfo.tzname(None)."},
    {"__format__", "self, format, /", format_method, "Formats self with strftime."},
    {"__reduce__", "self, /", time_reduce},
    {},
};

void time_dealloc(Object* object) {
  clear_field(static_cast<Time*>(object)->tz);
  free_object(object);
}

} // namespace

Ref make_time(Thread& thread, Type* type, const Clock& clock, Value tz) {
  if (type == &time_type) return new_time(type, clock, tz);
  // A subclass is made through its constructor.
  Value args[] = {Value::from_int(clock.hour),
                  Value::from_int(clock.minute),
                  Value::from_int(clock.second),
                  Value::from_int(clock.us),
                  tz ? tz : None,
                  Value::from_int(clock.fold)};
  Own<Tuple> names = clock.fold ? make_tuple({intern("fold")}) : Own<Tuple>();
  return call(thread, type, CallArgs{args, 5, names.get()});
}

void init_time_type(Thread& thread) {
  static const TypeSpec spec = {
      "datetime.time",
      nullptr,
      sizeof(Time),
      0,
      0,
      methods,
      clock_getset<Time>,
      "time([hour[, minute[, second[, microsecond[, tzinfo]]]]]) --> a time object"};
  Slots& slots = time_type.slots;
  slots.dealloc = time_dealloc;
  slots.construct = time_construct;
  slots.repr = time_repr;
  slots.str = time_str;
  slots.hash = time_hash;
  slots.compare = time_compare;
  make_ready(time_type, spec);
  set_constant(thread, time_type, "min", make_time(thread, &time_type, {}, {}));
  set_constant(thread, time_type, "max", make_time(thread, &time_type, clock_from_us(us_per_day - 1), {}));
  set_constant(thread, time_type, "resolution", make_delta(thread, 1));
}

} // namespace aspy::dt
