#include "vm/object/error/suggestions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace aspy {

namespace {

constexpr size_t move_cost = 2, case_cost = 1;
constexpr size_t longest_name = 40, most_candidates = 750;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

size_t substitution_cost(char a, char b) {
  if (a == b) return 0;
  return lower(a) == lower(b) ? case_cost : move_cost;
}

// Weighted Levenshtein distance, or anything above `limit` once it is known to exceed it.
size_t distance(std::string_view a, std::string_view b, size_t limit) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) a.remove_prefix(1), b.remove_prefix(1);
  while (!a.empty() && !b.empty() && a.back() == b.back()) a.remove_suffix(1), b.remove_suffix(1);
  if (a.empty() || b.empty()) return (a.size() + b.size()) * move_cost;
  if (a.size() > longest_name || b.size() > longest_name) return limit + 1;
  std::array<size_t, longest_name + 1> row;
  for (size_t i = 0; i <= a.size(); ++i) row[i] = i * move_cost;
  for (size_t j = 0; j < b.size(); ++j) {
    size_t diagonal = row[0];
    row[0] = (j + 1) * move_cost;
    size_t smallest = row[0];
    for (size_t i = 0; i < a.size(); ++i) {
      size_t above = row[i + 1];
      row[i + 1] = std::min(diagonal + substitution_cost(a[i], b[j]), std::min(row[i], above) + move_cost);
      diagonal = above;
      smallest = std::min(smallest, row[i + 1]);
    }
    if (smallest > limit) return limit + 1;
  }
  return row[a.size()];
}

} // namespace

std::string_view closest_name(std::string_view wrong, std::span<const std::string_view> candidates) {
  std::string_view best;
  if (candidates.size() > most_candidates || wrong.size() > longest_name) return best;
  size_t best_distance = static_cast<size_t>(-1);
  for (std::string_view candidate : candidates) {
    if (candidate == wrong) continue;
    size_t limit = (wrong.size() + candidate.size() + 3) * move_cost / 6;
    limit = std::min(limit, best_distance - 1);
    size_t d = distance(wrong, candidate, limit);
    if (d > limit) continue;
    best = candidate;
    best_distance = d;
  }
  return best;
}

std::string did_you_mean(std::string_view wrong, std::initializer_list<std::string_view> candidates) {
  std::string_view closest = closest_name(wrong, {candidates.begin(), candidates.size()});
  return closest.empty() ? std::string() : fmt::format(". Did you mean '{}'?", closest);
}

} // namespace aspy
