// Paths between scripts and the system: str, bytes or os.PathLike on one side, bytes on the other.
#pragma once

#include "vm/object/object.hpp"

#include <string>
#include <string_view>

namespace aspy {

// os.fspath: a str or bytes. TypeError "expected str, bytes or os.PathLike object, not T".
Ref fs_path(Thread& thread, Value path);
// The path's bytes for the system: UTF-8, with surrogates standing for the bytes they escaped. ValueError for
// a NUL inside.
bool fs_encode(Thread& thread, Value path, std::string& out);
// A name from the system as a str (bytes that are no UTF-8 become surrogates).
Ref fs_decode(std::string_view name);
// As fs_decode, or bytes when `like` (what the script passed) is bytes.
Ref fs_decode_like(Value like, std::string_view name);

} // namespace aspy
