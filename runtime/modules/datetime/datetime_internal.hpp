// What the files of the datetime module share.
#pragma once

#include "runtime/modules/time/time_format.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <string>

namespace aspy::dt {

using Wide = __int128; // microseconds of the longest timedelta need 67 bits

inline constexpr int64_t us_per_second = 1'000'000;
inline constexpr int64_t us_per_day = 86'400 * us_per_second;

struct TimeDelta : Object {
  int32_t days = 0, seconds = 0, us = 0; // 0 <= seconds < 86400, 0 <= us < 1000000
};
struct Date : Object {
  int32_t year = 1;
  uint8_t month = 1, day = 1;
};
// The time of a day, in a time and in a datetime.
struct Clock {
  uint8_t hour = 0, minute = 0, second = 0, fold = 0;
  uint32_t us = 0;
};
struct DateTime : Date {
  Clock clock;
  Value tz; // tzinfo, owned; empty: naive
};
struct Time : Object {
  Clock clock;
  Value tz; // owned; empty: naive
};
struct TzInfo : Object {};
struct TimeZone : TzInfo {
  Value offset; // TimeDelta, owned
  Value name;   // str, owned; empty: made from the offset
};

// The attributes that times and datetimes have in common.
template <class T> Ref get_hour(Thread&, Value self) { return make_int(cast<T>(self)->clock.hour); }
template <class T> Ref get_minute(Thread&, Value self) { return make_int(cast<T>(self)->clock.minute); }
template <class T> Ref get_second(Thread&, Value self) { return make_int(cast<T>(self)->clock.second); }
template <class T> Ref get_microsecond(Thread&, Value self) { return make_int(cast<T>(self)->clock.us); }
template <class T> Ref get_fold(Thread&, Value self) { return make_int(cast<T>(self)->clock.fold); }
template <class T> Ref get_tzinfo(Thread&, Value self) {
  return share(cast<T>(self)->tz ? cast<T>(self)->tz : None);
}
template <class T>
inline constexpr GetSetDef clock_getset[] = {{"hour", get_hour<T>},     {"minute", get_minute<T>},
                                             {"second", get_second<T>}, {"microsecond", get_microsecond<T>},
                                             {"fold", get_fold<T>},     {"tzinfo", get_tzinfo<T>},
                                             {nullptr, nullptr}};

extern Type timedelta_type, date_type, datetime_type, time_type, tzinfo_type, timezone_type, iso_date_type;

inline bool is_delta(Value value) { return is_instance(value, timedelta_type); }
inline bool is_date(Value value) { return is_instance(value, date_type); } // datetimes as well
inline bool is_datetime(Value value) { return is_instance(value, datetime_type); }
inline bool is_time(Value value) { return is_instance(value, time_type); }

// --- timedelta ----------------------------------------------------------------------------------------
Wide delta_us(const TimeDelta* delta);
Ref make_delta(Thread& thread, Wide us, Type* type = &timedelta_type); // OverflowError
std::string delta_repr_text(const TimeDelta* delta);

// --- tzinfo -------------------------------------------------------------------------------------------
// None or a tzinfo, into `out` (empty for None). TypeError.
bool tz_arg(Thread& thread, Value value, Value& out);
// tz.utcoffset(dt) and tz.dst(dt): `has` false where they give None. The result must lie strictly within a
// day.
bool tz_offset(Thread& thread, Value tz, Value dt_or_none, const char* method, bool& has, int64_t& us);
bool tz_name(Thread& thread, Value tz, Value dt_or_none, Ref& out); // a str or None
Ref make_timezone(Thread& thread, int64_t offset_us,
                  Value name = {}); // the UTC singleton for zero without a name
Value utc();                        // borrowed

// --- date and datetime -----------------------------------------------------------------------------------
bool check_date(Thread& thread, int64_t year, int64_t month, int64_t day);
bool check_clock(Thread& thread, int64_t hour, int64_t minute, int64_t second, int64_t us, int64_t fold);
// Instances of `type`, which is the native type or a script subclass (then its constructor is called).
Ref make_date(Thread& thread, Type* type, int64_t year, int month, int day);
Ref make_datetime(Thread& thread, Type* type, int64_t year, int month, int day, const Clock& clock, Value tz);
Ref make_time(Thread& thread, Type* type, const Clock& clock, Value tz);
// Microseconds from 0001-01-01 00:00, as if naive.
int64_t datetime_us(const DateTime* moment);
Ref datetime_from_us(Thread& thread, Type* type, Wide us, Value tz,
                     int fold = 0); // OverflowError "date value out of range"
inline int64_t clock_us(const Clock& clock) {
  return ((clock.hour * int64_t{60} + clock.minute) * 60 + clock.second) * us_per_second + clock.us;
}
Clock clock_from_us(int64_t us); // within a day

// "12:30:45.123456" with the wanted precision. ValueError "Unknown timespec value".
bool format_clock(Thread& thread, const Clock& clock, std::string_view timespec, std::string& out);
// Parses "HH[:MM[:SS[.ffffff]]][+HH:MM...]" in either form; false (nothing raised) when it is malformed.
// `next_day`: 24:00.
struct ParsedTime {
  int64_t hour = 0, minute = 0, second = 0, us = 0;
  bool has_offset = false, next_day = false;
  int64_t offset_us = 0;
};
bool parse_iso_time(std::string_view text, ParsedTime& out);
// Parses a date in any ISO 8601 form; the length used. 0: malformed. -1: raised (week or day out of range).
int parse_iso_date(std::string_view text, int64_t& year, int64_t& month, int64_t& day);
Ref raise_iso(Thread& thread, Value text); // "Invalid isoformat string: ..."

Ref bool_of(CompareOp op, int64_t order); // from a three-way comparison
// Fills the fields that strftime needs from an object's tzinfo.
bool add_zone(Thread& thread, Value tz, Value dt_or_none, TimeFields& fields);
// What strptime(type, text, format) reads. TypeError, ValueError.
bool strptime_fields(Thread& thread, const Value* args, TimeFields& out);
Ref strftime_text(Thread& thread, Value format, const TimeFields& fields);
// __format__: str(self) for an empty spec, else self.strftime(spec).
Ref format_method(Thread& thread, const Value* args);
Ref iso_date(Thread& thread, const Date* date);
Ref struct_time(Thread& thread, const Date* date, const Clock& clock, int isdst);
void set_constant(Thread& thread, Type& type, const char* name, Ref value);

void init_delta_type(Thread& thread);
void init_zone_types(Thread& thread);
void init_date_type(Thread& thread);
void init_time_type(Thread& thread);
void init_datetime_type(Thread& thread);

// TypeError: year, month or day (0, 1, 2) is missing.
bool need_date_part(Thread& thread, int part);
// Whether a call with keywords names all three, which comes before names that nobody knows.
bool has_date_parts(Thread& thread, CallArgs args);

} // namespace aspy::dt
