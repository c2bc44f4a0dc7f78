// What generators, coroutines and async generators share between their files.
#pragma once

#include "vm/interpreter/interpreter.hpp"

namespace aspy {

// Ends a generator without running it further: releases what its frame holds.
void finish_generator(Thread& thread, Generator* generator);
// The pending exception is raised in a generator that has not begun: its code is never entered. (Or one that
// has ended: nothing happens.)
void raise_before_start(Thread& thread, Generator* generator);
// close(): raises GeneratorExit inside; `result` is what it returned. False: an exception is pending.
bool close_generator(Thread& thread, Generator* generator, Ref& result);
// Raises the pending exception in a suspended generator, or in the innermost one that it waits for; those do
// not see GeneratorExit, they are closed.
RunOutcome throw_inside(Thread& thread, Generator* generator, Ref& out);
// Whether a step of a generator may begin; raises ValueError in one that runs.
bool may_drive(Thread& thread, Generator* generator);
// What an unreachable generator does last: warn (a coroutine that was never awaited), call the async
// generator hook, or close.
void generator_finalize(Thread& thread, Object* object);
void fill_generator_lifetime(Slots& slots);

// The exception that throw(type, value, traceback) means, made pending. False: another one is, about the
// arguments.
bool raise_thrown(Thread& thread, const Value* arguments, const char* method = "throw");
// What send() and throw() return for an outcome: a yielded value, or StopIteration pending.
Ref step_result(Thread& thread, SendOutcome outcome, Ref out);

Str* generator_name(const Generator* generator);
Str* generator_qualname(const Generator* generator);
// Drops the names that a script has given it.
void forget_names(const Generator* generator);
Ref generator_repr(Thread& thread, Value self);
// What the innermost instruction waits for (cr_await, gi_yieldfrom); None when nothing.
Ref generator_awaits(Thread& thread, Generator* generator);
// The same as scripts see it (cr_await): None while it runs, an iterator in place of a future.
Ref shown_awaited(Thread& thread, Generator* generator);
// Remembers which frames a coroutine is made in, for cr_origin.
void record_origin(Thread& thread, Generator* generator);
// Running now, or waiting inside a chain: told apart by whether the chain's innermost link is suspended.
bool generator_is_running(Thread& thread, Generator* generator);

void init_async_generator_types();
void init_native_await_type();
void init_frame_type();

} // namespace aspy
