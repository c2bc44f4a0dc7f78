// Modules beside the script that stand in the way of others: a file called random.py hides the library's random.
#pragma once

#include <string_view>

namespace aspy {

// What a module of this name and file may hide. Only what stands in the folder that is searched first can.
enum class Shadowing { Nothing, Something, Library };
Shadowing shadowing_of(std::string_view module_name, std::string_view file);

} // namespace aspy
