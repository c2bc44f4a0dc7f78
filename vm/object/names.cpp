// The names of vm/object/names.def, interned once.
#include "vm/object/text/str.hpp"

namespace aspy {
namespace names {
#define ASPY_NAME(id, text) Str* id = nullptr;
#include "vm/object/names.def"
#undef ASPY_NAME
} // namespace names

void init_names() {
  if (names::dunder_init) return;
#define ASPY_NAME(id, text) names::id = intern(text);
#include "vm/object/names.def"
#undef ASPY_NAME
}

} // namespace aspy
