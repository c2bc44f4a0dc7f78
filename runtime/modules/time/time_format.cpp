#include "runtime/modules/time/time_format.hpp"

#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
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
    bool no_pad = format[i] == '-' && i + 1 < format.size(); // glibc's flag
    if (no_pad) ++i;
    auto number = [&](int64_t value, int width, char pad = '0') {
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
    default: out.append(format.substr(start, i - start + 1)); break;
    }
  }
  return out;
}

// --- reading ---------------------------------------------------------------------------------------------

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

struct TimeParser {
  Thread& thread;
  std::string_view text, format;
  TimeFields& out;
  size_t at = 0;
  bool afternoon = false, has_meridiem = false, has_hour12 = false;
  bool has_month = false, has_day = false, has_year = false;
  int julian = -1, weekday = -1, week = -1, iso_week = -1;
  int64_t iso_year = -1;
  bool week_from_monday = false;

  // A number of up to `digits` digits in [low, high]; takes as many digits as stay in range. A leading space
  // may stand for a zero.
  bool number(int digits, int64_t low, int64_t high, int64_t& value) {
    size_t begin = at;
    value = 0;
    size_t taken = 0, good = 0;
    int64_t best = 0;
    for (; taken < static_cast<size_t>(digits) && begin + taken < text.size() &&
           is_digit(text[begin + taken]);) {
      value = value * 10 + (text[begin + taken++] - '0');
      if (value > high) break;
      if (value >= low) {
        good = taken;
        best = value;
      }
    }
    if (good == 0) return false;
    value = best;
    at = begin + good;
    return true;
  }
  bool number(int digits, int low, int high, int& value) {
    int64_t wide;
    if (!number(digits, int64_t{low}, int64_t{high}, wide)) return false;
    value = static_cast<int>(wide);
    return true;
  }

  // One of `count` names, in any case; full names before their abbreviations.
  bool name(const char* const* names, int count, size_t length, int& index) {
    int found = -1;
    size_t size = 0;
    for (int i = 0; i < count; ++i) {
      std::string_view full = std::string_view(names[i]).substr(0, length);
      if (full.size() <= size || text.size() - at < full.size()) continue;
      bool same = true;
      for (size_t k = 0; k < full.size(); ++k) same = same && lower(text[at + k]) == lower(full[k]);
      if (same) {
        found = i;
        size = full.size();
      }
    }
    if (found < 0) return false;
    at += size;
    index = found;
    return true;
  }

  bool offset() {
    if (at < text.size() && (text[at] == 'Z')) {
      ++at;
      out.has_offset = true;
      out.offset_us = 0;
      return true;
    }
    if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return false;
    bool negative = text[at++] == '-';
    int64_t parts[3] = {0, 0, 0};
    auto two = [&](int64_t& value) {
      if (text.size() - at < 2 || !is_digit(text[at]) || !is_digit(text[at + 1])) return false;
      value = (text[at] - '0') * 10 + (text[at + 1] - '0');
      at += 2;
      return true;
    };
    if (!two(parts[0])) return false;
    bool colon = at < text.size() && text[at] == ':';
    if (colon) ++at;
    if (!two(parts[1]) || parts[1] > 59) return false;
    size_t before = at;
    if (at < text.size() && (!colon || text[at] == ':')) {
      if (colon) ++at;
      if (!two(parts[2])) at = before;
    }
    int64_t us = 0;
    if (at != before && at + 1 < text.size() && text[at] == '.' && is_digit(text[at + 1])) {
      ++at;
      int digits = 0;
      for (; digits < 6 && at < text.size() && is_digit(text[at]); ++digits)
        us = us * 10 + (text[at++] - '0');
      for (; digits < 6; ++digits) us *= 10;
    }
    out.has_offset = true;
    out.offset_us = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000000 + us;
    if (negative) out.offset_us = -out.offset_us;
    return true;
  }

