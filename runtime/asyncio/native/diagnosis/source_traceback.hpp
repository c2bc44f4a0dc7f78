// Debug mode: where futures, tasks and handles were made. The stacks are kept beside the objects, so that
// without debugging an object pays one bit for them.
#pragma once

#include "vm/object/type/type.hpp"

#include <string>

namespace aspy {

// Remembers the current stack for the object. False: there was none to be had.
bool record_source(Thread& thread, Object* object);
// A list of traceback.FrameSummary; empty if none was recorded. Borrowed.
Value source_of(Object* object);
void forget_source(Object* object);
// Appends " created at file:line" for repr.
void append_source(Thread& thread, Object* object, std::string& text);

} // namespace aspy
