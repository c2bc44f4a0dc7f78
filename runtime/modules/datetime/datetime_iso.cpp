// ISO 8601 texts, and helpers that date, time and datetime share.
#include "runtime/importing/importing.hpp"
#include "runtime/modules/datetime/datetime_internal.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/sequence/struct_sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <fmt/format.h>

namespace aspy::dt {

Type iso_date_type;

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Exactly `count` digits at `at`, which moves behind them.
bool digits(std::string_view text, size_t& at, size_t count, int64_t& out) {
  if (text.size() < at + count) return false;
  out = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!is_digit(text[at + i])) return false;
    out = out * 10 + (text[at + i] - '0');
  }
  at += count;
  return true;
}

// HH[[:]MM[[:]SS[.fff]]]; the whole of `text`.
bool parse_clock(std::string_view text, int64_t& hour, int64_t& minute, int64_t& second, int64_t& us) {
  size_t at = 0;
  if (!digits(text, at, 2, hour)) return false;
  if (at == text.size()) return true;
  bool colons = text[at] == ':';
  if (colons) ++at;
  if (!digits(text, at, 2, minute)) return false;
  if (at == text.size()) return true;
  if (colons != (text[at] == ':')) return false;
  if (colons) ++at;
  if (!digits(text, at, 2, second)) return false;
  if (at == text.size()) return true;
  if (text[at] != '.' && text[at] != ',') return false;
  ++at;
  size_t count = 0;
  for (; at < text.size() && is_digit(text[at]); ++at, ++count) {
    if (count < 6) us = us * 10 + (text[at] - '0');
  }
  if (count == 0 || at != text.size()) return false;
  for (; count < 6; ++count) us *= 10;
  return true;
}

} // namespace

bool parse_iso_time(std::string_view text, ParsedTime& out) {
  size_t zone = text.find_first_of("+-Z");
  std::string_view clock = text.substr(0, zone);
  if (!parse_clock(clock, out.hour, out.minute, out.second, out.us)) return false;
  if (zone != std::string_view::npos) {
    out.has_offset = true;
    std::string_view rest = text.substr(zone + 1);
    if (text[zone] == 'Z') {
      if (!rest.empty()) return false;
    } else {
      int64_t hour = 0, minute = 0, second = 0, us = 0;
      if (!parse_clock(rest, hour, minute, second, us)) return false;
      out.offset_us = ((hour * 60 + minute) * 60 + second) * us_per_second + us;
      if (text[zone] == '-') out.offset_us = -out.offset_us;
    }
  }
  // Midnight at the end of a day is the beginning of the next.
  if (out.hour == 24 && out.minute == 0 && out.second == 0 && out.us == 0) {
    out.hour = 0;
    out.next_day = true;
  }
  return true;
}

int parse_iso_date(std::string_view text, int64_t& year, int64_t& month, int64_t& day) {
  size_t at = 0;
  if (!digits(text, at, 4, year)) return 0;
  bool dashes = at < text.size() && text[at] == '-';
  if (dashes) ++at;
  if (at < text.size() && text[at] == 'W') {
    ++at;
    int64_t week, weekday = 1;
    if (!digits(text, at, 2, week)) return 0;
    size_t before = at;
    if (!dashes && at < text.size() && is_digit(text[at])) {
      digits(text, at, 1, weekday);
    } else if (dashes && at < text.size() && text[at] == '-') {
      ++at;
      if (!digits(text, at, 1, weekday)) at = before;
    }
    if (year < 1 || week < 1 || week > 53 || weekday < 1 || weekday > 7) return 0;
    int64_t fourth = date_to_ordinal(year, 1, 4);
    int64_t ordinal = fourth - (fourth + 6) % 7 + (week - 1) * 7 + weekday - 1;
    if (week == 53 && weekday_of(year, 1, 1) != 3 && !(weekday_of(year, 1, 1) == 2 && is_leap_year(year))) {
      return 0;
    }
    int month_number, day_number;
    ordinal_to_date(ordinal, year, month_number, day_number);
    month = month_number;
    day = day_number;
    return static_cast<int>(at);
  }
  if (!digits(text, at, 2, month)) return 0;
  if (dashes) {
    if (at >= text.size() || text[at] != '-') return 0;
    ++at;
  }
  if (!digits(text, at, 2, day)) return 0;
  return static_cast<int>(at);
}

Ref raise_iso(Thread& thread, Value text) {
  return raise_value_error(thread,
                           fmt::format("Invalid isoformat string: {}", quote(cast<Str>(text)->view())));
}

Ref bool_of(CompareOp op, int64_t order) { return share(Value::from_bool(holds(op, order))); }

static constexpr const char* date_parts[] = {"year", "month", "day"};

bool need_date_part(Thread& thread, int part) {
  return raise_type_error(
      thread, fmt::format("function missing required argument '{}' (pos {})", date_parts[part], part + 1));
}

bool has_date_parts(Thread& thread, CallArgs args) {
  for (uint32_t part = args.count; part < 3; ++part) {
    bool named = false;
    for (size_t i = 0; i < args.kwnames->size; ++i)
      named = named || cast<Str>((*args.kwnames)[i])->view() == date_parts[part];
    if (!named) return need_date_part(thread, static_cast<int>(part));
  }
  return true;
}

