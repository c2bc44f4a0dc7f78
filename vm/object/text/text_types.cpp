// Start-up of the text types.
#include "vm/object/init.hpp"

namespace aspy {

void init_str_type();
void init_bytes_type();
void init_bytearray_type();

void init_text_types() {
  init_str_type();
  init_bytes_type();
  init_bytearray_type();
}

} // namespace aspy
