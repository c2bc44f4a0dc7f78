// Text from C++: lengths and indexing beyond ASCII, interning, hashing, codecs, quoting.
#include "lexer/characters.hpp"
#include "tests/unit/vm_fixture.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/encoding/codecs.hpp"
#include "vm/object/text/encoding/unicode.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <doctest/doctest.h>

using namespace aspy;
using aspy::test::thread;

namespace {

// Mixed widths, long enough for several entries of the index.
std::string long_text() {
  std::string out;
  for (int i = 0; i < 100; ++i) out += "aé€😀";
  return out;
}

std::string decoded(std::string_view bytes, const char* encoding, const char* errors) {
  Own<Str> text = decode_text(thread(), bytes, encoding, errors);
  if (text) return std::string(text->view());
  Ref error = take_error(thread());
  Ref message = str(thread(), error);
  return "! " + std::string(cast<Str>(message)->view());
}

} // namespace

TEST_CASE("str: length counts code points") {
  thread();
  CHECK(make_str("abc")->length == 3);
  CHECK(make_str("abc")->is_ascii);
  CHECK(make_str("é€😀")->length == 3);
  CHECK_FALSE(make_str("é")->is_ascii);
}

TEST_CASE("str: indexing through the index") {
  thread();
  Own<Str> text = make_str(long_text());
  REQUIRE(text->length == 400);
  const uint32_t expected[] = {'a', 0xE9, 0x20AC, 0x1F600};
  for (uint32_t i : {0u, 1u, 63u, 64u, 65u, 127u, 128u, 255u, 399u})
    CHECK(str_at(text.get(), i) == expected[i % 4]);
  CHECK(str_byte_offset(text.get(), 400) == text->size);
  CHECK(str_slice(text.get(), 62, 66)->view() == "€😀aé");
  CHECK(str_slice(text.get(), 0, 400).get() == text.get());
  CHECK(str_slice(text.get(), 5, 5)->view().empty());
}

TEST_CASE("str: short strings are shared") {
  thread();
  CHECK(make_str("").get() == make_str("").get());
  CHECK(make_str("x").get() == make_str("x").get());
  CHECK(make_str("xy").get() != make_str("xy").get());
}

TEST_CASE("str: interning") {
  thread();
  Own<Str> fresh = make_str("a name of its own");
  CHECK_FALSE(fresh->is_interned);
  Str* shared = intern(fresh.get());
  CHECK(shared == fresh.get());
  CHECK(intern("a name of its own") == shared);
  CHECK(names::dunder_init == intern("__init__"));
}

TEST_CASE("str: equal texts hash alike") {
  thread();
  Own<Str> a = make_str("héllo"), b = make_str("héllo"), c = make_str("hello");
  CHECK(str_hash(a.get()) == str_hash(b.get()));
  CHECK(str_equals(a.get(), b.get()));
  CHECK_FALSE(str_equals(a.get(), c.get()));
  CHECK(str_hash(c.get()) != 0);
}

TEST_CASE("str: quoting") {
  CHECK(quote("it's") == "\"it's\"");
  CHECK(quote("'\"") == "'\\'\"'");
  CHECK(quote("a\n\t\\\x01\x7f") == "'a\\n\\t\\\\\\x01\\x7f'");
  CHECK(quote("é\u200b") == "'é\\u200b'");
}

TEST_CASE("codecs: malformed UTF-8") {
  thread();
  CHECK(decoded("a\xff", "utf-8", "strict") ==
        "! 'utf-8' codec can't decode byte 0xff in position 1: invalid start byte");
  CHECK(decoded("\xe2\x82", "utf-8", "strict") ==
        "! 'utf-8' codec can't decode bytes in position 0-1: unexpected end of data");
  CHECK(decoded("a\xe2\x28", "utf-8", "replace") == "a\xEF\xBF\xBD(");
  CHECK(decoded("a\xff", "utf-8", "backslashreplace") == "a\\xff");
  CHECK(decoded("a\xff"
                "b",
                "ascii", "ignore") == "ab");
  CHECK(decoded("x", "nonsense", "strict") == "! unknown encoding: nonsense");
}

TEST_CASE("codecs: there and back") {
  Thread& t = thread();
  Own<Str> text = make_str(long_text());
  for (const char* encoding : {"utf-8", "utf-16", "utf-16-be", "utf-32", "utf-8-sig"}) {
    Own<Bytes> bytes = encode_text(t, text.get(), encoding, "strict");
    REQUIRE(bytes);
    CHECK(decode_text(t, bytes->view(), encoding, "strict")->view() == text->view());
  }
  Own<Bytes> escaped = encode_text(t, text.get(), "ascii", "xmlcharrefreplace");
  CHECK(escaped->view().substr(0, 14) == "a&#233;&#8364;");
  Own<Str> smuggled = decode_text(t, "\xff\xfe", "utf-8", "surrogateescape");
  CHECK(smuggled->length == 2);
  CHECK(encode_text(t, smuggled.get(), "utf-8", "surrogateescape")->view() == "\xff\xfe");
}

TEST_CASE("unicode: case and kind") {
  CHECK(unicode::is_alpha(0xE9));
  CHECK(unicode::is_space(0x2003));
  CHECK_FALSE(is_printable(0x200B));
  CHECK(unicode::decimal_value(0x663) == 3);
  CHECK(unicode::decimal_value('a') == -1);
  std::string upper;
  unicode::append_upper(upper, 0xDF);
  CHECK(upper == "SS");
}
