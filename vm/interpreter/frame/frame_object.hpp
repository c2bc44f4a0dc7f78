// frame: what scripts see of a frame (sys._getframe, tb_frame, cr_frame). Made on demand; outlives the frame
// with the variables it had at the end.
#pragma once

#include "vm/interpreter/frame/frame.hpp"

namespace aspy {

struct FrameObject : Object {
  Frame* frame = nullptr;   // null once the frame has ended
  Code* code = nullptr;     // owned
  Dict* globals = nullptr;  // owned
  Value locals;             // dict of the variables after the end, or empty; owned
  Dict* extra = nullptr;    // what scripts have put into f_locals beside the variables; owned
  Value back;               // f_back after the end; owned
  uint32_t instruction = 0; // where it was last
};

// The frame object of a frame, always the same one while it runs.
Ref frame_object(Thread& thread, Frame* frame);
// The one that was made of a frame with `has_object`; borrowed.
Object* peek_frame_object(const Frame* frame);
// Cuts the frame object loose from a frame that ends; it keeps the variables, and the frame that called, for
// whoever has it.
void detach_frame_object(Thread& thread, Frame* frame);
// f_locals of a function's frame (vm/interpreter/frame/frame_locals.cpp).
Ref make_frame_locals(FrameObject* frame);
void init_frame_locals_type();
// A fresh dict of a frame's variables (cells looked through), or its namespace.
Ref frame_locals(Thread& thread, Frame* frame);

} // namespace aspy
