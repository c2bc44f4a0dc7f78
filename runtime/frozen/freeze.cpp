// aspy_freeze OUT ROOT FILE...: compiles library modules while aspy is built. OUT becomes a C++ source with
// the table that frozen.hpp declares; FILEs lie below ROOT.
#include "vm/bytecode/image.hpp"
#include "vm/compiler/compiler.hpp"
#include "vm/interpreter/thread/lock.hpp"
#include "vm/object/init.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <unistd.h>

using namespace aspy;

namespace {

struct Frozen {
  bool is_package = false;
  std::string image;
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "aspy_freeze: %s\n", what.c_str());
  std::exit(1);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The name of the module in the file `path`, which lies below `root`. A folder with an __init__.aspy is a
// package; any other only keeps together what belongs together, and says nothing:
//     "modules/concurrent/futures/__init__.aspy" -> "concurrent.futures"
//     "modules/os/shutil.aspy"                   -> "shutil"
std::string module_name(const std::string& root, std::string_view path, bool& is_package) {
  if (path.ends_with(".aspy")) path.remove_suffix(5);
  is_package = path.ends_with("/__init__");
  if (is_package) path.remove_suffix(9);
  std::string name;
  for (size_t start = 0; start < path.size();) {
    size_t slash = path.find('/', start);
    bool last = slash == path.npos;
    std::string folder = root + std::string(path.substr(0, slash));
    if (last || std::filesystem::exists(folder + "/__init__.aspy")) {
      if (!name.empty()) name += '.';
      name += path.substr(start, last ? slash : slash - start);
    }
    start = last ? path.size() : slash + 1;
  }
  return name;
}

std::string compile_to_image(Thread& thread, const std::string& name, const std::string& source) {
  CompileOptions options;
  options.library = true;
  Own<Code> code = compile(thread, source, fmt::format("<frozen {}>", name), options);
  if (code) return write_image(code.get());
  Ref error = take_error(thread);
  Ref text = str(thread, error);
  fail(fmt::format("{}: {}", name, text ? cast<Str>(text)->view() : "does not compile"));
}

// Bytes as a row of string literals, which compilers read much faster than lists of numbers.
void write_literal(std::FILE* out, std::string_view bytes) {
  constexpr size_t line = 32;
  for (size_t at = 0; at < bytes.size(); at += line) {
    std::fputs("\n\"", out);
    for (char c : bytes.substr(at, line)) std::fprintf(out, "\\%03o", static_cast<unsigned char>(c));
    std::fputc('"', out);
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) fail("usage: aspy_freeze OUT ROOT FILE...");
  init_types();
  Thread* thread = new_thread();
  bind_thread(thread);
  acquire_lock(*thread);

  std::string root = std::string(argv[2]) + "/";
  std::map<std::string, Frozen> modules; // in the order of the table
  for (int i = 3; i < argc; ++i) {
    std::string_view path = argv[i];
    if (!path.starts_with(root)) fail(fmt::format("{} is not below {}", path, root));
    Frozen frozen;
    std::string name = module_name(root, path.substr(root.size()), frozen.is_package);
    frozen.image = compile_to_image(*thread, name, read_file(argv[i]));
    modules[name] = std::move(frozen);
  }

  std::FILE* out = std::fopen(argv[1], "w");
  if (!out) fail(fmt::format("cannot write {}", argv[1]));
  std::fputs(
      "#include \"runtime/frozen/frozen.hpp\"\n\nnamespace aspy {\nconst FrozenModule frozen_modules[] = {\n",
      out);
  for (const auto& [name, frozen] : modules) {
    std::fprintf(out, "{\"%s\", %s, {", name.c_str(), frozen.is_package ? "true" : "false");
    write_literal(out, frozen.image);
    std::fprintf(out, ", %zu}},\n", frozen.image.size());
  }
  std::fprintf(out, "};\nconst size_t frozen_module_count = %zu;\n} // namespace aspy\n", modules.size());
  if (std::fclose(out) != 0) fail(fmt::format("cannot write {}", argv[1]));
  _exit(0); // what the VM holds need not be taken apart
}
