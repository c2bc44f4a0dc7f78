// strptime: a text is matched against a format with backtracking ("%d%m%Y" takes "1112020" apart as 11, 1,
// 2020), then the parts are put together to a date.
#include "runtime/modules/time/time_format.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/warnings.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <functional>

namespace aspy {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_text(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// Directives that stand for a longer format; null: none.
const char* expansion(char code) {
  switch (code) {
  case 'c': return "%a %b %d %H:%M:%S %Y";
  case 'r': return "%I:%M:%S %p";
  case 'R': return "%H:%M";
  case 'T':
  case 'X': return "%H:%M:%S";
  case 'x': return "%m/%d/%y";
  default: return nullptr;
  }
}

// Numbers of at most so many digits in a range; all digits must be there where `fixed`.
struct NumberRange {
  char code;
  size_t digits;
  int low, high;
  bool fixed = false;
};
constexpr NumberRange number_ranges[] = {
    {'d', 2, 1, 31}, {'H', 2, 0, 23}, {'I', 2, 1, 12},       {'j', 3, 1, 366},        {'m', 2, 1, 12},
    {'M', 2, 0, 59}, {'S', 2, 0, 61}, {'U', 2, 0, 53},       {'W', 2, 0, 53},         {'V', 2, 0, 53},
    {'w', 1, 0, 6},  {'u', 1, 1, 7},  {'y', 2, 0, 99, true}, {'Y', 4, 0, 9999, true}, {'G', 4, 0, 9999, true},
};

class TimeParser {
public:
  TimeParser(Thread& thread, std::string_view text, std::string_view format, TimeFields& out)
      : thread_(thread), text_(text), format_(format), out_(out) {}

  bool run() {
    std::string pattern;
    if (!expand(format_, pattern)) return false;
    if (has_day_ && !has_year_ && !warn_ambiguous()) return false;
    if (!match(pattern, 0, 0)) {
      return raise_value_error(
          thread_, fmt::format("time data {} does not match format {}", quote(text_), quote(format_)));
    }
    if (end_ < text_.size())
      return raise_value_error(thread_, fmt::format("unconverted data remains: {}", text_.substr(end_)));
    return read_offset() && put_together();
  }

private:
  Thread& thread_;
  std::string_view text_, format_;
  TimeFields& out_;
  size_t end_ = 0; // of the match
  bool has_day_ = false, has_year_ = false;
  // What the directives matched; -1: there was none.
  int month_ = -1, day_ = -1, hour12_ = -1, weekday_ = -1, julian_ = -1, week_ = -1, iso_week_ = -1,
      meridiem_ = -1;
  int64_t year_ = -1, iso_year_ = -1;
  bool week_from_monday_ = false;
  std::string_view offset_;
  std::string order_; // the directives in the order in which they stand

  // --- the format -----------------------------------------------------------------------------------------

  // Writes directives out in full and without the flags of strftime; each bad one raises, wherever the text
  // ends.
  bool expand(std::string_view format, std::string& out) {
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%') {
        out += format[i];
        continue;
      }
      for (++i; i < format.size() && std::strchr("-_0^#123456789", format[i]);) ++i;
      if (i == format.size())
        return raise_value_error(thread_, fmt::format("stray % in format {}", quote(format_)));
      char code = format[i];
      if (const char* longer = expansion(code)) {
        if (!expand(longer, out)) return false;
        continue;
      }
      switch (code) {
      case 'e': code = 'd'; break;
      case 'k': code = 'H'; break;
      case 'l': code = 'I'; break;
      case 'P': code = 'p'; break;
      default:
        if (!std::strchr("aAbBdfHIjmMSpuwUWVGYyzZ%", code)) {
          return raise_value_error(thread_,
                                   fmt::format("'{}' is a bad directive in format {}", code, quote(format_)));
        }
      }
      // Each may stand but once.
      if (code != '%') {
        if (auto at = order_.find(code); at != order_.npos)
          return raise_value_error(thread_,
                                   fmt::format("redefinition of group name '{}' as group {}; was group {}",
                                               code, order_.size() + 1, at + 1));
        order_ += code;
      }
      has_day_ = has_day_ || code == 'd';
      has_year_ = has_year_ || code == 'y' || code == 'Y' || code == 'G';
      out += '%';
      out += code;
    }
    return true;
  }

