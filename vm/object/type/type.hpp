// Type: what a class is. Static types (int, list, Future ...) are C++ globals that live for ever;
// script classes are heap objects of the same struct.
//
// Behaviour is a table of slots. A script class that defines a dunder method gets the slot filled with
// a function that calls it; a native type that fills a slot gets the dunder attribute made from it.
// So natives and the interpreter always dispatch through slots, and scripts always see attributes.
#pragma once

#include "vm/object/object.hpp"

#include <span>

namespace aspy {

struct Str;
struct Dict;
struct Tuple;
struct Shape;
struct Attrs;
struct NativeDef;

// Arguments of a call: `count` positional values, then one value for each name in `kwnames`.
// All borrowed for the time of the call.
struct CallArgs {
  const Value* args = nullptr;
  uint32_t count = 0;
  Tuple* kwnames = nullptr; // tuple of str, or null

  Value operator[](uint32_t index) const { return args[index]; }
};

enum class CompareOp : uint8_t { Lt, Le, Eq, Ne, Gt, Ge };

enum class BinaryOp : uint8_t {
  Add,
  Sub,
  Mul,
  MatMul,
  TrueDiv,
  FloorDiv,
  Mod,
  Pow,
  LShift,
  RShift,
  And,
  Or,
  Xor,
};
inline constexpr int binary_op_count = 13;

// How one step of a generator-like object ended (PEP 380's send, and await's).
enum class SendOutcome : uint8_t {
  Yielded,  // `out` is what it yielded; it wants to be resumed
  Returned, // `out` is its result
  Raised,   // an exception is pending
};

// Visits the references an object owns, for the collector.
class Visitor {
public:
  virtual void visit(Object* object) = 0;
  void operator()(Value value) {
    if (value.is_object()) offer(value.as_object());
  }
  void operator()(Object* object) {
    if (object) offer(object);
  }

protected:
  // What most visits come down to when the collector counts, without a call.
  enum class Mode : uint8_t {
    Visit,
    Subtract, // of the objects from `begin_` on, one from what is known of each: no visit
    Unknown,  // of them, only those of which 0 is known
  };
  Mode mode_ = Mode::Visit;
  uint32_t begin_ = 0; // index in the collector's table
  std::span<uint32_t> known_;

  ~Visitor() = default;

private:
  void offer(Object* object) {
    if (mode_ != Mode::Visit) {
      uint32_t place = (object->gc_word & Object::index_mask) - begin_;
      if (place >= known_.size()) return;
      if (mode_ == Mode::Subtract) {
        --known_[place];
        return;
      }
      if (known_[place]) return;
    }
    visit(object);
  }
};

// What a type can do. Null: it can't (or inherits: filled from the base when the type is made ready).
// Slots that return Ref/bool/-1 raise by returning empty/false/-1 with an exception pending. Binary slots may
// return share(NotImplemented) to pass.
struct Slots {
  // --- lifetime ---
  void (*dealloc)(Object*) = nullptr;            // release fields, free memory (vm/memory/heap.hpp)
  void (*traverse)(Object*, Visitor&) = nullptr; // the references it owns; null: it can't be in a cycle
  void (*clear)(Object*) = nullptr;              // drop references that may close a cycle
  void (*finalize)(Thread&, Object*) = nullptr;  // __del__, once, before dealloc or collection

  // --- making and calling ---
  Ref (*construct)(Thread&, Type* type, CallArgs) = nullptr; // __new__
  bool (*init)(Thread&, Value self, CallArgs) = nullptr;     // __init__
  Ref (*call)(Thread&, Value callee, CallArgs) = nullptr;    // __call__

  // --- attributes ---
  Ref (*get_attr)(Thread&, Value, Str* name) = nullptr; // __getattribute__ (+ __getattr__)
  bool (*set_attr)(Thread&, Value, Str* name, Value value_or_empty) = nullptr; // __setattr__, __delattr__
  Ref (*descr_get)(Thread&, Value descr, Value object_or_empty, Value type) = nullptr;
  bool (*descr_set)(Thread&, Value descr, Value object, Value value_or_empty) = nullptr; // and __delete__

