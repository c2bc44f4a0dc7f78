// strftime and strptime, shared by the modules time and datetime.
#pragma once

#include "vm/object/object.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aspy {

// A moment taken apart.
struct TimeFields {
  int64_t year = 1900;
  int month = 1, day = 1; // from 1
  int hour = 0, minute = 0, second = 0;
  int microsecond = 0;
  int weekday = 0; // 0: Monday
  int yearday = 1; // from 1
  int isdst = -1;
  bool has_offset = false;
  int64_t offset_us = 0; // from UTC, microseconds
  std::string zone;      // %Z; empty: none
};

// --- the calendar (proleptic Gregorian) ---------------------------------------------------------------
bool is_leap_year(int64_t year);
int days_in_month(int64_t year, int month);
// Days from 0001-01-01 (which is day 1), and back.
int64_t date_to_ordinal(int64_t year, int month, int day);
void ordinal_to_date(int64_t ordinal, int64_t& year, int& month, int& day);
int weekday_of(int64_t year, int month, int day); // 0: Monday
int yearday_of(int64_t year, int month, int day); // from 1
void iso_calendar(int64_t year, int month, int day, int64_t& iso_year, int& week,
                  int& weekday); // weekday from 1

extern const char* const weekday_names[7]; // "Monday" first
extern const char* const month_names[12];

// "+05:30" (or "+0530" without the colon), with seconds and microseconds where there are some.
std::string format_offset(int64_t offset_us, bool colon);

// Writes `fields` by `format` in the C locale. Unknown directives stay as they are.
std::string format_time(const TimeFields& fields, std::string_view format);
// Reads `text` by `format`. False: ValueError as strptime raises it.
bool parse_time(Thread& thread, std::string_view text, std::string_view format, TimeFields& out);

} // namespace aspy
