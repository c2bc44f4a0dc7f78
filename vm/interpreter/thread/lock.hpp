// The interpreter lock: script code, and whatever touches objects, runs in one thread at a time.
#pragma once

#include "vm/object/thread.hpp"

namespace aspy {

// A thread that waits for the lock asks the holder for it (BreakLock) every 5 ms, as sys.setswitchinterval
// has it.
void acquire_lock(Thread& thread);
void release_lock(Thread& thread);

// Releases the lock while a native blocks: no object may be touched inside the scope.
class Unlocked {
public:
  explicit Unlocked(Thread& thread) : thread_(thread) { release_lock(thread_); }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;
  ~Unlocked() { acquire_lock(thread_); }

private:
  Thread& thread_;
};

// --- threads ---
// A new thread state with its stacks; null when there is no memory for them. Not bound to an OS thread yet.
Thread* new_thread();
// Makes `thread` the state of the calling OS thread (Thread::current); null unbinds.
void bind_thread(Thread* thread);
// Frees a thread state that no longer runs. The lock must be held.
void delete_thread(Thread* thread);
// The end of the calling OS thread's script life: frees its state and releases the lock.
void end_thread(Thread* thread);

} // namespace aspy