  // --- identity and text ---
  Ref (*repr)(Thread&, Value) = nullptr;
  Ref (*str)(Thread&, Value) = nullptr;
  bool (*hash)(Thread&, Value, int64_t& out) = nullptr; // hash_not_implemented: unhashable
  Ref (*compare)(Thread&, Value a, Value b, CompareOp) = nullptr;
  int (*truthy)(Thread&, Value) = nullptr; // 1, 0; -1 raised

  // --- iteration and awaiting ---
  Ref (*iter)(Thread&, Value) = nullptr;
  Ref (*next)(Thread&, Value) = nullptr; // empty: exhausted when no exception, or a StopIteration, is pending
  // One step of a native generator-like awaitable or iterator. `sent` is empty on the first step of an
  // await, the value sent otherwise. Types without it are driven through __await__/send/__next__.
  SendOutcome (*send)(Thread&, Value self, Value sent, Ref& out) = nullptr;
  Ref (*await_iter)(Thread&, Value) = nullptr; // __await__
  Ref (*aiter)(Thread&, Value) = nullptr;
  Ref (*anext)(Thread&, Value) = nullptr; // the awaitable

  // --- containers ---
  int64_t (*length)(Thread&, Value) = nullptr; // -1 raised
  Ref (*get_item)(Thread&, Value, Value key) = nullptr;
  bool (*set_item)(Thread&, Value, Value key, Value value_or_empty) = nullptr; // and __delitem__
  int (*contains)(Thread&, Value, Value item) = nullptr;                       // 1, 0; -1 raised
  Ref (*concat)(Thread&, Value, Value) = nullptr;       // sequence +: tried after `binary`
  Ref (*repeat)(Thread&, Value, Value count) = nullptr; // sequence *: tried after `binary`
  Ref (*inplace_concat)(Thread&, Value, Value) = nullptr;
  Ref (*inplace_repeat)(Thread&, Value, Value) = nullptr;

