// Which threads can still do something by themselves. A loop that has nothing to do is in a deadlock only
// when no other thread could ever wake it: when each of them waits for a lock without a limit.
#pragma once

#include <atomic>

namespace aspy {

// Threads started by scripts that have not ended, and those of them that are parked. Only for judging
// deadlocks: a thread that has just been given its lock counts as parked until it runs.
inline std::atomic<int> started_threads{0};
inline std::atomic<int> parked_threads{0};

// The calling thread waits for another one for as long as it takes. The main thread, which is not counted
// among the started ones, may park as well: a loop in another thread then waits in vain for it too.
class Parked {
public:
  explicit Parked(bool parks) : parks_(parks) { parked_threads += parks_; }
  Parked(const Parked&) = delete;
  Parked& operator=(const Parked&) = delete;
  ~Parked() { parked_threads -= parks_; }

private:
  bool parks_;
};

} // namespace aspy
