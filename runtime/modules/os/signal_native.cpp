// The module _signal, which signal.aspy dresses up: script handlers for signals. They run in the main thread,
// at a safe point.
#include "runtime/process/signals.hpp"
#include "vm/interpreter/call.hpp"
#include "vm/interpreter/thread/breaker.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/module.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <sys/time.h>
#include <unistd.h>

namespace aspy {

namespace {

constexpr int signal_count = 65;
struct Name {
  const char* text;
  int number;
};
constexpr Name signal_names[] = {
    {"SIGHUP", SIGHUP},       {"SIGINT", SIGINT},   {"SIGQUIT", SIGQUIT},   {"SIGILL", SIGILL},
    {"SIGTRAP", SIGTRAP},     {"SIGABRT", SIGABRT}, {"SIGBUS", SIGBUS},     {"SIGFPE", SIGFPE},
    {"SIGKILL", SIGKILL},     {"SIGUSR1", SIGUSR1}, {"SIGSEGV", SIGSEGV},   {"SIGUSR2", SIGUSR2},
    {"SIGPIPE", SIGPIPE},     {"SIGALRM", SIGALRM}, {"SIGTERM", SIGTERM},   {"SIGCHLD", SIGCHLD},
    {"SIGCONT", SIGCONT},     {"SIGSTOP", SIGSTOP}, {"SIGTSTP", SIGTSTP},   {"SIGTTIN", SIGTTIN},
    {"SIGTTOU", SIGTTOU},     {"SIGURG", SIGURG},   {"SIGXCPU", SIGXCPU},   {"SIGXFSZ", SIGXFSZ},
    {"SIGVTALRM", SIGVTALRM}, {"SIGPROF", SIGPROF}, {"SIGWINCH", SIGWINCH}, {"SIGIO", SIGIO},
    {"SIGPWR", SIGPWR},       {"SIGSYS", SIGSYS}};

Value handlers[signal_count]; // what signal() was given; owned, empty: never asked
Value default_interrupt;      // default_int_handler, borrowed from the module

bool run_script_handler(Thread& thread, int number) {
  Ref handler = share(handlers[number]);
  if (!handler || !is_callable(handler)) return true;
  Ref frame = current_frame_object(thread, 0);
  if (!frame) {
    clear_error(thread);
    frame = share(None);
  }
  Ref done = call(thread, handler, {Value::from_int(number), frame});
  return static_cast<bool>(done);
}
bool run_script_interrupt(Thread& thread) { return run_script_handler(thread, SIGINT); }

bool to_signal(Thread& thread, Value value, int32_t& number) {
  if (!to_int32(thread, value, number)) return false;
  if (number < 1 || number >= signal_count) return raise_value_error(thread, "signal number out of range");
  return true;
}

Ref default_int_handler(Thread& thread, const Value*) {
  return raise_with_args(thread, KeyboardInterrupt_type, {});
}

Ref current_handler(int number) {
  if (handlers[number]) return share(handlers[number]);
  if (number == SIGINT) return share(default_interrupt);
  struct sigaction now {};
  sigaction(number, nullptr, &now);
  return share(Value::from_int(now.sa_handler == SIG_IGN ? 1 : 0));
}

Ref module_signal(Thread& thread, const Value* args) {
  int32_t number;
  if (!to_signal(thread, args[0], number)) return Ref();
  Value handler = args[1];
  if (!is_main_thread(thread))
    return raise_value_error(thread, "signal only works in main thread of the main interpreter");
  bool is_default = handler == Value::from_int(0), is_ignore = handler == Value::from_int(1);
  if (!is_default && !is_ignore && !is_callable(handler))
    return raise_type_error(thread,
                            "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object");
  Ref before = current_handler(number);
  if (is_default || is_ignore) {
    struct sigaction plain {};
    plain.sa_handler = is_ignore ? SIG_IGN : SIG_DFL;
    if (sigaction(number, &plain, nullptr) != 0) return raise_os_error(thread, errno);
    forget_signal(number);
  } else if (!catch_signal(number)) {
    return raise_os_error(thread, errno);
  }
  if (number == SIGINT) set_interrupt_handler(handler == default_interrupt ? nullptr : run_script_interrupt);
  script_signal_handler = run_script_handler;
  assign(handlers[number], share(handler));
  return before;
}

Ref module_getsignal(Thread& thread, const Value* args) {
  int32_t number;
  if (!to_signal(thread, args[0], number)) return Ref();
  return current_handler(number);
}

Ref module_raise_signal(Thread& thread, const Value* args) {
  int32_t number;
  if (!to_signal(thread, args[0], number)) return Ref();
  if (::raise(number) != 0) return raise_os_error(thread, errno);
  if (thread.breaker.load() && !handle_breaker(thread)) return Ref();
  return share(None);
}

Ref module_strsignal(Thread& thread, const Value* args) {
  int32_t number;
  if (!to_signal(thread, args[0], number)) return Ref();
  return make_str(strsignal(number));
}

Ref module_valid_signals(Thread& thread, const Value*) {
  Own<Set> all = new_set();
  for (int number = 1; number < signal_count; ++number)
    if ((number < 32 || number >= SIGRTMIN) && !set_add(thread, all.get(), Value::from_int(number)))
      return Ref();
  return all;
}

Ref module_alarm(Thread& thread, const Value* args) {
  int32_t seconds;
  if (!to_int32(thread, args[0], seconds)) return Ref();
  return share(Value::from_int(alarm(static_cast<unsigned>(seconds))));
}

Ref module_setitimer(Thread& thread, const Value* args) {
  int32_t which;
  double first, interval = 0;
  if (!to_int32(thread, args[0], which) || !to_double(thread, args[1], first)) return Ref();
  if (args[2] && !to_double(thread, args[2], interval)) return Ref();
  auto convert = [](double seconds) {
    auto whole = static_cast<time_t>(seconds);
    return timeval{whole, static_cast<suseconds_t>((seconds - static_cast<double>(whole)) * 1e6)};
  };
  itimerval timer{convert(interval), convert(first)};
  if (setitimer(static_cast<__itimer_which>(which), &timer, nullptr) != 0)
    return raise_os_error(thread, errno);
  return share(None);
}

constexpr NativeDef functions[] = {
    {"signal", "signalnum, handler, /", module_signal,
     "Set the handler of a signal; returns the one before."},
    {"getsignal", "signalnum, /", module_getsignal, "The handler of a signal."},
    {"raise_signal", "signalnum, /", module_raise_signal, "Send a signal to this process."},
    {"strsignal", "signalnum, /", module_strsignal, "The system's description of a signal."},
    {"valid_signals", "", module_valid_signals, "The set of signal numbers."},
    {"alarm", "seconds, /", module_alarm, "Arrange for SIGALRM after some seconds."},
    {"setitimer", "which, seconds, interval=0.0, /", module_setitimer, "Set an interval timer."},
    {"default_int_handler", "signalnum, frame, /", default_int_handler, "Raise KeyboardInterrupt."},
    {nullptr}};

bool init(Thread& thread, Module* module) {
  for (const Name& name : signal_names) module_set(module, name.text, Value::from_int(name.number));
  module_set(module, "SIG_DFL", Value::from_int(0));
  module_set(module, "SIG_IGN", Value::from_int(1));
  module_set(module, "ITIMER_REAL", Value::from_int(ITIMER_REAL));
  module_set(module, "NSIG", Value::from_int(signal_count));
  Ref handler = get_attr(thread, Value(module), "default_int_handler");
  if (!handler) return false;
  default_interrupt = handler.release(); // lives as long as the process
  return true;
}

} // namespace

extern const ModuleSpec _signal_module;
const ModuleSpec _signal_module{"_signal", functions, init, "Handlers for signals."};

} // namespace aspy
