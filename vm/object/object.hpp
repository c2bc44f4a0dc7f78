// Object: the header that every heap value begins with; Ref: the handle that owns one reference.
//
// Reference counts are not atomic: only the thread that holds the interpreter lock may touch them.
// Objects die at the moment their last reference goes, as in CPython; cycles are found by the collector
// (vm/memory/collector.hpp), which knows the *tracked* objects through `gc_word`.
#pragma once

#include "vm/object/value.hpp"

#include <cstddef>
#include <utility>

namespace aspy {

struct Type;
struct Thread;

struct Object {
  uint32_t refcount;
  // Low 28 bits: index in the collector's table, 0 = untracked. High 4 bits: the flags below.
  uint32_t gc_word;
  Type* type; // borrowed for static types, owned for script-made ones (Type::is_heap)

  static constexpr uint32_t index_mask = 0x0FFF'FFFF;
  static constexpr uint32_t has_weakrefs = 0x1000'0000; // entries in the weak reference table
  static constexpr uint32_t finalized = 0x2000'0000;    // __del__ (or a generator's close) has run
  static constexpr uint32_t flag3 = 0x4000'0000;        // free for the type's own use
  static constexpr uint32_t flag4 = 0x8000'0000;        // free for the type's own use

  bool has_flag(uint32_t flag) const { return (gc_word & flag) != 0; }
  void set_flag(uint32_t flag) { gc_word |= flag; }
  bool is_tracked() const { return (gc_word & index_mask) != 0; }
};

// Refcount that immortal objects (static types, singletons) start with: never reaches zero.
inline constexpr uint32_t immortal_refcount = 1u << 30;

// Runs the type's finalisation and frees `object`, whose count has just reached zero. Keeps a pending
// exception as it was. May run script code (__del__, weak reference callbacks).
void destroy(Object* object);

inline void incref(Object* object) { ++object->refcount; }
inline void decref(Object* object) {
  if (--object->refcount == 0) destroy(object);
}
inline void incref(Value value) {
  if (value.is_object()) incref(value.as_object());
}
inline void decref(Value value) {
  if (value.is_object()) decref(value.as_object());
}

// Owns one reference to a value (or is empty: an error is pending, or "no value").
// Returned by everything that makes or fetches a value.
class [[nodiscard]] Ref {
public:
  Ref() = default;
  Ref(Ref&& other) noexcept : value_(std::exchange(other.value_, Value())) {}
  Ref(const Ref& other) : value_(other.value_) { incref(value_); }
  Ref& operator=(Ref other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Ref() { decref(value_); }

  // Takes over a reference that the caller owned.
  static Ref steal(Value owned) {
    Ref ref;
    ref.value_ = owned;
    return ref;
  }
  // A further reference to a borrowed value.
  static Ref share(Value borrowed) {
    incref(borrowed);
    return steal(borrowed);
  }

  Value get() const { return value_; }
  operator Value() const { return value_; } // NOLINT: lending is always fine
  // Gives the reference up to the caller, who owns it now.
  [[nodiscard]] Value release() { return std::exchange(value_, Value()); }
  void reset() { decref(release()); }
  explicit operator bool() const { return !value_.is_empty(); }

private:
  Value value_;
};

// A Ref that knows the C++ type of its object.
template <class T> class [[nodiscard]] Own {
public:
  Own() = default;
  Own(std::nullptr_t) {} // NOLINT
  Own(Own&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Own(const Own& other) : object_(other.object_) {
    if (object_) incref(static_cast<Object*>(object_));
  }
  Own& operator=(Own other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Own() {
    if (object_) decref(static_cast<Object*>(object_));
  }
  static Own steal(T* owned) {
    Own own;
    own.object_ = owned;
    return own;
  }
  static Own share(T* borrowed) {
    if (borrowed) incref(static_cast<Object*>(borrowed));
    return steal(borrowed);
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  [[nodiscard]] T* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }
  operator Ref() && { // NOLINT
    T* object = release();
    return object ? Ref::steal(Value(object)) : Ref();
  }
  Value value() const { return object_ ? Value(object_) : Value(); }

private:
  T* object_ = nullptr;
};

// A further reference to a borrowed value, ready to return.
inline Ref share(Value value) { return Ref::share(value); }

// Replaces an owned field, releasing the old value only when the field already holds the new one
// (a finaliser may look).
inline void assign(Value& field, Ref value) {
  Value old = field;
  field = value.release();
  decref(old);
}
inline void clear_field(Value& field) { decref(std::exchange(field, Value())); }
template <class T> void clear_field(T*& field) {
  if (T* old = std::exchange(field, nullptr)) decref(static_cast<Object*>(old));
}

} // namespace aspy