  bool warn_ambiguous() {
    return warn(thread_, DeprecationWarning_type,
                "Parsing dates involving a day of month without a year specified is ambiguous\n"
                "and fails to parse leap day. The default behavior will change in Python 3.15\n"
                "to either always raise an exception or to use a different default year (TBD).\n"
                "To avoid trouble, add a specific year to the input & format.\n"
                "See https://github.com/python/cpython/issues/70647.");
  }

  // --- matching -------------------------------------------------------------------------------------------

  // Does the pattern from `p` on match the text from `t` on? Longer matches of a directive are tried first.
  // What is matched is noted on the way back, so that failed trials leave no trace.
  bool match(std::string_view pattern, size_t p, size_t t) {
    if (p == pattern.size()) {
      end_ = t;
      return true;
    }
    char c = pattern[p];
    if (is_space(c)) {
      while (p < pattern.size() && is_space(pattern[p])) ++p;
      size_t stop = t;
      while (stop < text_.size() && is_space(text_[stop])) ++stop;
      for (; stop > t; --stop) {
        if (match(pattern, p, stop)) return true;
      }
      return false;
    }
    if (c != '%') return t < text_.size() && lower(text_[t]) == lower(c) && match(pattern, p + 1, t + 1);
    return directive(pattern[p + 1], t, [&](size_t stop) { return match(pattern, p + 2, stop); });
  }

  using Rest = std::function<bool(size_t)>;

  bool directive(char code, size_t t, const Rest& rest) {
    for (const NumberRange& range : number_ranges) {
      if (range.code == code) return number(range, t, rest);
    }
    switch (code) {
    case 'a': return name(weekday_names, 7, 3, t, rest, weekday_);
    case 'A': return name(weekday_names, 7, 99, t, rest, weekday_);
    case 'b': return name(month_names, 12, 3, t, rest, month_);
    case 'B': return name(month_names, 12, 99, t, rest, month_);
    case 'f': return fraction(t, rest);
    case 'p': return meridiem(t, rest);
    case 'z': return offset(t, rest);
    case 'Z': return zone(t, rest);
    default: return t < text_.size() && text_[t] == '%' && rest(t + 1);
    }
  }

  bool number(const NumberRange& range, size_t t, const Rest& rest) {
    for (size_t digits = range.digits; digits > 0; --digits) {
      if (range.fixed && digits < range.digits) break;
      if (text_.size() - t < digits) continue;
      int value = 0;
      bool all = true;
      for (size_t i = 0; i < digits; ++i) {
        all = all && is_digit(text_[t + i]);
        value = value * 10 + (text_[t + i] - '0');
      }
      if (!all || value < range.low || value > range.high || !rest(t + digits)) continue;
      note(range.code, value);
      return true;
    }
    // A space may stand for the zero in front of a day.
    if (range.code == 'd' && text_.size() - t >= 2 && text_[t] == ' ' && text_[t + 1] >= '1' &&
        text_[t + 1] <= '9' && rest(t + 2)) {
      note('d', text_[t + 1] - '0');
      return true;
    }
    return false;
  }

  void note(char code, int value) {
    switch (code) {
    case 'd': day_ = value; break;
    case 'H': out_.hour = value; break;
    case 'I': hour12_ = value; break;
    case 'j': julian_ = value; break;
    case 'm': month_ = value - 1; break;
    case 'M': out_.minute = value; break;
    case 'S': out_.second = value; break;
    case 'U':
    case 'W':
      week_ = value;
      week_from_monday_ = code == 'W';
      break;
    case 'V': iso_week_ = value; break;
    case 'w': weekday_ = (value + 6) % 7; break;
    case 'u': weekday_ = value - 1; break;
    case 'y': year_ = value + (value <= 68 ? 2000 : 1900); break;
    case 'Y': year_ = value; break;
    default: iso_year_ = value; break;
    }
  }

  bool name(const char* const* names, int count, size_t length, size_t t, const Rest& rest, int& index) {
    for (int i = 0; i < count; ++i) {
      std::string_view full = std::string_view(names[i]).substr(0, length);
      if (!same_text(text_.substr(t, full.size()), full) || !rest(t + full.size())) continue;
      index = i;
      return true;
    }
    return false;
  }