  // --- numbers --- binary slots are tried for both operands' types, with the operands in source order
  Ref (*binary[binary_op_count])(Thread&, Value a, Value b) = {};
  Ref (*inplace[binary_op_count])(Thread&, Value a, Value b) = {};
  Ref (*power3)(Thread&, Value a, Value b, Value modulus) = nullptr; // pow with three arguments
  Ref (*negative)(Thread&, Value) = nullptr;
  Ref (*positive)(Thread&, Value) = nullptr;
  Ref (*absolute)(Thread&, Value) = nullptr;
  Ref (*invert)(Thread&, Value) = nullptr;
  Ref (*to_int)(Thread&, Value) = nullptr;
  Ref (*to_float)(Thread&, Value) = nullptr;
  Ref (*index)(Thread&, Value) = nullptr;
};

// A computed attribute of a native type ("getset descriptor"). `set` null: read-only ("attribute 'x' of 'T'
// objects is not writable"). `set` gets an empty value for deletion.
struct GetSetDef {
  const char* name; // null ends the table
  Ref (*get)(Thread&, Value self);
  bool (*set)(Thread&, Value self, Value value_or_empty) = nullptr;
  const char* doc = nullptr;
};

// What declares a native type: one constant a type, given to make_ready().
struct TypeSpec {
  const char* name;           // "list"; a dotted name gives __module__: "asyncio.Future" -> asyncio, Future
  Type* base = nullptr;       // null: object
  uint32_t instance_size = 0; // sizeof the C++ struct; 0: as the base
  uint32_t flags = 0;         // TypeFlag bits
  uint32_t attrs_offset = 0;  // offsetof the Attrs in an instance, when instances have a __dict__
  const NativeDef* methods = nullptr; // ends with a null name
  const GetSetDef* getset = nullptr;  // ends with a null name
  const char* doc = nullptr;
};

enum TypeFlag : uint32_t {
  TypeHeap = 1,        // made by a class statement: counted, may be changed
  TypeFinal = 2,       // "type 'bool' is not an acceptable base type"
  TypeNoConstruct = 4, // "cannot create 'generator' instances"
  TypeTracked = 8,     // instances are known to the collector from birth
  TypeReady = 16,
  TypeAbstract = 32, // has __abstractmethods__
  // Awaiting an instance takes its `send` slot alone: nothing of the script's runs in it, and an exception
  // thrown at it goes straight to whoever awaits. Not inherited.
  TypePlainAwait = 64,
  // What the type derives from, for quick checks (inherited).
  TypeIsInt = 1 << 8,
  TypeIsStr = 1 << 9,
  TypeIsList = 1 << 10,
  TypeIsTuple = 1 << 11,
  TypeIsDict = 1 << 12,
  TypeIsType = 1 << 13,
  TypeIsException = 1 << 14,
  TypeIsBytes = 1 << 15,
  TypeIsFloat = 1 << 16,
  TypeIsSet = 1 << 17, // set or frozenset
  TypeIsSequence = 1 << 18,
  TypeIsMapping = 1 << 19, // for match patterns (PEP 634)
  // Attribute access of instances is the generic one, so that inline caches may be used. Set by make_ready
  // and kept up when __getattribute__ and the like are assigned. Metatypes never have these: classes look
  // things up in another way.
  TypeGenericGet = 1 << 20,
  TypeGenericSet = 1 << 21,
  TypeUserInit = 1 << 22,  // __init__ is a script function: type.__call__ may push a frame
  TypeSlotsOnly = 1 << 23, // instances have no __dict__
  TypeUserNew = 1 << 24,   // __new__ is not a native constructor
  TypeWeakRefs = 1 << 25,  // instances may be referred to weakly (inherited)
  TypeMethodLike =
      1 << 26, // a descriptor whose instances, found on a type, are called with the object put in front
  TypePlainName = 1 << 27, // a native type that messages call by its bare name, as they do classes of scripts
  TypeModuleName = 1 << 28, // a class that messages call by its name with the module, as they do native types
  TypeOpen = 1 << 29,       // a native type whose attributes scripts may change
  TypePatched =
      1 << 30, // they have done so, to the type or a native base: nothing native goes without saying
  TypeSideAttrs = 1u << 31, // instances that are given attributes keep them elsewhere (`side_attributes`)
};

struct Type : Object {
  Str* name = nullptr;     // __name__, owned
  Str* qualname = nullptr; // owned
  Type* base = nullptr;    // the base that decides the memory layout, owned
  Tuple* bases = nullptr;  // owned
  Tuple* mro = nullptr;    // owned, begins with the type itself
  Dict* dict = nullptr;    // own attributes, owned; null until first needed in a static type: use type_dict()
  uint32_t flags = 0;
  // Unique for each state of the type and its bases, 0 when it may not be cached. Changes whenever an
  // attribute of the type or of one of its bases changes.
  uint32_t version = 0;
  uint32_t instance_size = 0;
  // Subclasses of types with data behind the struct (tuple, str, bytes) keep their Attrs and members *in
  // front* of the header: then the offsets below are negative, and a block begins `prefix_size` bytes before
  // its object.
  uint32_t prefix_size = 0;
  int32_t attrs_offset = 0; // of the Attrs (vm/object/attribute/shape.hpp) in an instance; 0: no __dict__
  int32_t slots_offset = 0; // of the first __slots__ member of this class itself; members are Values in a row
  uint32_t slots_count = 0; // members declared by this class itself, bases not included
  uint32_t attrs_hint =
      0; // how many attributes have room inside an instance, behind its fields; never changes
  Shape* root_shape = nullptr; // of instances without attributes, owned
  const char* doc = nullptr;   // static types
  const TypeSpec* spec = nullptr;
  Slots slots;
  // Type's own Attrs are its dict. Subclasses are kept weakly for version changes and __subclasses__().
  struct Subclasses* subclasses = nullptr;
  Tuple* slot_names = nullptr; // __slots__ as declared on this class, owned
  uint64_t own_slots = 0;      // bit i: the native type itself fills slot i (so it has the dunder attribute)

