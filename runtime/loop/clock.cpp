#include "runtime/loop/clock.hpp"

#include "vm/interpreter/thread/breaker.hpp"
#include "vm/interpreter/thread/lock.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace aspy {

namespace {

constexpr int64_t billion = 1'000'000'000;

int64_t read_clock(clockid_t id) {
  timespec time;
  clock_gettime(id, &time);
  return int64_t{time.tv_sec} * billion + time.tv_nsec;
}

class RealClock final : public Clock {
public:
  double now() override { return static_cast<double>(now_ns()) / 1e9; }
  int64_t now_ns() override { return read_clock(CLOCK_MONOTONIC); }
  int64_t wall_ns() override { return read_clock(CLOCK_REALTIME); }
  bool sleep(Thread& thread, double seconds) override {
    int64_t end = now_ns() + static_cast<int64_t>(std::min(seconds, 9e9) * 1e9);
    timespec until{static_cast<time_t>(end / billion), static_cast<long>(end % billion)};
    for (;;) {
      int status;
      {
        Unlocked unlocked(thread);
        status = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
      }
      if (status != EINTR) return true;
      if (!handle_breaker(thread)) return false;
    }
  }
};

class VirtualClock final : public Clock {
public:
  double now() override { return now_ += tick; }
  int64_t now_ns() override { return static_cast<int64_t>(now() * 1e9); }
  int64_t wall_ns() override { return static_cast<int64_t>((wall_offset + now()) * 1e9); }
  bool sleep(Thread&, double seconds) override {
    now_ += seconds;
    return true;
  }
  bool is_virtual() const override { return true; }
  void advance_to(double time) override { now_ = std::max(now_, time); }

private:
  static constexpr double tick = 1e-7;
  static constexpr double wall_offset = 1'700'000'000.0;
  double now_ = 1000.0;
};

RealClock real_clock;
VirtualClock standing_clock;
Clock* current = &real_clock;

} // namespace

Clock& clock() { return *current; }
void set_virtual_time() { current = &standing_clock; }
Clock& virtual_clock() { return standing_clock; }

} // namespace aspy