  bool fraction(size_t t, const Rest& rest) {
    size_t digits = 0;
    while (digits < 6 && t + digits < text_.size() && is_digit(text_[t + digits])) ++digits;
    for (; digits > 0; --digits) {
      if (!rest(t + digits)) continue;
      out_.microsecond = 0;
      for (size_t i = 0; i < 6; ++i)
        out_.microsecond = out_.microsecond * 10 + (i < digits ? text_[t + i] - '0' : 0);
      return true;
    }
    return false;
  }

  bool meridiem(size_t t, const Rest& rest) {
    for (int i = 0; i < 2; ++i) {
      if (!same_text(text_.substr(t, 2), i ? "pm" : "am") || !rest(t + 2)) continue;
      meridiem_ = i;
      return true;
    }
    return false;
  }

  // [+-]hh[:]mm[[:]ss[.ffffff]] or Z.
  bool offset(size_t t, const Rest& rest) {
    auto two = [&](size_t at, int most) {
      return at + 2 <= text_.size() && is_digit(text_[at]) && is_digit(text_[at + 1]) &&
             (text_[at] - '0') * 10 + text_[at + 1] - '0' <= most;
    };
    auto colon = [&](size_t at) { return at < text_.size() && text_[at] == ':' ? at + 1 : at; };
    auto take = [&](size_t stop) {
      if (!rest(stop)) return false;
      offset_ = text_.substr(t, stop - t);
      return true;
    };
    if (t < text_.size() && text_[t] == 'Z') return take(t + 1);
    if (t >= text_.size() || (text_[t] != '+' && text_[t] != '-') || !two(t + 1, 99)) return false;
    size_t minutes = colon(t + 3);
    if (!two(minutes, 59)) return false;
    size_t seconds = colon(minutes + 2);
    if (two(seconds, 59)) {
      size_t stop = seconds + 2;
      if (stop + 1 < text_.size() && text_[stop] == '.' && is_digit(text_[stop + 1])) {
        size_t last = stop + 1;
        while (last < text_.size() && last < stop + 7 && is_digit(text_[last])) ++last;
        for (; last > stop + 1; --last) {
          if (take(last)) return true;
        }
      }
      if (take(stop)) return true;
    }
    return take(minutes + 2);
  }

  bool zone(size_t t, const Rest& rest) {
    const std::string_view known[] = {"utc", "gmt", tzname[0], tzname[1]};
    for (size_t i = 0; i < std::size(known); ++i) {
      std::string_view candidate = known[i];
      if (candidate.empty() || !same_text(text_.substr(t, candidate.size()), candidate) ||
          !rest(t + candidate.size()))
        continue;
      out_.zone = std::string(text_.substr(t, candidate.size()));
      out_.isdst = i == 3 && daylight && candidate != known[2];
      return true;
    }
    return false;
  }

  // --- what was matched, put together ------------------------------------------------------------

  bool read_offset() {
    if (offset_.empty()) return true;
    out_.has_offset = true;
    if (offset_ == "Z") return true;
    size_t colons = 0;
    std::string digits;
    for (char c : offset_.substr(1, offset_.find('.') - 1)) {
      colons += c == ':';
      if (c != ':') digits += c;
    }
    if (digits.size() == 6 && colons == 1)
      return raise_value_error(thread_, fmt::format("Inconsistent use of : in {}", offset_));
    auto two = [&](size_t at) {
      return at < digits.size() ? (digits[at] - '0') * 10 + digits[at + 1] - '0' : 0;
    };
    int64_t micro = 0, unit = 100000;
    size_t dot = offset_.find('.');
    for (size_t i = dot + 1; dot != offset_.npos && i < offset_.size(); ++i, unit /= 10)
      micro += (offset_[i] - '0') * unit;
    out_.offset_us = ((two(0) * 60 + two(2)) * int64_t{60} + two(4)) * 1000000 + micro;
    if (offset_[0] == '-') out_.offset_us = -out_.offset_us;
    return true;
  }