  constexpr Type() : Object{immortal_refcount, 0, nullptr} {}
  bool is_heap() const { return (flags & TypeHeap) != 0; }
};

extern Type type_type;
extern Type object_type;
extern Type none_type, ellipsis_type, not_implemented_type;
extern Object ellipsis_object, not_implemented_object;
inline const Value Ellipsis{&ellipsis_object};
inline const Value NotImplemented{&not_implemented_object};
extern Type int_type, bool_type, float_type; // here because type_of needs them

// The type of any value.
inline Type* type_of(Value value) {
  if (value.is_object()) return value.as_object()->type;
  if (value.is_int()) return &int_type;
  if (value.is_double()) return &float_type;
  return value.is_none() ? &none_type : &bool_type;
}
inline bool has_type_flag(Value value, uint32_t flag) { return (type_of(value)->flags & flag) != 0; }
// Exactly this type, not a subclass.
inline bool is_exact(Value value, const Type& type) {
  return value.is_object() && value.as_object()->type == &type;
}

// True when `type` is `base` or derives from it, by the method resolution order.
bool is_subtype(const Type* type, const Type* base);
inline bool is_instance(Value value, const Type& base) {
  Type* type = type_of(value);
  return type == &base || is_subtype(type, &base);
}

// --- making native types ready -----------------------------------------------------------------------
// A native type is: a global `Type x_type;`, a function that fills `x_type.slots`, and a TypeSpec:
//     void init_x_type() { x_type.slots.repr = x_repr; ...; make_ready(x_type, x_spec); }
// make_ready inherits slots, computes the MRO, and fills the dict: methods, getset, and a slot wrapper
// for each slot that the type itself fills. Bases must be ready.
void make_ready(Type& type, const TypeSpec& spec);

// The attributes of an instance whose type has TypeSideAttrs and no room for them; null when it has none and
// none are to be made. Borrowed.
extern Dict* (*side_attributes)(Object* object, bool make);

// --- attributes of types -----------------------------------------------------------------------------
// The type's own attributes; fills the dict of a static type on first need. Borrowed.
Dict* type_dict(Type* type);
// Looks `name` up along the MRO of `type`, without descriptors. Borrowed; empty when missing. Never raises.
Value type_lookup(Type* type, Str* name);
// Stores (or, with an empty value, deletes) an attribute of a type, updates slots and versions. Raises
// TypeError for a static type when `from_script`.
bool type_set_attr(Thread& thread, Type* type, Str* name, Value value_or_empty, bool from_script = true);
// Makes a class: type(name, bases, namespace, **kwargs). Raises TypeError.
Own<Type> make_class(Thread& thread, Type* metatype, Str* name, Tuple* bases, Dict* ns, CallArgs kwargs);
// Allocates an instance of `type` with `type->instance_size` zeroed bytes after the header (plus inline room
// for attributes), tracked when the type says so. What native constructors begin with.
Object* allocate_instance(Type* type, size_t extra_bytes = 0);
// The address of the instance's Attrs, or null when it has no __dict__.
inline Attrs* attrs_of(Object* object) {
  int32_t offset = object->type->attrs_offset;
  return offset ? reinterpret_cast<Attrs*>(reinterpret_cast<char*>(object) + offset) : nullptr;
}

template <class T> T* cast(Value value) { return static_cast<T*>(value.as_object()); }

} // namespace aspy
