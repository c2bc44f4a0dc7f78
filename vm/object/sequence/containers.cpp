// Readies the container types, in the order they need each other.
#include "vm/object/init.hpp"

namespace aspy {

void init_tuple_type();
void init_list_type();
void init_dict_type();
void init_set_types();
void init_range_type();
void init_slice_type();

void init_container_types() {
  init_tuple_type();
  init_list_type();
  init_dict_type();
  init_set_types();
  init_range_type();
  init_slice_type();
}

} // namespace aspy
