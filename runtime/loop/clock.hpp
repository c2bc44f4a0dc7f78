// Clocks: where every reading of time and every sleep goes, so that virtual time is virtual everywhere.
#pragma once

#include <cstdint>

namespace aspy {

struct Thread;

class Clock {
public:
  virtual ~Clock() = default;
  // Seconds since some fixed point; never goes back (time.monotonic, perf_counter, loop.time).
  virtual double now() = 0;
  virtual int64_t now_ns() = 0;
  // Nanoseconds since 1970 UTC (time.time, datetime.now).
  virtual int64_t wall_ns() = 0;
  // Blocks the calling thread, releasing the interpreter lock (time.sleep). Ends early, with false, when a
  // signal handler raised: the exception is pending.
  virtual bool sleep(Thread& thread, double seconds) = 0;
  // True for a clock that is moved by hand: the event loop jumps to the next timer with `advance_to`.
  virtual bool is_virtual() const { return false; }
  virtual void advance_to(double) {}
};

// The process's clock: the real one until set_virtual_time() is called.
Clock& clock();
// From here on time stands still but for sleeps and timers. Each reading moves it by 100 ns: as on a real
// machine, no two readings are equal. Begins at 1000 s (monotonic) and the wall time 2023-11-14 22:30:00 UTC.
void set_virtual_time();
// The clock that set_virtual_time() puts in place.
Clock& virtual_clock();

} // namespace aspy
