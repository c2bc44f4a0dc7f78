// random: whole numbers, and choosing from sequences.
#include "runtime/modules/random/random_support.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace aspy {
namespace {

Ref add(Thread& t, Value a, Value b) { return int_binary(t, BinaryOp::Add, a, b); }
Ref sub(Thread& t, Value a, Value b) { return int_binary(t, BinaryOp::Sub, a, b); }

std::string text_of(Thread& thread, Value value) {
  Ref text = str(thread, value);
  if (!text) clear_error(thread);
  return text ? std::string(cast<Str>(text)->view()) : std::string();
}

Ref item_at(Thread& thread, Value sequence, uint64_t index) {
  return get_item(thread, sequence, Value::from_int(int64_t(index)));
}

// The first place where the running totals pass `x`.
size_t place_of(const std::vector<double>& totals, double x) {
  return size_t(std::upper_bound(totals.begin(), totals.end() - 1, x) - totals.begin());
}

} // namespace

Ref random_randrange(Thread& thread, const Value* args) {
  Ref start = to_index_object(thread, args[1]);
  if (!start) return {};
  if (!args[2] || args[2].is_none()) {
    if (args[3] && !(args[3] == Value::from_int(1)))
      return raise_type_error(thread, "Missing a non-None stop argument");
    if (int_sign(start) <= 0) return raise_value_error(thread, "empty range for randrange()");
    return draw_below(thread, random_of(args), start);
  }
  Ref stop = to_index_object(thread, args[2]);
  Ref step = !stop ? Ref() : args[3] ? to_index_object(thread, args[3]) : make_int(1);
  Ref width = step ? sub(thread, stop, start) : Ref();
  if (!width) return {};
  if (step.get() == Value::from_int(1)) {
    if (int_sign(width) <= 0)
      return raise_value_error(thread, fmt::format("empty range in randrange({}, {})", text_of(thread, start),
                                                   text_of(thread, stop)));
    Ref offset = draw_below(thread, random_of(args), width);
    return offset ? add(thread, start, offset) : Ref();
  }
  int direction = int_sign(step);
  if (direction == 0) return raise_value_error(thread, "zero step for randrange()");
  // How many numbers there are: the width over the step, rounded up.
  Ref rounded = add(thread, width, step);
  if (rounded) rounded = sub(thread, rounded, Value::from_int(direction));
  Ref count = rounded ? int_binary(thread, BinaryOp::FloorDiv, rounded, step) : Ref();
  if (!count) return {};
  if (int_sign(count) <= 0)
    return raise_value_error(thread,
                             fmt::format("empty range in randrange({}, {}, {})", text_of(thread, start),
                                         text_of(thread, stop), text_of(thread, step)));
  Ref place = draw_below(thread, random_of(args), count);
  Ref offset = place ? int_binary(thread, BinaryOp::Mul, step, place) : Ref();
  return offset ? add(thread, start, offset) : Ref();
}

Ref random_randint(Thread& thread, const Value* args) {
  Ref low = to_index_object(thread, args[1]);
  Ref high = low ? to_index_object(thread, args[2]) : Ref();
  if (!high) return {};
  if (int_compare(high, low) < 0)
    return raise_value_error(thread, fmt::format("empty range in randint({}, {})", text_of(thread, args[1]),
                                                 text_of(thread, args[2])));
  Ref width = sub(thread, high, low);
  Ref count = width ? add(thread, width, Value::from_int(1)) : Ref();
  Ref offset = count ? draw_below(thread, random_of(args), count) : Ref();
  return offset ? add(thread, low, offset) : Ref();
}

Ref random_choice(Thread& thread, const Value* args) {
  int64_t size = length(thread, args[1]);
  if (size < 0) return {};
  if (size == 0) return raise(thread, IndexError_type, "Cannot choose from an empty sequence");
  uint64_t index;
  return draw_below(thread, random_of(args), uint64_t(size), index) ? item_at(thread, args[1], index) : Ref();
}

Ref random_shuffle(Thread& thread, const Value* args) {
  Value items = args[1];
  int64_t size = length(thread, items);
  if (size < 0) return {};
  // From the end, each item changes places with one before it, or stays.
  for (int64_t i = size - 1; i > 0; --i) {
    uint64_t j;
    if (!draw_below(thread, random_of(args), uint64_t(i) + 1, j)) return {};
    if (is_exact(items, list_type) && cast<List>(items)->size == size_t(size)) {
      std::swap(cast<List>(items)->items[i], cast<List>(items)->items[j]);
      continue;
    }
    Ref a = item_at(thread, items, uint64_t(i));
    Ref b = a ? item_at(thread, items, j) : Ref();
    if (!b || !set_item(thread, items, Value::from_int(i), b) ||
        !set_item(thread, items, Value::from_int(int64_t(j)), a))
      return {};
  }
  return share(None);
}