bool check_date(Thread& thread, int64_t year, int64_t month, int64_t day) {
  if (year < 1 || year > 9999)
    return raise_value_error(thread, fmt::format("year must be in 1..9999, not {}", year));
  if (month < 1 || month > 12)
    return raise_value_error(thread, fmt::format("month must be in 1..12, not {}", month));
  int last = days_in_month(year, static_cast<int>(month));
  if (day < 1 || day > last) {
    return raise_value_error(
        thread, fmt::format("day {} must be in range 1..{} for month {} in year {}", day, last, month, year));
  }
  return true;
}

bool check_clock(Thread& thread, int64_t hour, int64_t minute, int64_t second, int64_t us, int64_t fold) {
  auto refuse = [&](const char* name, int64_t last, int64_t value) {
    return raise_value_error(thread, fmt::format("{} must be in 0..{}, not {}", name, last, value));
  };
  if (hour < 0 || hour > 23) return refuse("hour", 23, hour);
  if (minute < 0 || minute > 59) return refuse("minute", 59, minute);
  if (second < 0 || second > 59) return refuse("second", 59, second);
  if (us < 0 || us > 999999) return refuse("microsecond", 999999, us);
  if (fold != 0 && fold != 1)
    return raise_value_error(thread, fmt::format("fold must be either 0 or 1, not {}", fold));
  return true;
}

Clock clock_from_us(int64_t us) {
  Clock clock;
  clock.us = static_cast<uint32_t>(us % us_per_second);
  int64_t seconds = us / us_per_second;
  clock.second = static_cast<uint8_t>(seconds % 60);
  clock.minute = static_cast<uint8_t>(seconds / 60 % 60);
  clock.hour = static_cast<uint8_t>(seconds / 3600);
  return clock;
}

bool format_clock(Thread& thread, const Clock& clock, std::string_view timespec, std::string& out) {
  if (timespec == "auto") timespec = clock.us ? "microseconds" : "seconds";
  if (timespec == "hours") {
    out += fmt::format("{:02}", clock.hour);
  } else if (timespec == "minutes") {
    out += fmt::format("{:02}:{:02}", clock.hour, clock.minute);
  } else if (timespec == "seconds") {
    out += fmt::format("{:02}:{:02}:{:02}", clock.hour, clock.minute, clock.second);
  } else if (timespec == "milliseconds") {
    out += fmt::format("{:02}:{:02}:{:02}.{:03}", clock.hour, clock.minute, clock.second, clock.us / 1000);
  } else if (timespec == "microseconds") {
    out += fmt::format("{:02}:{:02}:{:02}.{:06}", clock.hour, clock.minute, clock.second, clock.us);
  } else {
    return raise_value_error(thread, "Unknown timespec value");
  }
  return true;
}

bool add_zone(Thread& thread, Value tz, Value dt, TimeFields& fields) {
  if (tz.is_empty()) return true;
  Ref name;
  if (!tz_offset(thread, tz, dt, "utcoffset", fields.has_offset, fields.offset_us) ||
      !tz_name(thread, tz, dt, name))
    return false;
  if (!name.get().is_none()) fields.zone = cast<Str>(name)->view();
  return true;
}

bool strptime_fields(Thread& thread, const Value* args, TimeFields& out) {
  for (int i : {1, 2})
    if (!is_str(args[i]))
      return raise_type_error(
          thread, fmt::format("strptime() argument {} must be str, not {}", i, argument_type(args[i])));
  return parse_time(thread, cast<Str>(args[1])->view(), cast<Str>(args[2])->view(), out);
}

Ref strftime_text(Thread& thread, Value format, const TimeFields& fields) {
  if (!is_str(format)) {
    return raise_type_error(thread,
                            fmt::format("strftime() argument 1 must be str, not {}", argument_type(format)));
  }
  return make_str(format_time(fields, cast<Str>(format)->view()));
}

Ref format_method(Thread& thread, const Value* args) {
  if (!is_str(args[1])) {
    return raise_type_error(
        thread, fmt::format("__format__() argument 1 must be str, not {}", argument_type(args[1])));
  }
  if (cast<Str>(args[1])->size == 0) return str(thread, args[0]);
  return call_method(thread, args[0], "strftime", {args[1]});
}

Ref iso_date(Thread&, const Date* date) {
  static const char* const fields[] = {"year", "week", "weekday"};
  init_struct_sequence(iso_date_type, {.name = "datetime.IsoCalendarDate", .fields = fields});
  int64_t year;
  int week, weekday;
  iso_calendar(date->year, date->month, date->day, year, week, weekday);
  return make_struct_sequence(iso_date_type,
                              {Value::from_int(year), Value::from_int(week), Value::from_int(weekday)});
}

Ref struct_time(Thread& thread, const Date* date, const Clock& clock, int isdst) {
  Ref type = import_attribute(thread, "time", "struct_time");
  if (!type) return {};
  auto number = [](int64_t value) { return Value::from_int(value); };
  Value items[] = {number(date->year),
                   number(date->month),
                   number(date->day),
                   number(clock.hour),
                   number(clock.minute),
                   number(clock.second),
                   number(weekday_of(date->year, date->month, date->day)),
                   number(yearday_of(date->year, date->month, date->day)),
                   number(isdst)};
  return make_struct_sequence(*cast<Type>(type), std::span<const Value>(items));
}

void set_constant(Thread& thread, Type& type, const char* name, Ref value) {
  type_set_attr(thread, &type, intern(name), value, false);
}

} // namespace aspy::dt
