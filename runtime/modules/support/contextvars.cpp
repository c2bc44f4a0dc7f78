#include "runtime/modules/support/contextvars.hpp"
#include "runtime/modules/support/accelerated.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {

namespace {

struct Context : Object {
  Dict* variables = nullptr; // ContextVar -> value; owned, shared with copies while its count is above 1
  Value previous;            // entered: the context of the thread before; owned
  bool entered = false;
};
struct ContextVar : Object {
  Str* name = nullptr; // owned
  Value fallback;      // default, or empty; owned
};
struct Token : Object {
  Value context, variable, old; // owned; `old` empty: the variable was not set
  bool used = false;
};
Type context_type, context_var_type, token_type, token_missing_type;
Object missing_object{immortal_refcount, 0, &token_missing_type};

Context* new_context(Dict* variables) {
  auto* context = allocate<Context>(context_type);
  context->variables = variables ? Own<Dict>::share(variables).release() : new_dict().release();
  return context;
}

Context* current(Thread& thread) {
  if (!thread.context) thread.context = Value(new_context(nullptr));
  return cast<Context>(thread.context);
}

Dict* writable(Context* context) {
  if (context->variables->refcount > 1) {
    Dict* own = dict_copy(context->variables).release();
    clear_field(context->variables);
    context->variables = own;
  }
  return context->variables;
}

Value lookup(Thread& thread, Value variable) {
  if (!thread.context) return Value();
  return dict_get(thread, cast<Context>(thread.context)->variables, variable);
}

// --- ContextVar ----------------------------------------------------------------------------------

Ref variable_construct(Thread& thread, Type* type, CallArgs call) {
  if (call.count > 1)
    return raise_type_error(
        thread, fmt::format("ContextVar() takes at most 1 positional argument ({} given)", call.count));
  BoundArgs args;
  if (!bind_args(thread, "ContextVar", "name, /, *, default=None", call, args)) return Ref();
  if (!is_str(args[0])) return raise_type_error(thread, "context variable name must be a str");
  auto* variable = static_cast<ContextVar*>(allocate_instance(type));
  variable->name = cast<Str>(share(args[0]).release());
  variable->fallback = share(args[1]).release();
  return Ref::steal(Value(variable));
}

Ref variable_get(Thread& thread, const Value* args) {
  if (Value found = lookup(thread, args[0])) return share(found);
  if (args[1]) return share(args[1]);
  if (Value fallback = cast<ContextVar>(args[0])->fallback) return share(fallback);
  return raise_with_args(thread, LookupError_type, {args[0]});
}

Ref variable_set(Thread& thread, const Value* args) {
  Context* context = current(thread);
  auto* token = allocate<Token>(token_type);
  Ref result = Ref::steal(Value(token));
  token->context = share(Value(context)).release();
  token->variable = share(args[0]).release();
  token->old = share(dict_get(thread, context->variables, args[0])).release();
  if (!dict_set(thread, writable(context), args[0], args[1])) return Ref();
  return result;
}

bool reset(Thread& thread, Value variable, Token* token) {
  auto text = [&](const char* message) {
    Ref shown = repr(thread, Value(token));
    return shown ? fmt::format("{} {}", cast<Str>(shown)->view(), message) : std::string(message);
  };
  if (token->used) return raise(thread, RuntimeError_type, text("has already been used once"));
  if (token->variable != variable)
    return raise(thread, ValueError_type, text("was created by a different ContextVar"));
  if (token->context != Value(current(thread)))
    return raise(thread, ValueError_type, text("was created in a different Context"));
  token->used = true;
  Dict* variables = writable(current(thread));
  if (token->old) return dict_set(thread, variables, variable, token->old);
  return dict_remove(thread, variables, variable) >= 0;
}

Ref variable_reset(Thread& thread, const Value* args) {
  if (!is_exact(args[1], token_type)) {
    Ref shown = repr(thread, args[1]);
    if (!shown) return Ref();
    return raise_type_error(thread,
                            fmt::format("expected an instance of Token, got {}", cast<Str>(shown)->view()));
  }
  if (!reset(thread, args[0], cast<Token>(args[1]))) return Ref();
  return share(None);
}

Ref variable_repr(Thread& thread, Value self) {
  auto* variable = cast<ContextVar>(self);
  StrBuilder text;
  text.append("<ContextVar name=");
  if (!text.append_repr(thread, Value(variable->name))) return Ref();
  if (variable->fallback) {
    text.append(" default=");
    if (!text.append_repr(thread, variable->fallback)) return Ref();
  }
  text.append(fmt::format(" at {:#x}>", reinterpret_cast<uintptr_t>(variable)));
  return text.finish();
}

Ref variable_name(Thread&, Value self) { return share(Value(cast<ContextVar>(self)->name)); }

constexpr NativeDef variable_methods[] = {
    {"get", "self, default=None, / |", variable_get,
     "The value in the current context, else the default; LookupError."},
    {"set", "self, value, /", variable_set,
     "Set the value in the current context; returns a token to undo it."},
    {"reset", "self, token, /", variable_reset,
     "Restore the value from before the set() that made the token."},
    {"__class_getitem__", "cls, item, /", class_getitem, nullptr, NativeKind::ClassMethod},
    {nullptr}};
constexpr GetSetDef variable_attributes[] = {{"name", variable_name}, {nullptr, nullptr}};

// --- Token ---------------------------------------------------------------------------------------

Ref token_repr(Thread& thread, Value self) {
  auto* token = cast<Token>(self);
  StrBuilder text;
  text.append(token->used ? "<Token used var=" : "<Token var=");
  if (!text.append_repr(thread, token->variable)) return Ref();
  text.append(fmt::format(" at {:#x}>", reinterpret_cast<uintptr_t>(token)));
  return text.finish();
}
Ref token_var(Thread&, Value self) { return share(cast<Token>(self)->variable); }
Ref token_old(Thread&, Value self) {
  Value old = cast<Token>(self)->old;
  return share(old ? old : Value(&missing_object));
}
Ref token_enter(Thread&, const Value* args) { return share(args[0]); }
Ref token_exit(Thread& thread, const Value* args) {
  auto* token = cast<Token>(args[0]);
  if (!reset(thread, token->variable, token)) return Ref();
  return share(None);
}
constexpr NativeDef token_methods[] = {
    {"__enter__", "self, /", token_enter},
    {"__exit__", "self, type, value, traceback, /", token_exit},
    {"__class_getitem__", "cls, item, /", class_getitem, nullptr, NativeKind::ClassMethod},
    {nullptr}};
constexpr GetSetDef token_attributes[] = {{"var", token_var}, {"old_value", token_old}, {nullptr, nullptr}};

// --- Context -------------------------------------------------------------------------------------

Ref context_construct(Thread& thread, Type*, CallArgs call) {
  if (call.count || call.kwnames) return raise_type_error(thread, "Context() does not accept any arguments");
  return Ref::steal(Value(new_context(nullptr)));
}

Ref context_run(Thread& thread, CallArgs call) {
  if (call.count < 2) return raise_type_error(thread, "run() missing 1 required positional argument");
  auto* context = cast<Context>(call[0]);
  if (context->entered) {
    Ref shown = repr(thread, call[0]);
    return raise(
        thread, RuntimeError_type,
        fmt::format("cannot enter context: {} is already entered", shown ? cast<Str>(shown)->view() : ""));
  }
  Ref alive = share(call[0]);
  context->entered = true;
  Value entered = share(call[0]).release();
  Ref result;
  {
    ContextScope scope(thread, entered);
    result = aspy::call(thread, call[1], CallArgs{call.args + 2, call.count - 2, call.kwnames});
  }
  decref(entered);
  context->entered = false;
  return result;
}

Ref context_copy(Thread&, const Value* args) {
  return Ref::steal(Value(new_context(cast<Context>(args[0])->variables)));
}

Dict* variables_of(Value self) { return cast<Context>(self)->variables; }

bool check_key(Thread& thread, Value key) {
  if (is_exact(key, context_var_type)) return true;
  Ref shown = repr(thread, key);
  return raise_type_error(
      thread, fmt::format("a ContextVar key was expected, got {}", shown ? cast<Str>(shown)->view() : ""));
}

Ref context_get(Thread& thread, const Value* args) {
  if (!check_key(thread, args[1])) return Ref();
  Value found = dict_get(thread, variables_of(args[0]), args[1]);
  return share(found ? found : args[2] ? args[2] : None);
}
Ref context_item(Thread& thread, Value self, Value key) {
  if (!check_key(thread, key)) return Ref();
  Value found = dict_get(thread, variables_of(self), key);
  if (!found) return raise_with_args(thread, KeyError_type, {key});
  return share(found);
}
template <Str** method> Ref context_view(Thread& thread, const Value* args) {
  Ref view = call_method(thread, Value(variables_of(args[0])), *method);
  return view;
}
constexpr NativeDef context_methods[] = {{.name = "run",
                                          .params = "self, callable, /, *args, **kwargs |",
                                          .doc = "Call in this context.",
                                          .raw = context_run},
                                         {"copy", "self, /", context_copy, "A shallow copy."},
                                         {"get", "self, key, default=None, /", context_get},
                                         {"keys", "self, /", context_view<&names::keys>},
                                         {"values", "self, /", context_view<&names::values>},
                                         {"items", "self, /", context_view<&names::items>},
                                         {nullptr}};

Ref module_copy_context(Thread& thread, const Value*) { return copy_context(thread); }
constexpr NativeDef functions[] = {
    {"copy_context", "", module_copy_context, "A copy of the current context."}, {nullptr}};

const TypeSpec context_spec{.name = "_contextvars.Context",
                            .instance_size = sizeof(Context),
                            .flags = TypeFinal | TypeTracked,
                            .methods = context_methods};
const TypeSpec variable_spec{.name = "_contextvars.ContextVar",
                             .instance_size = sizeof(ContextVar),
                             .flags = TypeFinal | TypeTracked,
                             .methods = variable_methods,
                             .getset = variable_attributes};
const TypeSpec token_spec{.name = "_contextvars.Token",
                          .instance_size = sizeof(Token),
                          .flags = TypeFinal | TypeTracked,
                          .methods = token_methods,
                          .getset = token_attributes};
const TypeSpec missing_spec{
    .name = "Token.MISSING", .instance_size = sizeof(Object), .flags = TypeFinal | TypeNoConstruct};

void init_types_once() {
  if (context_type.flags & TypeReady) return;
  Slots& context = context_type.slots;
  context.dealloc = [](Object* object) {
    gc_untrack(object);
    clear_field(static_cast<Context*>(object)->variables);
    free_object(object);
  };
  context.traverse = [](Object* object, Visitor& visit) {
    auto* self = static_cast<Context*>(object);
    if (self->variables && self->variables->refcount == 1) visit(self->variables);
  };
  context.construct = context_construct;
  context.length = [](Thread&, Value self) { return static_cast<int64_t>(variables_of(self)->used); };
  context.get_item = context_item;
  context.contains = [](Thread& thread, Value self, Value key) {
    if (!check_key(thread, key)) return -1;
    Value found = dict_get(thread, variables_of(self), key);
    return found ? 1 : 0;
  };
  context.iter = [](Thread& thread, Value self) { return iter(thread, Value(variables_of(self))); };
  context.compare = [](Thread& thread, Value a, Value b, CompareOp op) -> Ref {
    if (!is_exact(a, context_type) || !is_exact(b, context_type) ||
        (op != CompareOp::Eq && op != CompareOp::Ne))
      return share(NotImplemented);
    return compare(thread, Value(variables_of(a)), Value(variables_of(b)), op);
  };
  make_ready(context_type, context_spec);

  Slots& variable = context_var_type.slots;
  variable.dealloc = [](Object* object) {
    gc_untrack(object);
    clear_field(static_cast<ContextVar*>(object)->name);
    clear_field(static_cast<ContextVar*>(object)->fallback);
    free_object(object);
  };
  variable.traverse = [](Object* object, Visitor& visit) {
    visit(static_cast<ContextVar*>(object)->fallback);
  };
  variable.construct = variable_construct;
  variable.repr = variable_repr;
  make_ready(context_var_type, variable_spec);

  Slots& token = token_type.slots;
  token.dealloc = [](Object* object) {
    gc_untrack(object);
    auto* self = static_cast<Token*>(object);
    clear_field(self->context);
    clear_field(self->variable);
    clear_field(self->old);
    free_object(object);
  };
  token.traverse = [](Object* object, Visitor& visit) {
    auto* self = static_cast<Token*>(object);
    visit(self->context);
    visit(self->variable);
    visit(self->old);
  };
  token.repr = token_repr;
  token.construct = [](Thread& thread, Type*, CallArgs) -> Ref {
    return raise(thread, RuntimeError_type, "Tokens can only be created by ContextVars");
  };
  make_ready(token_type, token_spec);
  token_missing_type.slots.repr = [](Thread&, Value) -> Ref { return make_str("<Token.MISSING>"); };
  make_ready(token_missing_type, missing_spec);
}

bool init(Thread& thread, Module* module) {
  set_native_module(module, "_contextvars");
  init_types_once();
  module_set(module, "Context", Value(&context_type));
  module_set(module, "ContextVar", Value(&context_var_type));
  module_set(module, "Token", Value(&token_type));
  Own<Tuple> all = make_tuple({Value(intern("Context")), Value(intern("ContextVar")), Value(intern("Token")),
                               Value(intern("copy_context"))});
  module_set(module, "__all__", all.value());
  return type_set_attr(thread, &token_type, intern("MISSING"), Value(&missing_object), false);
}

} // namespace

bool is_context(Value value) { return is_exact(value, context_type); }

Ref copy_context_lazily(Thread& thread) {
  if (!thread.context) return Ref();
  Dict* variables = cast<Context>(thread.context)->variables;
  return variables->used ? Ref::steal(Value(new_context(variables))) : Ref();
}

Ref enter_own_context(Thread& thread) {
  init_types_once();
  return share(Value(current(thread)));
}

Ref copy_context(Thread& thread) {
  init_types_once();
  return Ref::steal(Value(new_context(thread.context ? cast<Context>(thread.context)->variables : nullptr)));
}

const ModuleSpec contextvars_module{"contextvars", functions, init, "Context variables (PEP 567)."};

} // namespace aspy
