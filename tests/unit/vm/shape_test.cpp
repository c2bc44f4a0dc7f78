// Shapes: instances that get the same attributes in the same order share one, and slots stay where a shape
// says.
#include "tests/unit/vm_fixture.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace aspy;

namespace {

Own<Type> make_plain_class(const char* name) {
  Thread& t = test::thread();
  Own<Str> text = make_str(name);
  Own<Tuple> bases = make_tuple({Value(&object_type)});
  Own<Dict> ns = new_dict();
  return make_class(t, &type_type, text.get(), bases.get(), ns.get(), {});
}
Ref instance_of(Type* type) { return call(test::thread(), Value(type), {}); }
Str* key(int i) { return intern("a" + std::to_string(i)); }
bool lies_inside(Object* object) {
  const char* begin = reinterpret_cast<const char*>(object);
  const char* slots = reinterpret_cast<const char*>(attrs_of(object)->slots);
  return slots == begin + object->type->instance_size;
}

} // namespace

TEST_SUITE_BEGIN("shape");

TEST_CASE("the same attributes in the same order are the same shape") {
  Own<Type> type = make_plain_class("C");
  Ref one = instance_of(type.get()), two = instance_of(type.get()), three = instance_of(type.get());
  for (int i : {0, 1}) attrs_set(one.get().as_object(), key(i), Value::from_int(i));
  for (int i : {0, 1}) attrs_set(two.get().as_object(), key(i), Value::from_int(10 + i));
  for (int i : {1, 0}) attrs_set(three.get().as_object(), key(i), Value::from_int(20 + i));
  auto shape = [](const Ref& object) { return attrs_of(object.get().as_object())->shape; };
  CHECK(shape(one) == shape(two));
  CHECK(shape(one) != shape(three));
  CHECK(shape_find(shape(one), key(1)) == 1);
  CHECK(shape_find(shape(three), key(1)) == 0);
  CHECK(shape_find(shape(one), key(2)) == -1);
}

TEST_CASE("a shape that fits inside the instance says that the slots are there") {
  Own<Type> type = make_plain_class("C");
  Ref owner = instance_of(type.get());
  Object* object = owner.get().as_object();
  auto room = static_cast<int>(inline_slots(type.get()));
  REQUIRE(room > 0);
  for (int i = 0; i < room; ++i) attrs_set(object, key(i), Value::from_int(i));
  CHECK(lies_inside(object));
  attrs_set(object, key(room), Value::from_int(room));
  CHECK_FALSE(lies_inside(object));
  // Back to as many as there is room for: either inside again, or a dictionary.
  CHECK(attrs_remove(object, key(room)));
  CHECK((!attrs_of(object)->shape || lies_inside(object)));
  for (int i = 0; i < room; ++i) CHECK(attrs_get(object, key(i)) == Value::from_int(i));
}

TEST_CASE("removing the last attribute goes a step back, another one turns to a dictionary") {
  Own<Type> type = make_plain_class("C");
  Ref owner = instance_of(type.get());
  Object* object = owner.get().as_object();
  for (int i : {0, 1}) attrs_set(object, key(i), Value::from_int(i));
  Shape* before = attrs_of(object)->shape;
  attrs_set(object, key(2), Value::from_int(2));
  CHECK(attrs_remove(object, key(2)));
  CHECK(attrs_of(object)->shape == before);
  CHECK(attrs_remove(object, key(0)));
  CHECK(attrs_of(object)->shape == nullptr);
  CHECK(attrs_get(object, key(1)) == Value::from_int(1));
  CHECK_FALSE(attrs_remove(object, key(0)));
}

TEST_SUITE_END();
