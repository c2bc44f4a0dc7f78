#include "runtime/process/signals.hpp"

#include "vm/interpreter/thread/breaker.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/slot/protocol.hpp"

#include <csignal>
#include <unistd.h>

namespace aspy {

std::atomic<void (*)()> interrupt_wakeup{nullptr};
SignalHandler script_signal_handler = nullptr;

namespace {

std::atomic<Thread*> main_thread{nullptr};
std::atomic<bool> interrupted{false};
std::atomic<uint64_t> arrived{0}; // bit n: signal n + 1, other than SIGINT
InterruptHandler current_handler = nullptr;
uint64_t caught = 0; // bit n: catch_signal(n + 1)

// In the signal handler: only flags, and whatever wakes a thread that sleeps.
void note_signal(int number) {
  if (number == SIGINT) interrupted = true;
  else arrived.fetch_or(uint64_t{1} << (number - 1));
  if (Thread* main = main_thread) main->breaker.fetch_or(BreakSignal);
  if (auto wake = interrupt_wakeup.load()) wake();
}

bool raise_keyboard_interrupt(Thread& thread) { return raise_with_args(thread, KeyboardInterrupt_type, {}); }

// At a safe point of any thread: only the main one handles signals.
bool handle_pending(Thread& thread) {
  if (&thread != main_thread.load()) return true;
  if (interrupted.exchange(false) && !(current_handler ? current_handler : raise_keyboard_interrupt)(thread))
    return false;
  for (uint64_t pending = arrived.exchange(0); pending; pending &= pending - 1) {
    int number = __builtin_ctzll(pending) + 1;
    if (script_signal_handler && !script_signal_handler(thread, number)) {
      arrived.fetch_or(pending & (pending - 1)); // the rest come next time
      return false;
    }
  }
  return true;
}

} // namespace

void install_signals(Thread& main) {
  main_thread = &main;
  pending_signals_hook = handle_pending;
  std::signal(SIGPIPE, SIG_IGN);
  struct sigaction now {};
  sigaction(SIGINT, nullptr, &now);
  if (now.sa_handler == SIG_IGN) return;
  struct sigaction ours {};
  ours.sa_handler = note_signal; // without SA_RESTART: blocking calls end with EINTR and look at the flag
  sigaction(SIGINT, &ours, nullptr);
}

void detach_signals() {
  main_thread = nullptr;
  interrupt_wakeup = nullptr;
}

InterruptHandler set_interrupt_handler(InterruptHandler handler) {
  return std::exchange(current_handler, handler);
}

bool catch_signal(int number) {
  struct sigaction ours {};
  ours.sa_handler = note_signal;
  if (sigaction(number, &ours, nullptr) != 0) return false;
  caught |= uint64_t{1} << (number - 1);
  return true;
}

void forget_signal(int number) { caught &= ~(uint64_t{1} << (number - 1)); }

bool catches_signals() { return (caught & ~(uint64_t{1} << (SIGINT - 1))) != 0; }

bool is_main_thread(const Thread& thread) { return &thread == main_thread.load(); }

bool take_interrupt(Thread& main) {
  main.breaker.fetch_and(~uint32_t{BreakSignal});
  return interrupted.exchange(false);
}

void repeat_interrupt() { interrupted = true; }

void die_of_interrupt() {
  std::signal(SIGINT, SIG_DFL);
  kill(getpid(), SIGINT);
  _exit(130); // not reached
}

} // namespace aspy