  bool check_iso() {
    const char* weekdays = "('%A', '%a', '%w', or '%u')";
    if (iso_year_ >= 0 && julian_ >= 0)
      return raise_value_error(thread_,
                               "Day of the year directive '%j' is not compatible with ISO year directive "
                               "'%G'. Use '%Y' instead.");
    if (iso_year_ >= 0 && (iso_week_ < 0 || weekday_ < 0)) {
      return raise_value_error(
          thread_,
          fmt::format("ISO year directive '%G' must be used with the ISO week directive '%V' and a weekday "
                      "directive {}.",
                      weekdays));
    }
    if (iso_year_ < 0 && iso_week_ >= 0) {
      if (year_ < 0 || weekday_ < 0) {
        return raise_value_error(
            thread_,
            fmt::format("ISO week directive '%V' must be used with the ISO year directive '%G' and a weekday "
                        "directive {}.",
                        weekdays));
      }
      return raise_value_error(thread_,
                               "ISO week directive '%V' is incompatible with the year directive '%Y'. Use "
                               "the ISO year '%G' instead.");
    }
    return true;
  }

  // The ordinal of a day in an ISO week.
  bool iso_day(int64_t& ordinal) {
    int64_t fourth = date_to_ordinal(iso_year_, 1, 4);
    int64_t first = fourth - (fourth + 6) % 7;
    int64_t next_fourth = date_to_ordinal(iso_year_ + 1, 1, 4);
    int64_t weeks = (next_fourth - (next_fourth + 6) % 7 - first) / 7;
    if (iso_year_ < 1)
      return raise_value_error(thread_, fmt::format("year must be in 1..9999, not {}", iso_year_));
    if (iso_week_ < 1 || iso_week_ > weeks)
      return raise_value_error(thread_, fmt::format("Invalid week: {}", iso_week_));
    ordinal = first + (iso_week_ - 1) * 7 + weekday_;
    return true;
  }

  // The day of the year from the week of the year and the weekday; may be before the first.
  int day_of_week_in_year() const {
    int first = weekday_of(year_, 1, 1), day = weekday_;
    if (!week_from_monday_) {
      first = (first + 1) % 7;
      day = (weekday_ + 1) % 7;
    }
    return week_ == 0 ? 1 + day - first : 1 + (7 - first) % 7 + 7 * (week_ - 1) + day;
  }

  bool put_together() {
    if (!check_iso()) return false;
    if (hour12_ >= 0) {
      out_.hour = hour12_;
      if (meridiem_ != 1 && hour12_ == 12) out_.hour = 0;
      if (meridiem_ == 1 && hour12_ != 12) out_.hour += 12;
    }
    out_.month = month_ < 0 ? 1 : month_ + 1;
    out_.day = day_ < 0 ? 1 : day_;
    out_.year = year_ < 0 ? 1900 : year_;
    bool no_leap_year = year_ < 0 && out_.month == 2 && out_.day == 29; // a leap day without a year needs one
    if (no_leap_year) out_.year = 1904;
    int64_t ordinal = 0;
    if (julian_ < 0 && weekday_ >= 0 && week_ >= 0 && year_ >= 0) {
      julian_ = day_of_week_in_year();
      if (julian_ <= 0) {
        --out_.year;
        julian_ += is_leap_year(out_.year) ? 366 : 365;
      }
      ordinal = date_to_ordinal(out_.year, 1, 1) + julian_ - 1;
    } else if (julian_ >= 0) {
      ordinal = date_to_ordinal(out_.year, 1, 1) + julian_ - 1;
    } else if (iso_year_ >= 0) {
      if (!iso_day(ordinal)) return false;
    }
    if (out_.year < 1)
      return raise_value_error(thread_, fmt::format("year must be in 1..9999, not {}", out_.year));
    if (ordinal) ordinal_to_date(ordinal, out_.year, out_.month, out_.day);
    if (out_.day > days_in_month(out_.year, out_.month)) {
      return raise_value_error(thread_,
                               fmt::format("day {} must be in range 1..{} for month {} in year {}", out_.day,
                                           days_in_month(out_.year, out_.month), out_.month, out_.year));
    }
    out_.weekday = weekday_ >= 0 ? weekday_ : weekday_of(out_.year, out_.month, out_.day);
    out_.yearday = julian_ > 0 ? julian_ : yearday_of(out_.year, out_.month, out_.day);
    if (no_leap_year) out_.year = 1900;
    return true;
  }
};

} // namespace

bool parse_time(Thread& thread, std::string_view text, std::string_view format, TimeFields& out) {
  return TimeParser(thread, text, format, out).run();
}

} // namespace aspy
