#include "runtime/loop/thread_watch.hpp"

#include <algorithm>
#include <vector>

namespace aspy {

namespace {

int threads = 1;
std::vector<const bool*> endless_waits; // the `held` of each lock waited for
std::vector<IdleLoop*> idle_loops;

// One thread less that acts: the loops that counted on it look again.
void look_again() {
  for (IdleLoop* loop : idle_loops) loop->poller.wake();
}

template <typename T> void remove_one(std::vector<T>& from, T what) {
  from.erase(std::find(from.begin(), from.end(), what));
}

} // namespace

void thread_began() { ++threads; }
void thread_ended() {
  --threads;
  look_again();
}

EndlessWait::EndlessWait(const bool& held) : held_(&held) {
  endless_waits.push_back(held_);
  look_again();
}
EndlessWait::~EndlessWait() { remove_one(endless_waits, held_); }

IdleLoop::IdleLoop(Poller& poller, const ReadyQueue& ready) : poller(poller), ready(ready) {
  look_again();
  idle_loops.push_back(this);
}
IdleLoop::~IdleLoop() { remove_one(idle_loops, this); }

bool others_may_act() {
  if (threads == 1) return false;
  auto stuck =
      std::count_if(endless_waits.begin(), endless_waits.end(), [](const bool* held) { return *held; });
  auto idle = std::count_if(idle_loops.begin(), idle_loops.end(),
                            [](const IdleLoop* loop) { return loop->ready.empty(); });
  return threads - 1 - stuck - idle > 0;
}

} // namespace aspy