  bool zone() {
    static const char* const known[] = {"utc", "gmt"};
    for (const char* candidate : known) {
      bool same = text.size() - at >= 3;
      for (size_t k = 0; same && k < 3; ++k) same = lower(text[at + k]) == candidate[k];
      if (!same) continue;
      out.zone = std::string(text.substr(at, 3));
      out.isdst = 0;
      at += 3;
      return true;
    }
    for (int dst = 0; dst < 2; ++dst) {
      std::string_view local = tzname[dst];
      if (local.empty() || text.substr(at, local.size()) != local) continue;
      out.zone = local;
      out.isdst = dst;
      at += local.size();
      return true;
    }
    return true; // %Z may match nothing
  }

  // One directive: 1 matched, 0 not, -1 raised.
  int directive(char code) {
    int value;
    switch (code) {
    case 'a': return name(weekday_names, 7, 3, weekday);
    case 'A': return name(weekday_names, 7, 99, weekday);
    case 'b':
    case 'B':
      if (!name(month_names, 12, code == 'b' ? 3 : 99, value)) return 0;
      out.month = value + 1;
      has_month = true;
      return 1;
    case 'c': return run("%a %b %d %H:%M:%S %Y");
    case 'd':
      if (at < text.size() && text[at] == ' ' && at + 1 < text.size() && is_digit(text[at + 1])) ++at;
      has_day = true;
      return number(2, 1, 31, out.day);
    case 'f': {
      int digits = 0;
      out.microsecond = 0;
      for (; digits < 6 && at < text.size() && is_digit(text[at]); ++digits) {
        out.microsecond = out.microsecond * 10 + (text[at++] - '0');
      }
      if (digits == 0) return 0;
      for (; digits < 6; ++digits) out.microsecond *= 10;
      return 1;
    }
    case 'H':
    case 'k': return number(2, 0, 23, out.hour);
    case 'I':
    case 'l': has_hour12 = true; return number(2, 1, 12, out.hour);
    case 'j': return number(3, 1, 366, julian);
    case 'm': has_month = true; return number(2, 1, 12, out.month);
    case 'M': return number(2, 0, 59, out.minute);
    case 'S': return number(2, 0, 61, out.second);
    case 'p':
      if (text.size() - at < 2 || lower(text[at + 1]) != 'm') return 0;
      if (lower(text[at]) != 'a' && lower(text[at]) != 'p') return 0;
      afternoon = lower(text[at]) == 'p';
      has_meridiem = true;
      at += 2;
      return 1;
    case 'u':
      if (!number(1, 1, 7, weekday)) return 0;
      --weekday;
      return 1;
    case 'w':
      if (!number(1, 0, 6, weekday)) return 0;
      weekday = (weekday + 6) % 7;
      return 1;
    case 'U':
    case 'W': week_from_monday = code == 'W'; return number(2, 0, 53, week);
    case 'V': return number(2, 1, 53, iso_week);
    case 'G':
    case 'Y': {
      if (text.size() - at < 4) return 0;
      for (size_t i = 0; i < 4; ++i) {
        if (!is_digit(text[at + i])) return 0;
      }
      int64_t year;
      number(4, int64_t{0}, int64_t{9999}, year);
      if (code == 'G') {
        iso_year = year;
      } else {
        out.year = year;
        has_year = true;
      }
      return 1;
    }
    case 'y':
      if (text.size() - at < 2 || !is_digit(text[at]) || !is_digit(text[at + 1])) return 0;
      number(2, 0, 99, value);
      out.year = value + (value <= 68 ? 2000 : 1900);
      has_year = true;
      return 1;
    case 'x':
    case 'D': return run("%m/%d/%y");
    case 'X':
    case 'T': return run("%H:%M:%S");
    case 'F': return run("%Y-%m-%d");
    case 'R': return run("%H:%M");
    case 'z': return offset();
    case 'Z': return zone();
    case '%':
      if (at >= text.size() || text[at] != '%') return 0;
      ++at;
      return 1;
    default:
      raise_value_error(thread, fmt::format("'{}' is a bad directive in format {}", code, quote(format)));
      return -1;
    }
  }

