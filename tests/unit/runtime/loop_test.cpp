// What the event loop is built of: the ready queue, the timers, the clocks.
#include "runtime/loop/clock.hpp"
#include "runtime/loop/ready_queue.hpp"
#include "runtime/loop/timer_heap.hpp"
#include "tests/unit/vm_fixture.hpp"
#include "vm/object/sequence/list/list.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace aspy;

namespace {

// The `number`th of many objects, told apart by address.
Object* numbered(int number) {
  static std::vector<Object> objects(4000, Object{immortal_refcount, 0, &object_type});
  return &objects[static_cast<size_t>(number)];
}
void push(ReadyQueue& queue, int number) { queue.push(JobKind::RunHandle, Value(numbered(number))); }
bool next_is(ReadyQueue& queue, int number) {
  Job job = queue.pop();
  return job.kind == JobKind::RunHandle && job.target == Value(numbered(number));
}

} // namespace

TEST_SUITE_BEGIN("loop");

TEST_CASE("the ready queue gives jobs in the order of pushing, also around the end of its ring") {
  ReadyQueue queue;
  CHECK(queue.empty());
  int pushed = 0, popped = 0;
  // Never more than 50 at once: the ring of 64 wraps many times.
  for (int round = 0; round < 100; ++round) {
    while (queue.size() < 50) push(queue, pushed++);
    for (int i = 0; i < 37; ++i) CHECK(next_is(queue, popped++));
  }
  CHECK(queue.size() == static_cast<size_t>(pushed - popped));
}

TEST_CASE("the ready queue keeps its order when it grows in the middle of the ring") {
  ReadyQueue queue;
  for (int i = 0; i < 60; ++i) push(queue, i);
  for (int i = 0; i < 40; ++i) queue.pop();
  for (int i = 60; i < 1000; ++i) push(queue, i);
  for (int i = 40; i < 1000; ++i) CHECK(next_is(queue, i));
  CHECK(queue.empty());
}

TEST_CASE("jobs of every kind carry what their kind asks for") {
  ReadyQueue queue;
  for (int i = 0; i < 200; ++i) {
    queue.push({JobKind::WakeTask, Value(numbered(i)), Value(), Value()});
    queue.push({JobKind::FinishSleep, Value(numbered(i)), Value::from_int(i), Value()});
    queue.push({JobKind::RunCallback, Value(numbered(i)), Value::from_int(-i), None});
  }
  int seen = 0;
  queue.for_each([&](Value) { ++seen; });
  CHECK(seen == 200 * 6);
  for (int i = 0; i < 200; ++i) {
    Job wake = queue.pop(), sleep = queue.pop(), callback = queue.pop();
    CHECK(wake.kind == JobKind::WakeTask);
    CHECK(!wake.argument);
    CHECK(sleep.argument == Value::from_int(i));
    CHECK(callback.argument == Value::from_int(-i));
    CHECK(callback.context == None);
  }
  CHECK(queue.empty());
}

TEST_CASE("jobs that never run give back what they own") {
  test::thread();
  Own<List> target = new_list();
  {
    ReadyQueue queue;
    queue.push(
        {JobKind::RunCallback, share(target.value()).release(), share(target.value()).release(), Value()});
    CHECK(target->refcount == 3);
  }
  CHECK(target->refcount == 1);
}

TEST_CASE("timers come soonest first, equal ones in the order of setting") {
  TimerHeap timers;
  const double deadlines[] = {3, 1, 2, 1, 3, 1, 0.5};
  for (int i = 0; i < 7; ++i) timers.push(deadlines[i], Value::from_int(i), Value());
  CHECK(timers.top().when == 0.5);
  std::vector<int64_t> order;
  while (!timers.empty()) order.push_back(timers.pop().target.as_int());
  CHECK(order == std::vector<int64_t>{6, 1, 3, 5, 2, 0, 4});
}

TEST_CASE("timers that are dropped leave the others in order and are released") {
  test::thread();
  Own<List> held = new_list();
  TimerHeap timers;
  for (int i = 0; i < 100; ++i)
    timers.push((i * 37) % 100, i % 3 ? Value::from_int(i) : share(held.value()).release(), Value());
  CHECK(held->refcount == 35);
  timers.remove_if([](const Timer& timer) { return timer.target.is_object(); });
  CHECK(held->refcount == 1);
  CHECK(timers.size() == 66);
  double last = -1;
  while (!timers.empty()) {
    Timer timer = timers.pop();
    CHECK(timer.when > last);
    last = timer.when;
  }
}

TEST_CASE("the real clock does not go back") {
  double before = aspy::clock().now();
  int64_t before_ns = aspy::clock().now_ns();
  CHECK_FALSE(aspy::clock().is_virtual());
  CHECK(aspy::clock().sleep(test::thread(), 0.001));
  CHECK(aspy::clock().now() >= before + 0.001);
  CHECK(aspy::clock().now_ns() >= before_ns + 1'000'000);
}

TEST_CASE("the virtual clock moves by sleeps and jumps, and a little at each reading") {
  Clock& still = virtual_clock();
  CHECK(still.is_virtual());
  double first = still.now();
  double second = still.now();
  CHECK(second > first);
  CHECK(second - first < 1e-6);
  CHECK(still.sleep(test::thread(), 3600.0)); // takes no time
  CHECK(still.now() - second == doctest::Approx(3600.0));
  double reached = still.now();
  still.advance_to(reached - 10); // never back
  CHECK(still.now() > reached);
  still.advance_to(reached + 5);
  CHECK(still.now() == doctest::Approx(reached + 5));
}

TEST_SUITE_END();
