// The layout of an image: the number of texts, then each text once (size and a flag for names, bytes), then
// the code object; texts are referred to by their number. All numbers are variable-length, seven bits a byte.
//
// Writer and Reader mirror each other: for each value a tag, then what its kind needs; for a code object its
// head, the size of its body, its body.
#include "vm/bytecode/image.hpp"

#include "vm/object/bytes/bytes.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

namespace aspy {
namespace {

enum class Tag : uint8_t {
  Empty,
  None,
  False,
  True,
  Ellipsis,
  Int,
  BigInt,
  Float,
  Complex,
  Text,
  Bytes,
  Tuple,
  FrozenSet,
  Slice,
  Code
};

// The plain numbers of a code object.
constexpr uint32_t Code::*code_numbers[] = {
    &Code::first_line,  &Code::flags,     &Code::arg_count,  &Code::posonly_count, &Code::kwonly_count,
    &Code::local_count, &Code::far_count, &Code::temp_count, &Code::exact_args,    &Code::plain_args};

class Writer {
public:
  std::string write(const Code* code) {
    write_code(code);
    std::string body = std::move(out_);
    out_.clear();
    number(texts_.size());
    for (const Str* text : texts_) {
      number(size_t{text->size} << 1 | text->is_interned);
      out_ += text->view();
    }
    return out_ + body;
  }

private:
  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void block(std::string_view bytes) {
    number(bytes.size());
    out_ += bytes;
  }
  void raw(const void* data, size_t size) { out_.append(static_cast<const char*>(data), size); }
  void tag(Tag which) { out_ += static_cast<char>(which); }
  void real(double value) { raw(&value, sizeof value); }

  void text(const Str* text) {
    auto [known, fresh] = text_numbers_.try_emplace(text, texts_.size());
    if (fresh) texts_.push_back(text);
    number(known->second);
  }
  void values(std::span<const Value> all) {
    number(all.size());
    for (Value each : all) value(each);
  }

  void value(Value value) {
    if (value.is_empty()) return tag(Tag::Empty);
    if (value.is_none()) return tag(Tag::None);
    if (value.is_bool()) return tag(value.as_bool() ? Tag::True : Tag::False);
    if (value == Ellipsis) return tag(Tag::Ellipsis);
    if (value.is_int()) {
      tag(Tag::Int);
      // The sign goes to the lowest bit, so that small numbers of either sign stay small.
      return number(static_cast<uint64_t>(value.as_int()) << 1 ^ static_cast<uint64_t>(value.as_int() >> 63));
    }
    if (value.is_double()) {
      tag(Tag::Float);
      return real(value.as_double());
    }
    if (is_str(value)) {
      tag(Tag::Text);
      return text(cast<Str>(value));
    }
    if (is_exact(value, code_type)) {
      tag(Tag::Code);
      return write_code(cast<Code>(value));
    }
    if (is_tuple(value)) {
      tag(Tag::Tuple);
      return values(cast<Tuple>(value)->view());
    }
    if (is_exact(value, bytes_type)) {
      tag(Tag::Bytes);
      return block(cast<Bytes>(value)->view());
    }
    if (is_int_like(value)) {
      std::string digits;
      int_to_string(Thread::current(), value, 16, digits);
      tag(Tag::BigInt);
      return block(digits);
    }
    if (is_exact(value, complex_type)) {
      tag(Tag::Complex);
      real(cast<Complex>(value)->real);
      return real(cast<Complex>(value)->imag);
    }
    if (is_exact(value, slice_type)) {
      auto* slice = cast<Slice>(value);
      tag(Tag::Slice);
      for (Value part : {slice->start, slice->stop, slice->step}) this->value(part);
      return;
    }
    if (is_exact(value, frozenset_type)) {
      auto* set = cast<Set>(value);
      tag(Tag::FrozenSet);
      number(set->used);
      Value item;
      for (uint32_t position = 0; set_next(set, position, item);) this->value(item);
      return;
    }
    std::fprintf(stderr, "a constant of type %s cannot be part of an image\n",
                 std::string(type_name(value)).c_str());
    std::abort();
  }

  void write_code(const Code* code) {
    for (const Str* each : {code->name, code->qualname, code->filename}) text(each);
    for (auto field : code_numbers) number(code->*field);
    for (const Tuple* names : {code->local_names, code->cell_names, code->free_names}) values(names->view());
    value(code->doc);
    std::string head = std::exchange(out_, {});
    write_body(code);
    std::string body = std::exchange(out_, std::move(head));
    block(body);
  }

  void write_body(const Code* code) {
    number(code->words.size());
    raw(code->words.data(), code->words.size() * sizeof(Word));
    values(code->constants);
    number(code->handlers.size());
    for (const Handler& handler : code->handlers)
      for (uint32_t part : {handler.start, handler.end, handler.handler, uint32_t{handler.depth}})
        number(part);
    auto positions = code->positions.bytes();
    block({reinterpret_cast<const char*>(positions.data()), positions.size()});
  }

