#include "runtime/shell/golden/diff.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace aspy::shell {
namespace {

using Lines = std::vector<std::string_view>;

// Lines keep their newline, so that "a" and "a\n" differ.
Lines split_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    size_t end = text.find('\n');
    size_t length = end == text.npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

enum class Edit : char { Keep = ' ', Remove = '-', Add = '+' };

struct Step {
  Edit edit;
  size_t expected; // line numbers on both sides before this step, from 0
  size_t actual;
};

// Myers' greedy shortest edit script. `most_edits` bounds time and memory (both grow with its square): two
// texts that have little in common are shown as one replaced by the other, which reads better anyway.
std::vector<Step> edit_script(const Lines& a, const Lines& b, int most_edits = 1000) {
  int n = static_cast<int>(a.size()), m = static_cast<int>(b.size());
  int limit = std::min(n + m, most_edits);
  // furthest[k + limit] is the furthest x reached on diagonal k = x - y; one copy a round is kept to walk
  // back.
  std::vector<int> furthest(2 * limit + 3, 0);
  std::vector<std::vector<int>> rounds;
  auto goes_down = [&](const std::vector<int>& v, int k, int d) {
    return k == -d || (k != d && v[k - 1 + limit + 1] < v[k + 1 + limit + 1]);
  };
  bool found = false;
  for (int d = 0; d <= limit && !found; ++d) {
    rounds.push_back(furthest);
    for (int k = -d; k <= d; k += 2) {
      int x = goes_down(furthest, k, d) ? furthest[k + 1 + limit + 1] : furthest[k - 1 + limit + 1] + 1;
      int y = x - k;
      while (x < n && y < m && a[x] == b[y]) ++x, ++y;
      furthest[k + limit + 1] = x;
      if (x >= n && y >= m) {
        found = true;
        break;
      }
    }
  }

  std::vector<Step> steps;
  if (!found) {
    for (int x = 0; x < n; ++x) steps.push_back({Edit::Remove, size_t(x), 0});
    for (int y = 0; y < m; ++y) steps.push_back({Edit::Add, size_t(n), size_t(y)});
    return steps;
  }
  int x = n, y = m;
  for (int d = static_cast<int>(rounds.size()) - 1; d >= 0; --d) {
    const std::vector<int>& v = rounds[d];
    int k = x - y;
    int from_k = goes_down(v, k, d) ? k + 1 : k - 1;
    int from_x = d == 0 ? 0 : v[from_k + limit + 1], from_y = d == 0 ? 0 : from_x - from_k;
    while (x > from_x && y > from_y) --x, --y, steps.push_back({Edit::Keep, size_t(x), size_t(y)});
    if (d == 0) break;
    if (x > from_x) --x, steps.push_back({Edit::Remove, size_t(x), size_t(y)});
    else --y, steps.push_back({Edit::Add, size_t(x), size_t(y)});
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

// A line as it is shown: control characters escaped, very long lines cut.
std::string visible(std::string_view line) {
  constexpr size_t longest = 400;
  std::string text;
  for (unsigned char c : line.substr(0, std::min(line.size(), longest))) {
    if (c == '\n') continue;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) text += static_cast<char>(c);
    else text += fmt::format("\\x{:02x}", c);
  }
  if (line.size() > longest) text += fmt::format(" ... ({} bytes)", line.size());
  if (!line.empty() && line.back() != '\n') text += "   <- no newline at the end";
  return text;
}

} // namespace

std::string unified_diff(std::string_view expected, std::string_view actual, const DiffStyle& style) {
  if (expected == actual) return "";
  Lines a = split_lines(expected), b = split_lines(actual);
  std::vector<Step> steps = edit_script(a, b);

  std::string report;
  unsigned shown = 0, unshown = 0;
  auto line = [&](std::string_view colour, std::string_view text) {
    if (shown == style.max_lines) {
      ++unshown;
      return;
    }
    ++shown;
    bool coloured = style.colour && !colour.empty();
    report +=
        fmt::format("{}{}{}{}\n", style.indent, coloured ? colour : "", text, coloured ? "\x1b[0m" : "");
  };
  line("\x1b[1m", fmt::format("--- {}", style.expected_label));
  line("\x1b[1m", fmt::format("+++ {}", style.actual_label));

  // Changes closer to each other than twice the context share a hunk.
  size_t at = 0;
  while (at < steps.size()) {
    auto changed = [](const Step& step) { return step.edit != Edit::Keep; };
    size_t first = std::find_if(steps.begin() + at, steps.end(), changed) - steps.begin();
    if (first == steps.size()) break;
    size_t last = first;
    for (size_t i = first; i < steps.size() && i <= last + 2 * style.context; ++i)
      if (changed(steps[i])) last = i;
    size_t begin = std::max(at, first - std::min<size_t>(first, style.context));
    size_t end = std::min(steps.size(), last + 1 + style.context);

    size_t removed = 0, added = 0;
    for (size_t i = begin; i < end; ++i) {
      removed += steps[i].edit != Edit::Add;
      added += steps[i].edit != Edit::Remove;
    }
    line("\x1b[36m", fmt::format("@@ -{},{} +{},{} @@", steps[begin].expected + 1, removed,
                                 steps[begin].actual + 1, added));
    for (size_t i = begin; i < end; ++i) {
      const Step& step = steps[i];
      std::string_view text = step.edit == Edit::Add ? b[step.actual] : a[step.expected];
      std::string_view colour = step.edit == Edit::Add      ? "\x1b[32m"
                                : step.edit == Edit::Remove ? "\x1b[31m"
                                                            : "";
      line(colour, fmt::format("{}{}", static_cast<char>(step.edit), visible(text)));
    }
    at = end;
  }
  if (unshown) report += fmt::format("{}... {} more lines of diff\n", style.indent, unshown);
  return report;
}

} // namespace aspy::shell
