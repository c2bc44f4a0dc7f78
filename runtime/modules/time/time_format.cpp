#include "runtime/modules/time/time_format.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <iterator>

namespace aspy {

const char* const weekday_names[7] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                      "Friday", "Saturday", "Sunday"};
const char* const month_names[12] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

// --- the calendar ----------------------------------------------------------------------------------------

bool is_leap_year(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in_month(int64_t year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

static int64_t days_before_year(int64_t year) {
  int64_t before = year - 1;
  return before * 365 + before / 4 - before / 100 + before / 400;
}

int yearday_of(int64_t year, int month, int day) {
  int days = day;
  for (int m = 1; m < month; ++m) days += days_in_month(year, m);
  return days;
}

int64_t date_to_ordinal(int64_t year, int month, int day) {
  return days_before_year(year) + yearday_of(year, month, day);
}

void ordinal_to_date(int64_t ordinal, int64_t& year, int& month, int& day) {
  year = ordinal / 366 + 1; // never too late
  while (days_before_year(year + 1) < ordinal)
    year += std::max<int64_t>(1, (ordinal - days_before_year(year + 1)) / 366);
  int64_t left = ordinal - days_before_year(year);
  for (month = 1; left > days_in_month(year, month); ++month) left -= days_in_month(year, month);
  day = static_cast<int>(left);
}

int weekday_of(int64_t year, int month, int day) {
  return static_cast<int>((date_to_ordinal(year, month, day) + 6) % 7);
}

void iso_calendar(int64_t year, int month, int day, int64_t& iso_year, int& week, int& weekday) {
  // The ISO year begins on the Monday of the week that holds January 4.
  auto first_monday = [](int64_t y) {
    int64_t fourth = date_to_ordinal(y, 1, 4);
    return fourth - (fourth + 6) % 7;
  };
  int64_t ordinal = date_to_ordinal(year, month, day);
  iso_year = year;
  if (ordinal < first_monday(year)) {
    --iso_year;
  } else if (ordinal >= first_monday(year + 1)) {
    ++iso_year;
  }
  week = static_cast<int>((ordinal - first_monday(iso_year)) / 7) + 1;
  weekday = static_cast<int>((ordinal + 6) % 7) + 1;
}

// --- writing ---------------------------------------------------------------------------------------------

std::string format_offset(int64_t offset_us, bool colon) {
  char sign = offset_us < 0 ? '-' : '+';
  int64_t us = offset_us < 0 ? -offset_us : offset_us;
  int64_t seconds = us / 1000000;
  us %= 1000000;
  const char* separator = colon ? ":" : "";
  std::string out = fmt::format("{}{:02}{}{:02}", sign, seconds / 3600, separator, seconds / 60 % 60);
  if (seconds % 60 || us) out += fmt::format("{}{:02}", separator, seconds % 60);
  if (us) out += fmt::format(".{:06}", us);
  return out;
}

std::string format_time(const TimeFields& fields, std::string_view format) {
  std::string out;
  auto at = std::back_inserter(out);
  std::string_view weekday = weekday_names[fields.weekday % 7], month = month_names[(fields.month + 11) % 12];
  int hour12 = fields.hour % 12 == 0 ? 12 : fields.hour % 12;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    size_t start = i++;
    // The flags and the width of the C library: %-d, %_d, %010Y.
    char flag = 0;
    int wide = 0;
    while (i + 1 < format.size() && std::string_view("-_0^#").find(format[i]) != std::string_view::npos)
      flag = format[i++];
    while (i + 1 < format.size() && format[i] >= '0' && format[i] <= '9' && wide < 1000)
      wide = wide * 10 + (format[i++] - '0');
    if (i + 1 < format.size() && (format[i] == 'E' || format[i] == 'O'))
      ++i; // alternatives that the C locale lacks
    bool no_pad = flag == '-';
    auto number = [&](int64_t value, int width, char pad = '0') {
      width = std::max(width, wide);
      if (flag == '_') pad = ' ';
      if (flag == '0') pad = '0';
      if (no_pad) {
        fmt::format_to(at, "{}", value);
      } else if (pad == '0') {
        fmt::format_to(at, "{:0{}}", value, width);
      } else {
        fmt::format_to(at, "{:{}}", value, width);
      }
    };
    bool colon = format[i] == ':' && i + 1 < format.size() && format[i + 1] == 'z';
    if (colon) ++i;
    size_t before = out.size();
    switch (format[i]) {
    case 'a': out += weekday.substr(0, 3); break;
    case 'A': out += weekday; break;
    case 'b':
    case 'h': out += month.substr(0, 3); break;
    case 'B': out += month; break;
    case 'c': out += format_time(fields, "%a %b %e %H:%M:%S %Y"); break;
    case 'C': number(fields.year / 100, 2); break;
    case 'd': number(fields.day, 2); break;
    case 'D':
    case 'x': out += format_time(fields, "%m/%d/%y"); break;
    case 'e': number(fields.day, 2, ' '); break;
    case 'f': fmt::format_to(at, "{:06}", fields.microsecond); break;
    case 'F': out += format_time(fields, "%Y-%m-%d"); break;
    case 'H': number(fields.hour, 2); break;
    case 'I': number(hour12, 2); break;
    case 'j': number(fields.yearday, 3); break;
    case 'k': number(fields.hour, 2, ' '); break;
    case 'l': number(hour12, 2, ' '); break;
    case 'm': number(fields.month, 2); break;
    case 'M': number(fields.minute, 2); break;
    case 'n': out += '\n'; break;
    case 'p': out += fields.hour < 12 ? "AM" : "PM"; break;
    case 'P': out += fields.hour < 12 ? "am" : "pm"; break;
    case 'r': out += format_time(fields, "%I:%M:%S %p"); break;
    case 'R': out += format_time(fields, "%H:%M"); break;
    case 's': {
      int64_t days = date_to_ordinal(fields.year, fields.month, fields.day) - date_to_ordinal(1970, 1, 1);
      fmt::format_to(at, "{}", days * 86400 + fields.hour * 3600 + fields.minute * 60 + fields.second);
      break;
    }
    case 'S': number(fields.second, 2); break;
    case 't': out += '\t'; break;
    case 'T':
    case 'X': out += format_time(fields, "%H:%M:%S"); break;
    case 'u': number(fields.weekday + 1, 1); break;
    case 'w': number((fields.weekday + 1) % 7, 1); break;
    // Weeks counted from the first Sunday (U) or Monday (W) of the year.
    case 'U': number((fields.yearday + 6 - (fields.weekday + 1) % 7) / 7, 2); break;
    case 'W': number((fields.yearday + 6 - fields.weekday) / 7, 2); break;
    case 'G':
    case 'g':
    case 'V': {
      int64_t iso_year;
      int week, day;
      iso_calendar(fields.year, fields.month, fields.day, iso_year, week, day);
      if (format[i] == 'V') {
        number(week, 2);
      } else if (format[i] == 'G') {
        number(iso_year, 4);
      } else {
        number(iso_year % 100, 2);
      }
      break;
    }
    case 'y': number(fields.year % 100, 2); break;
    case 'Y': number(fields.year, 4); break;
    case 'z':
      if (fields.has_offset) out += format_offset(fields.offset_us, colon);
      break;
    case 'Z': out += fields.zone; break;
    case '%': out += '%'; break;
    default: out.append(format.substr(start, i - start + 1)); continue;
    }
    if (flag == '^' || (flag == '#' && format[i] != 'Z' && format[i] != 'p')) {
      std::transform(out.begin() + static_cast<ptrdiff_t>(before), out.end(),
                     out.begin() + static_cast<ptrdiff_t>(before), ::toupper);
    } else if (flag == '#') {
      std::transform(out.begin() + static_cast<ptrdiff_t>(before), out.end(),
                     out.begin() + static_cast<ptrdiff_t>(before), ::tolower);
    }
    size_t length = out.size() - before; // a width pads texts with spaces
    if (length < static_cast<size_t>(wide))
      out.insert(before, static_cast<size_t>(wide) - length, flag == '0' ? '0' : ' ');
  }
  return out;
}

} // namespace aspy
