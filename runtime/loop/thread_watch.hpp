// Whether another thread can still wake a loop that has nothing to do: what the deadlock answer must know.
//
// A thread may act unless it waits without end for a lock that is still held, or runs a loop that is itself
// idle for ever. All of it is read and written under the interpreter lock.
#pragma once

#include "runtime/loop/poller.hpp"

namespace aspy {

// A script thread, other than the main one, begins or ends.
void thread_began();
void thread_ended();

// For the time of a wait for a lock that has no timeout. `held`: whether the lock still is.
class EndlessWait {
public:
  explicit EndlessWait(const bool& held);
  EndlessWait(const EndlessWait&) = delete;
  EndlessWait& operator=(const EndlessWait&) = delete;
  ~EndlessWait();

private:
  const bool* held_;
};

// For the time in which a loop waits for other threads only. It is woken when one of them gives up acting.
class IdleLoop {
public:
  IdleLoop(Poller& poller, const ReadyQueue& ready);
  IdleLoop(const IdleLoop&) = delete;
  IdleLoop& operator=(const IdleLoop&) = delete;
  ~IdleLoop();

  Poller& poller;
  const ReadyQueue& ready;
};

// Is there a thread besides the calling one that may act?
bool others_may_act();

} // namespace aspy