Ref random_choices(Thread& thread, const Value* args) {
  Value population = args[1], weights = args[2], cumulative = args[3];
  if (weights.is_none()) weights = Value();
  if (cumulative.is_none()) cumulative = Value();
  auto* self = random_of(args);
  int64_t count = 1, size = length(thread, population);
  if (size < 0 || (args[4] && !to_size(thread, args[4], count))) return {};
  Own<List> chosen = new_list();
  double unit;
  if (!weights && !cumulative) {
    for (int64_t i = 0; i < count; ++i) {
      if (!draw(thread, self, unit)) return {};
      Ref item = item_at(thread, population, uint64_t(std::floor(unit * double(size))));
      if (!item) return {};
      list_append(chosen.get(), std::move(item));
    }
    return chosen;
  }
  if (weights && cumulative)
    return raise_type_error(thread, "Cannot specify both weights and cumulative weights");
  if (weights && is_int_like(weights))
    return raise_type_error(thread, fmt::format("The number of choices must be a keyword argument: k={}",
                                                text_of(thread, weights)));
  Own<List> given = list_from_iterable(thread, weights ? weights : cumulative);
  if (!given) return {};
  if (int64_t(given->size) != size)
    return raise_value_error(thread, "The number of weights does not match the population");
  std::vector<double> totals;
  // Weights are added up as what they are: ints exactly.
  Ref sum = make_int(0);
  for (Value weight : given->view()) {
    sum = weights ? binary_op(thread, BinaryOp::Add, sum, weight) : share(weight);
    totals.emplace_back();
    if (!sum || !to_double(thread, sum, totals.back())) return {};
  }
  double total = totals.empty() ? 0 : totals.back();
  if (total <= 0) return raise_value_error(thread, "Total of weights must be greater than zero");
  if (!std::isfinite(total)) return raise_value_error(thread, "Total of weights must be finite");
  for (int64_t i = 0; i < count; ++i) {
    if (!draw(thread, self, unit)) return {};
    Ref item = item_at(thread, population, place_of(totals, unit * total));
    if (!item) return {};
    list_append(chosen.get(), std::move(item));
  }
  return chosen;
}

namespace {

bool is_sequence(Value value) {
  return has_type_flag(value, TypeIsSequence) || is_str(value) || is_bytes(value);
}

// `count` different places below `size`, in the order they were drawn.
bool draw_places(Thread& thread, RandomObject* self, uint64_t size, uint64_t count,
                 std::vector<uint64_t>& out) {
  // A small population is copied and drawn from; of a large one the places already taken are remembered.
  double limit = 21;
  if (count > 5) limit += std::pow(4, std::ceil(std::log(double(count) * 3) / std::log(4.0)));
  uint64_t place;
  if (double(size) <= limit) {
    std::vector<uint64_t> pool(size);
    for (uint64_t i = 0; i < size; ++i) pool[i] = i;
    for (uint64_t i = 0; i < count; ++i) {
      if (!draw_below(thread, self, size - i, place)) return false;
      out.push_back(pool[place]);
      pool[place] = pool[size - i - 1];
    }
    return true;
  }
  std::vector<uint64_t> taken; // sorted
  for (uint64_t i = 0; i < count; ++i) {
    std::vector<uint64_t>::iterator at;
    do {
      if (!draw_below(thread, self, size, place)) return false;
      at = std::lower_bound(taken.begin(), taken.end(), place);
    } while (at != taken.end() && *at == place);
    taken.insert(at, place);
    out.push_back(place);
  }
  return true;
}

} // namespace

Ref random_sample(Thread& thread, const Value* args) {
  Value population = args[1];
  if (!is_sequence(population))
    return raise_type_error(thread, "Population must be a sequence.  For dicts or sets, use sorted(d).");
  int64_t size = length(thread, population), count;
  if (size < 0) return {};
  // With counts, each item stands for as many copies of itself.
  std::vector<double> totals;
  if (args[3] && !args[3].is_none()) {
    Own<List> counts = list_from_iterable(thread, args[3]);
    if (!counts) return {};
    if (int64_t(counts->size) != size)
      return raise_value_error(thread, "The number of counts does not match the population");
    int64_t total = 0;
    for (Value one : counts->view()) {
      if (!is_int_like(one)) return raise_type_error(thread, "Counts must be integers");
      int64_t number = 0;
      int_as_int64(one, number);
      total += number;
      totals.push_back(double(total));
    }
    if (total < 0) return raise_value_error(thread, "Counts must be non-negative");
    size = total;
  }
  if (!to_size(thread, args[2], count)) return {};
  if (count < 0 || count > size)
    return raise_value_error(thread, "Sample larger than population or is negative");
  std::vector<uint64_t> places;
  if (!draw_places(thread, random_of(args), uint64_t(size), uint64_t(count), places)) return {};
  Own<List> chosen = new_list(places.size());
  for (uint64_t place : places) {
    Ref item = item_at(thread, population, totals.empty() ? place : place_of(totals, double(place)));
    if (!item) return {};
    list_append(chosen.get(), std::move(item));
  }
  return chosen;
}

} // namespace aspy
