// C3: the order in which a class and its bases are searched. It keeps each base's own order and the order in
// which bases are listed.
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/type/subclasses.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace aspy {
namespace {

using Row = std::span<const Value>;

bool in_tail(Row row, Value type) {
  for (size_t i = 1; i < row.size(); ++i)
    if (row[i] == type) return true;
  return false;
}

} // namespace

Own<Tuple> linearise(Thread& thread, Type* type, Tuple* bases) {
  if (bases->size == 1) { // no merge: the type, then its base's order
    Tuple* inherited = cast<Type>((*bases)[0])->mro;
    Own<Tuple> order = new_tuple(inherited->size + 1);
    order->items()[0] = share(Value(type)).release();
    for (size_t i = 0; i < inherited->size; ++i) order->items()[i + 1] = share((*inherited)[i]).release();
    return order;
  }
  for (size_t i = 0; i < bases->size; ++i)
    for (size_t j = 0; j < i; ++j)
      if ((*bases)[i] == (*bases)[j])
        return raise_type_error(thread,
                                "duplicate base class " + std::string(cast<Type>((*bases)[i])->name->view()));

  std::vector<Row> rows;
  for (Value base : bases->view()) rows.push_back(cast<Type>(base)->mro->view());
  rows.push_back(bases->view());

  std::vector<Value> order{Value(type)};
  for (;;) {
    // The first head that no other row still wants later.
    Value next;
    bool left = false;
    for (Row row : rows) {
      if (row.empty()) continue;
      left = true;
      bool blocked = false;
      for (Row other : rows) blocked = blocked || in_tail(other, row[0]);
      if (blocked) continue;
      next = row[0];
      break;
    }
    if (!left) return aspy::make_tuple(order);
    if (!next) {
      std::string message = "Cannot create a consistent method resolution order (MRO) for bases ";
      std::vector<Value> heads;
      for (Row row : rows)
        if (!row.empty() && std::find(heads.begin(), heads.end(), row[0]) == heads.end())
          heads.push_back(row[0]);
      for (size_t i = 0; i < heads.size(); ++i) {
        if (i) message += ", ";
        message += cast<Type>(heads[i])->name->view();
      }
      return raise_type_error(thread, message);
    }
    order.push_back(next);
    for (Row& row : rows)
      if (!row.empty() && row[0] == next) row = row.subspan(1);
  }
}

} // namespace aspy