  std::string out_;
  std::vector<const Str*> texts_;
  std::unordered_map<const Str*, size_t> text_numbers_;
};

} // namespace

// The texts of one image, made when they are first referred to.
struct ImageTexts {
  std::vector<const char*> at;
  std::vector<Ref> made;
};

namespace {

class Reader {
public:
  explicit Reader(const char* at, std::shared_ptr<ImageTexts> texts) : at_(at), texts_(std::move(texts)) {}

  Own<Code> read() {
    texts_ = std::make_shared<ImageTexts>();
    texts_->at.resize(number());
    texts_->made.resize(texts_->at.size());
    for (const char*& text : texts_->at) {
      text = at_;
      size_t size = number() >> 1;
      at_ += size;
    }
    Own<Code> code = read_code();
    read_body(code.get());
    return code;
  }

  void read_body(Code* code) {
    at_ = std::exchange(code->unread_body, nullptr);
    code->texts = nullptr;
    code->words.resize(number());
    size_t bytes = code->words.size() * sizeof(Word);
    std::memcpy(code->words.data(), std::exchange(at_, at_ + bytes), bytes);
    code->constants.resize(number());
    for (Value& constant : code->constants) constant = value().release();
    code->handlers.resize(number());
    for (Handler& handler : code->handlers) {
      for (uint32_t* part : {&handler.start, &handler.end, &handler.handler}) *part = small_number();
      handler.depth = static_cast<uint16_t>(number());
    }
    std::string_view positions = block();
    code->positions.refer_to({reinterpret_cast<const uint8_t*>(positions.data()), positions.size()});
  }

private:
  uint64_t number() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      auto byte = static_cast<uint8_t>(*at_++);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
  }
  uint32_t small_number() { return static_cast<uint32_t>(number()); }
  std::string_view block() {
    size_t size = number();
    return {std::exchange(at_, at_ + size), size};
  }
  double real() {
    double value;
    std::memcpy(&value, std::exchange(at_, at_ + sizeof value), sizeof value);
    return value;
  }

  Value text() {
    size_t index = number();
    Ref& made = texts_->made[index];
    if (!made) {
      const char* resume = std::exchange(at_, texts_->at[index]);
      size_t size = number();
      std::string_view bytes(at_, size >> 1);
      if (size & 1) made = share(intern(bytes));
      else made = make_str(bytes);
      at_ = resume;
    }
    return made;
  }

  Own<Tuple> tuple() {
    size_t size = number();
    if (!size) return Own<Tuple>::share(empty_tuple());
    Own<Tuple> items = new_tuple(size);
    for (size_t i = 0; i < size; ++i) assign(items->items()[i], value());
    return items;
  }

  Ref value() {
    switch (static_cast<Tag>(*at_++)) {
    case Tag::Empty: return {};
    case Tag::None: return share(None);
    case Tag::False: return share(False);
    case Tag::True: return share(True);
    case Tag::Ellipsis: return share(Ellipsis);
    case Tag::Int: {
      uint64_t folded = number();
      return share(Value::from_int(static_cast<int64_t>(folded >> 1) ^ -static_cast<int64_t>(folded & 1)));
    }
    case Tag::BigInt: {
      std::string_view digits = block();
      bool negative = digits.starts_with('-');
      Ref magnitude = int_from_literal(digits.substr(negative), 16);
      return negative ? int_negative(magnitude) : std::move(magnitude);
    }
    case Tag::Float: return share(Value::from_double(real()));
    case Tag::Complex: {
      double re = real();
      return make_complex(re, real());
    }
    case Tag::Text: return share(text());
    case Tag::Bytes: return make_bytes(block());
    case Tag::Tuple: return tuple();
    case Tag::FrozenSet: {
      Own<Set> set = new_set(true);
      for (size_t left = number(); left; --left)
        if (!set_add(Thread::current(), set.get(), value())) return {};
      return set;
    }
    case Tag::Slice: {
      Ref start = value(), stop = value(), step = value();
      return make_slice(start, stop, step);
    }
    case Tag::Code: return read_code();
    }
    return {};
  }

  Own<Code> read_code() {
    Own<Code> code = new_code();
    for (Str** field : {&code->name, &code->qualname, &code->filename})
      *field = Own<Str>::share(cast<Str>(text())).release();
    for (auto field : code_numbers) code.get()->*field = small_number();
    for (Tuple** names : {&code->local_names, &code->cell_names, &code->free_names})
      *names = tuple().release();
    code->doc = value().release();
    code->words.push_back(encode(Op::LoadBody));
    code->unread_body = block().data();
    code->texts = texts_;
    return code;
  }

  const char* at_;
  std::shared_ptr<ImageTexts> texts_;
};

} // namespace

std::string write_image(const Code* code) { return Writer().write(code); }
Own<Code> read_image(std::string_view image) { return Reader(image.data(), nullptr).read(); }
void read_body(Code* code) { Reader(code->unread_body, code->texts).read_body(code); }

} // namespace aspy
