// The programs of the start-up rows, which are generated: an empty file, an asyncio hello, a long module.
#pragma once

#include <string>

namespace bench {

// Writes them into `folder`, as empty, hello and module with each engine's extension.
void write_startup_programs(const std::string& folder);

} // namespace bench
