// Bringing up the built-in types, once per process.
#pragma once

namespace aspy {

// Each readies the types of its part (make_ready in vm/object/type/type.hpp), bases first.
void init_object_types();    // type, object, None, descriptors, functions, modules, cells, weak references
void init_number_types();    // int, bool, float, complex
void init_text_types();      // str, bytes, bytearray
void init_container_types(); // tuple, list, dict, set, range, slice, their iterators and views
void init_exception_types(); // BaseException and all below, traceback
void init_code_types();      // code
void init_generator_types(); // generator, coroutine, async_generator, frame

// All of the above in the order they need. Safe to call again.
void init_types();

} // namespace aspy
