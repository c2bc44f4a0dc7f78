#include "runtime/signals.hpp"

#include "vm/interpreter/breaker.hpp"
#include "vm/object/exception.hpp"
#include "vm/object/protocol.hpp"

#include <csignal>
#include <unistd.h>

namespace aspy {

std::atomic<void (*)()> interrupt_wakeup{nullptr};

namespace {

std::atomic<Thread*> main_thread{nullptr};
std::atomic<bool> interrupted{false};
InterruptHandler current_handler = nullptr;

// In the signal handler: only flags, and whatever wakes a thread that sleeps.
void note_interrupt(int) {
  interrupted = true;
  if (Thread* main = main_thread) main->breaker.fetch_or(BreakSignal);
  if (auto wake = interrupt_wakeup.load()) wake();
}

bool raise_keyboard_interrupt(Thread& thread) { return raise_with_args(thread, KeyboardInterrupt_type, {}); }

// At a safe point of any thread: only the main one handles signals.
bool handle_pending(Thread& thread) {
  if (&thread != main_thread.load() || !interrupted.exchange(false)) return true;
  return (current_handler ? current_handler : raise_keyboard_interrupt)(thread);
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
  ours.sa_handler = note_interrupt; // without SA_RESTART: blocking calls end with EINTR and look at the flag
  sigaction(SIGINT, &ours, nullptr);
}

InterruptHandler set_interrupt_handler(InterruptHandler handler) {
  return std::exchange(current_handler, handler);
}

bool take_interrupt(Thread& main) {
  main.breaker.fetch_and(~uint32_t{BreakSignal});
  return interrupted.exchange(false);
}

void die_of_interrupt() {
  std::signal(SIGINT, SIG_DFL);
  kill(getpid(), SIGINT);
  _exit(130); // not reached
}

} // namespace aspy
