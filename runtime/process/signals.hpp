// SIGINT as scripts see it: KeyboardInterrupt in the main thread, at the next safe point.
#pragma once

#include "vm/object/thread.hpp"

namespace aspy {

// Takes SIGINT over (unless it is ignored, as for background jobs) and ignores SIGPIPE, so that writing to a
// closed pipe is an error and not the end. `main` is the state of the calling thread, which will get the
// interrupts.
void install_signals(Thread& main);
// Signals that come from here on are noted and no more: the main thread's state is about to go.
void detach_signals();

// Called in the main thread, at a safe point, when a SIGINT has come. False: an exception is pending.
// The default raises KeyboardInterrupt; an event loop's runner puts its own in its place for a while.
using InterruptHandler = bool (*)(Thread& thread);
InterruptHandler set_interrupt_handler(InterruptHandler handler); // returns the one before; null: the default

// Other signals, for the signal module: `handler` runs in the main thread at a safe point after one has come.
using SignalHandler = bool (*)(Thread& thread, int number);
extern SignalHandler script_signal_handler;
// Makes the process note `number` for script_signal_handler (or, for SIGINT, the interrupt handler). False:
// errno says why.
bool catch_signal(int number);
void forget_signal(int number); // its disposition is the system's again
// Whether a signal other than SIGINT would reach a script's handler: a program that waits for one is no
// deadlock.
bool catches_signals();
bool is_main_thread(const Thread& thread);

// What a SIGINT does at once, inside the signal handler: wake whatever blocks. Must be async-signal-safe.
extern std::atomic<void (*)()> interrupt_wakeup;

// Whether a SIGINT is waiting to be handled, forgetting it: for the prompt, which handles it itself.
bool take_interrupt(Thread& main);
// Makes take_interrupt() true once more: a KeyboardInterrupt ended what ran beside the prompt.
void repeat_interrupt();

// Ends the process as an uncaught SIGINT does, so that a shell sees why (exit status 130).
[[noreturn]] void die_of_interrupt();

} // namespace aspy
