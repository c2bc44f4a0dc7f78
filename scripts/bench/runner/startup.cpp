#include "scripts/bench/runner/startup.hpp"

#include <fmt/format.h>
#include <fstream>

namespace bench {
namespace {

// A module of 50,000 lines: 5,000 times a function and a call of it, ten lines together. The same in each
// language; {0} is the function's number.
constexpr int functions = 5'000;

constexpr const char* python_function = R"(def step_{0}(a, b):
    x = a + {0}
    y = b * 2
    if x > y:
        x = x - y
    else:
        y = y - x
    return x + y

total += step_{0}({0}, 3)
)";

constexpr const char* node_function = R"(function step_{0}(a, b) {{
    let x = a + {0};
    let y = b * 2;
    if (x > y)
        x = x - y;
    else
        y = y - x;
    return x + y;
}}
total += step_{0}({0}, 3);
)";

constexpr const char* lua_function = R"(function step_{0}(a, b)
    local x = a + {0}
    local y = b * 2
    if x > y then
        x = x - y
    else
        y = y - x end
    return x + y
end
total = total + step_{0}({0}, 3)
)";

void write_module(const std::string& file, const char* first, const char* function, const char* last) {
  std::ofstream out(file);
  out << first;
  for (int i = 0; i < functions; ++i) out << fmt::format(fmt::runtime(function), i);
  out << last;
}

} // namespace

void write_startup_programs(const std::string& folder) {
  for (const char* extension : {".aspy", ".js", ".lua"}) std::ofstream(folder + "/empty" + extension);
  std::ofstream(folder + "/hello.aspy") << R"(import asyncio


async def main():
    await asyncio.sleep(0)
    print("hello")


asyncio.run(main())
)";
  std::ofstream(folder + "/hello.js") << R"(async function main() {
    await new Promise(setImmediate);
    console.log("hello");
}

main();
)";
  std::ofstream(folder + "/hello.lua") << R"(local main = coroutine.create(function()
    coroutine.yield()
    print("hello")
end)

while coroutine.resume(main) do end
)";
  write_module(folder + "/module.aspy", "total = 0\n", python_function, "print(total)\n");
  write_module(folder + "/module.js", "let total = 0;\n", node_function, "console.log(String(total));\n");
  write_module(folder + "/module.lua", "total = 0\n", lua_function, "print(total)\n");
}

} // namespace bench
