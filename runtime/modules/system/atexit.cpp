#include "runtime/modules/system/atexit.hpp"

#include "runtime/importing/registry.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <vector>

namespace aspy {
namespace {

struct ExitFunction {
  Ref function;
  std::vector<Ref> values; // positional, then keyword values
  uint32_t positional = 0;
  Own<Tuple> names;
};
std::vector<ExitFunction>& registered() {
  static auto* all = new std::vector<ExitFunction>();
  return *all;
}

Ref atexit_register(Thread& thread, CallArgs call) {
  if (call.count == 0) return raise_type_error(thread, "register() takes at least 1 argument (0 given)");
  if (!is_callable(call.args[0])) return raise_type_error(thread, "the first argument must be callable");
  ExitFunction entry;
  entry.function = share(call.args[0]);
  entry.positional = call.count - 1;
  size_t total = call.count + (call.kwnames ? call.kwnames->size : 0);
  for (size_t i = 1; i < total; ++i) entry.values.push_back(share(call.args[i]));
  if (call.kwnames) entry.names = Own<Tuple>::share(call.kwnames);
  registered().push_back(std::move(entry));
  return share(call.args[0]);
}

Ref atexit_unregister(Thread& thread, const Value* args) {
  auto& all = registered();
  for (size_t i = all.size(); i-- > 0;) {
    int same = equals(thread, all[i].function, args[0]);
    if (same < 0) return {};
    if (same) all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return share(None);
}

Ref atexit_clear(Thread&, const Value*) {
  auto dropped = std::move(registered());
  registered().clear();
  return share(None);
}
Ref atexit_count(Thread&, const Value*) {
  return share(Value::from_int(static_cast<int64_t>(registered().size())));
}
Ref atexit_run(Thread& thread, const Value*) {
  run_exit_functions(thread);
  return share(None);
}

const NativeDef atexit_functions[] = {
    {"register", "func, /, *args, **kwargs", nullptr,
     "Register a function to be called when the program ends.", NativeKind::Function, atexit_register},
    {"unregister", "func, /", atexit_unregister, "Forget a registered function."},
    {"_clear", "", atexit_clear},
    {"_ncallbacks", "", atexit_count},
    {"_run_exitfuncs", "", atexit_run},
    {nullptr},
};

} // namespace

void run_exit_functions(Thread& thread) {
  // A function may register others; they run too.
  while (!registered().empty()) {
    ExitFunction entry = std::move(registered().back());
    registered().pop_back();
    std::vector<Value> row(entry.values.begin(), entry.values.end());
    Ref done = call(thread, entry.function, CallArgs{row.data(), entry.positional, entry.names.get()});
    if (!done) write_unraisable(thread, entry.function, "Exception ignored in atexit callback");
  }
}

const ModuleSpec atexit_module = {"atexit", atexit_functions, nullptr,
                                  "Functions that run when the program ends."};

} // namespace aspy
