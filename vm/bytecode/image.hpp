// Code images: compiled code as a string of bytes, so that the library can be compiled when aspy is built and
// only read in when a program starts. An image is trusted: it comes from the same build that reads it.
#pragma once

#include "vm/bytecode/code.hpp"

#include <string>
#include <string_view>

namespace aspy {

// The image of a code object and of all that is nested in it.
std::string write_image(const Code* code);

// The code object back from its image, which must live for ever: of the code of functions and classes only
// what their callers need is read now, and the body (instructions, constants, handlers) when they are first
// run.
Own<Code> read_image(std::string_view image);
// Reads a body that was left.
void read_body(Code* code);

} // namespace aspy
