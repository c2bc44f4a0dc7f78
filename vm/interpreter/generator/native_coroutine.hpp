// Native coroutines: `async def` functions whose body is a state machine in C++.
//
// Nobody can tell one from a function of the language: it is a `function`, calling it binds the arguments and
// makes a `coroutine`, which can be awaited, sent to, thrown into, closed, inspected (cr_await, cr_frame,
// cr_running ...) and warns when it is never awaited. Only what happens between two waits is C++, not
// bytecode. The code object holds one small program, the same for all:
//
//        NativeStep  r0, r1, 0    the body runs up to its first wait; what it waits for goes into r0
//     W: Await       r1, r0       as in any coroutine: suspends, resumes, passes exceptions on
//        NativeStep  r0, r1, 0    the body goes on with the result r1; continues at W
//     H: NativeStep  r0, r0, 1    the handler of W: the body goes on with the exception r0; continues at W
//
// So waiting has one implementation, and a body may wait for anything: a future, another coroutine, an object
// with __await__. `await f(...)` makes none of this while nobody can tell: see native_await.hpp.
//
// A body is a function that is called once for each step:
//
//     NativeOutcome nap(Thread& thread, Value* locals, Ref received, Ref& out);
//
// `locals` are the parameters in the order of the text (each present: defaults are filled in; keyword-only
// ones last), then `state_count` registers of its own, empty at the beginning. All are owned by the
// coroutine, known to the collector, and released when it ends; a step number is kept in one of them as an
// int. On the first step `received` is empty and no exception is pending. After a wait `received` is its
// result; or it is empty and the wait's exception is pending: take it (take_error) or leave it and return
// Raise. It returns
//
//     Wait      `out` is what to await next
//     Turn      a bare yield, and None is the coroutine's result: sleep(0). Only as the first step; should
//     the
//               body be called once more all the same, it is with None and, maybe, without its locals
//     Return    `out` is the coroutine's result
//     Raise     an exception is pending
//
// A body may be called for the last time with GeneratorExit pending (close(), or the coroutine is dropped
// while it waits): that is where a `finally` goes. A body must not hold borrowed pointers from one step to
// the next.
//
//     constexpr NativeCoroutineDef nap_def{"nap", "delay, result=None", nap_step, 1, "Wait a little."};
//     module_set(module, "nap", native_coroutine_function(thread, nap_def, "asyncio.tasks"));
//     add_native_coroutines(thread, lock_type, lock_coroutines, "asyncio.locks"); // methods: "Lock.acquire"
#pragma once

#include "vm/bytecode/code.hpp"
#include "vm/bytecode/opcodes.hpp"
#include "vm/object/type/type.hpp"

#include <cstring>

namespace aspy {

enum class NativeOutcome : uint8_t { Wait, Turn, Return, Raise };
using NativeStep = NativeOutcome (*)(Thread& thread, Value* locals, Ref received, Ref& out);

// Where the Await lies in every native coroutine's code.
inline constexpr uint32_t native_await_word = 3;

struct NativeCoroutineDef {
  const char* name;   // __qualname__: "sleep", "Lock.acquire"; null ends a table
  const char* params; // "self, delay, /, result=None, *, flag=False": defaults are None, True, False or ints
  NativeStep step = nullptr;
  uint32_t state_count = 0;
  const char* doc = nullptr;
};

// The definition that the NativeStep instruction at `at` carries in its cache.
inline const NativeCoroutineDef* native_def(const Word* at) {
  const NativeCoroutineDef* def;
  std::memcpy(&def, at + 1, sizeof def);
  return def;
}

// What one awaits for a bare yield: yields None, and is done when it is resumed.
extern Object native_turn;

// A function for `def`, as if defined in `module_name` ("asyncio.tasks"). `def` must live for ever.
Ref native_coroutine_function(Thread& thread, const NativeCoroutineDef& def, const char* module_name);
// Adds each function of a table to a native type under the last part of its name.
void add_native_coroutines(Thread& thread, Type& type, const NativeCoroutineDef* table,
                           const char* module_name);

} // namespace aspy
