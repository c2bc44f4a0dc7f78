#include "runtime/builtins/builtins.hpp"
#include "vm/object/type/class.hpp"

namespace aspy {

const NativeDef class_builtins[] = {
    {"__build_class__", "func, name, /, *bases, metaclass=None, **kwds", nullptr,
     "What class statements call.", NativeKind::Function, build_class},
    {nullptr},
};

} // namespace aspy