  // Matches a format: 1, 0, -1 raised.
  int run(std::string_view pattern) {
    for (size_t i = 0; i < pattern.size(); ++i) {
      char c = pattern[i];
      if (is_space(c)) { // any run of whitespace matches any run
        while (i + 1 < pattern.size() && is_space(pattern[i + 1])) ++i;
        if (at >= text.size() || !is_space(text[at])) return 0;
        while (at < text.size() && is_space(text[at])) ++at;
      } else if (c == '%') {
        if (++i == pattern.size()) {
          raise_value_error(thread, fmt::format("stray % in format {}", quote(format)));
          return -1;
        }
        int matched = directive(pattern[i]);
        if (matched != 1) return matched;
      } else {
        if (at >= text.size() || lower(text[at]) != lower(c)) return 0;
        ++at;
      }
    }
    return 1;
  }

  // Bad directives are reported whether or not the text fits in front of them.
  bool check_directives() {
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%') continue;
      if (++i == format.size())
        return raise_value_error(thread, fmt::format("stray % in format {}", quote(format)));
      if (!std::strchr("aAbBcdfHIjmMSpuwUWVGYyxXzZ%DTFRkl", format[i])) {
        return raise_value_error(
            thread, fmt::format("'{}' is a bad directive in format {}", format[i], quote(format)));
      }
    }
    return true;
  }

  bool finish() {
    if (has_meridiem && has_hour12) {
      out.hour = out.hour % 12 + (afternoon ? 12 : 0);
    } else if (has_hour12 && out.hour == 12) {
      out.hour = 0;
    }
    if (iso_year >= 0 && iso_week > 0 && weekday >= 0) {
      int64_t fourth = date_to_ordinal(iso_year, 1, 4);
      int64_t ordinal = fourth - (fourth + 6) % 7 + (iso_week - 1) * 7 + weekday;
      ordinal_to_date(ordinal, out.year, out.month, out.day);
      has_month = has_day = true;
    } else if (iso_year >= 0) {
      return raise_value_error(
          thread, "ISO year directive '%G' must be used with the ISO week directive '%V' and a weekday "
                  "directive ('%A', '%a', '%w', or '%u').");
    }
    if (julian < 0 && week >= 0 && weekday >= 0 && has_year) {
      // The week of the year together with the weekday gives the day.
      int first = weekday_of(out.year, 1, 1);
      int day = weekday;
      if (!week_from_monday) {
        first = (first + 1) % 7;
        day = (weekday + 1) % 7;
      }
      int to_first = (7 - first) % 7;
      julian = week == 0 ? 1 + day - first : 1 + to_first + 7 * (week - 1) + day;
    }
    if (julian >= 1 && !(has_month && has_day)) {
      ordinal_to_date(date_to_ordinal(out.year, 1, 1) + julian - 1, out.year, out.month, out.day);
    }
    if (out.day > days_in_month(out.year, out.month)) {
      return raise_value_error(thread,
                               fmt::format("day {} must be in range 1..{} for month {} in year {}", out.day,
                                           days_in_month(out.year, out.month), out.month, out.year));
    }
    out.weekday = weekday >= 0 ? weekday : weekday_of(out.year, out.month, out.day);
    out.yearday = yearday_of(out.year, out.month, out.day);
    return true;
  }
};

} // namespace

bool parse_time(Thread& thread, std::string_view text, std::string_view format, TimeFields& out) {
  TimeParser parser{thread, text, format, out};
  if (!parser.check_directives()) return false;
  int matched = parser.run(format);
  if (matched < 0) return false;
  if (!matched) {
    return raise_value_error(
        thread, fmt::format("time data {} does not match format {}", quote(text), quote(format)));
  }
  if (parser.at < text.size()) {
    return raise_value_error(thread, fmt::format("unconverted data remains: {}", text.substr(parser.at)));
  }
  return parser.finish();
}

} // namespace aspy
