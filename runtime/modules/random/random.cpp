// The random module: the generator objects, seeding and state. Choosing from sequences is in
// random_sequences.cpp, distributions are in random_distributions.cpp. A seeded generator gives the same
// numbers as anywhere else.
#include "runtime/modules/random/random_support.hpp"
#include "runtime/modules/random/sha512.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/bigint.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <sys/random.h>
#include <vector>

namespace aspy {
namespace {

Type random_type;                         // _random.Random: the generator and all that is drawn from it
Type *random_class, *system_random_class; // what scripts see; they live for ever

void system_bytes(void* out, size_t size) {
  auto* bytes = static_cast<char*>(out);
  while (size > 0) {
    ssize_t got = getrandom(bytes, std::min<size_t>(size, 256), 0);
    if (got <= 0) continue; // interrupted
    bytes += got;
    size -= size_t(got);
  }
}

uint32_t next_word(RandomObject* self) {
  if (!self->system) return self->twister.next();
  uint32_t word;
  system_bytes(&word, sizeof word);
  return word;
}
double next_unit(RandomObject* self) {
  if (!self->system) return self->twister.next_unit();
  uint64_t bits;
  system_bytes(&bits, sizeof bits);
  return std::ldexp(double(bits >> 11), -53);
}

// `bits` random bits. The first word drawn is the lowest.
Ref next_bits(Thread& thread, RandomObject* self, uint64_t bits) {
  if (bits == 0) return make_int(0);
  if (bits <= 32) return make_int(next_word(self) >> (32 - bits));
  if (!may_allocate(thread, bits / 8)) return {};
  std::string bytes; // big-endian in the end
  for (uint64_t left = bits; left > 0; left -= std::min<uint64_t>(left, 32)) {
    uint32_t word = next_word(self);
    if (left < 32) word >>= 32 - left;
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(char(word >> shift));
  }
  std::reverse(bytes.begin(), bytes.end());
  Big number;
  auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  return int_from_big(thread, big_from_bytes(data, bytes.size(), number.get()), number);
}

// --- seeding ---

// The absolute value as 32-bit words, lowest first, is the key.
void seed_with_int(RandomObject* self, Value number) {
  BigView view(number);
  size_t bits = big_bits(view.get());
  std::vector<uint32_t> key(std::max<size_t>((bits + 31) / 32, 1));
  for (size_t i = 0; i < bits; ++i)
    if (view.get()->dp[i / 60] >> (i % 60) & 1) key[i / 32] |= uint32_t{1} << (i % 32);
  self->twister.seed(key.data(), key.size());
}

// Texts are extended by their SHA-512, so that similar ones give different streams.
void seed_with_bytes(RandomObject* self, std::string_view bytes) {
  auto digest = sha512(bytes);
  std::string extended(bytes);
  extended.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  Big number;
  if (big_from_bytes(reinterpret_cast<const unsigned char*>(extended.data()), extended.size(),
                     number.get()) == MP_OKAY)
    seed_with_int(self, int_from_big(number.number));
}

// How texts were turned into seeds once (version 1).
Ref old_text_seed(std::string_view text, bool utf8) {
  std::vector<uint32_t> characters;
  if (utf8)
    for (const char *at = text.data(), *end = at + text.size(); at < end;)
      characters.push_back(next_codepoint(at));
  else
    for (char c : text) characters.push_back(static_cast<unsigned char>(c));
  uint64_t mixed = characters.empty() ? 0 : uint64_t(characters[0]) << 7;
  for (uint32_t c : characters) mixed = (1000003 * mixed) ^ c;
  return make_int_unsigned(mixed ^ characters.size());
}

bool seed(Thread& thread, RandomObject* self, Value source, int64_t version) {
  self->has_spare = false;
  if (source.is_empty() || source.is_none()) {
    uint32_t key[MersenneTwister::size];
    system_bytes(key, sizeof key);
    self->twister.seed(key, MersenneTwister::size);
    return true;
  }
  std::string_view bytes;
  bool text = is_str(source);
  if (text) bytes = cast<Str>(source)->view();
  if (text || as_bytes_like(source, bytes)) {
    if (version == 1 && (text || is_bytes(source))) seed_with_int(self, old_text_seed(bytes, text));
    else seed_with_bytes(self, bytes);
    return true;
  }
  if (is_int_like(source)) {
    seed_with_int(self, source);
    return true;
  }
  if (!is_float_like(source))
    return raise_type_error(
        thread, "The only supported seed types are:\nNone, int, float, str, bytes, and bytearray.");
  int64_t hashed;
  if (!hash(thread, source, hashed)) return false;
  seed_with_int(self, make_int_unsigned(uint64_t(hashed)));
  return true;
}

// --- objects ---

bool overrides(Type* type, std::string_view method) {
  Value own = type_lookup(type, intern(method));
  return !(own == type_lookup(&random_type, intern(method)));
}

Ref random_construct(Thread& thread, Type* type, CallArgs) {
  auto* self = static_cast<RandomObject*>(allocate_instance(type));
  Ref result = Ref::steal(self);
  self->system = system_random_class && is_subtype(type, system_random_class);
  if (type != random_class) {
    self->own_random = overrides(type, "random");
    self->own_getrandbits = overrides(type, "getrandbits");
  }
  if (!seed(thread, self, Value(), 2)) return {};
  return result;
}

// Seeds through the method, which a subclass may have replaced.
bool random_init(Thread& thread, Value self, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "Random.__init__", "def x=None", args, bound)) return false;
  auto* random = cast<RandomObject>(self);
  random->has_spare = false;
  if (random->system) return true;
  Value source = bound[0] ? bound[0] : None;
  if (random->type == random_class) return seed(thread, random, source, 2);
  return bool(call_method(thread, self, "seed", {source}));
}

Ref random_seed(Thread& thread, const Value* args) {
  auto* self = random_of(args);
  if (self->system) return share(None);
  int64_t version = 2;
  if (args[2] && !to_index(thread, args[2], version)) return {};
  return seed(thread, self, args[1], version) ? share(None) : Ref();
}

Ref random_random(Thread&, const Value* args) {
  return Ref::steal(Value::from_double(next_unit(random_of(args))));
}

bool read_bit_count(Thread& thread, Value value, int64_t& out) {
  if (!to_int64(thread, value, out)) return false;
  if (out < 0) return raise_value_error(thread, "Cannot convert negative int");
  return true;
}
Ref random_getrandbits(Thread& thread, const Value* args) {
  int64_t bits;
  return read_bit_count(thread, args[1], bits) ? next_bits(thread, random_of(args), uint64_t(bits)) : Ref();
}

Ref random_randbytes(Thread& thread, const Value* args) {
  int64_t count;
  if (!read_bit_count(thread, args[1], count) || !may_allocate(thread, size_t(count))) return {};
  std::string bytes;
  for (int64_t left = count; left > 0; left -= 4) {
    uint32_t word = next_word(random_of(args));
    if (left < 4) word >>= 8 * (4 - left);
    for (int64_t i = 0; i < std::min<int64_t>(left, 4); ++i) bytes.push_back(char(word >> (8 * i)));
  }
  return make_bytes(bytes);
}

Ref random_getstate(Thread& thread, const Value* args) {
  auto* self = random_of(args);
  if (self->system)
    return raise(thread, NotImplementedError_type, "System entropy source does not have state.");
  Own<Tuple> words = new_tuple(MersenneTwister::size + 1);
  for (int i = 0; i < MersenneTwister::size; ++i) words->items()[i] = Value::from_int(self->twister.state[i]);
  words->items()[MersenneTwister::size] = Value::from_int(self->twister.index);
  Value spare = self->has_spare ? Value::from_double(self->spare) : None;
  return make_tuple({Value::from_int(3), words.value(), spare});
}

Ref random_setstate(Thread& thread, const Value* args) {
  auto* self = random_of(args);
  if (self->system)
    return raise(thread, NotImplementedError_type, "System entropy source does not have state.");
  Ref version = get_item(thread, args[1], Value::from_int(0));
  if (!version) return {};
  if (!(version.get() == Value::from_int(3))) {
    Ref text = str(thread, version);
    if (!text) return {};
    return raise_value_error(thread,
                             fmt::format("state with version {} passed to Random.setstate() of version 3",
                                         cast<Str>(text)->view()));
  }
  Ref words = get_item(thread, args[1], Value::from_int(1));
  Ref spare = words ? get_item(thread, args[1], Value::from_int(2)) : Ref();
  if (!spare) return {};
  if (!is_tuple(words)) return raise_type_error(thread, "state vector must be a tuple");
  auto* tuple = cast<Tuple>(words);
  if (tuple->size != MersenneTwister::size + 1)
    return raise_value_error(thread, "state vector is the wrong size");
  MersenneTwister twister;
  for (size_t i = 0; i <= MersenneTwister::size; ++i) {
    int64_t word;
    if (!to_int64(thread, (*tuple)[i], word)) return {};
    (i < MersenneTwister::size ? twister.state[i] : twister.index) = uint32_t(word);
  }
  if (twister.index > MersenneTwister::size) return raise_value_error(thread, "invalid state");
  self->twister = twister;
  self->has_spare = spare.get().is_double();
  if (self->has_spare) self->spare = spare.get().as_double();
  return share(None);
}

// A copy continues with the same numbers.
Ref random_reduce(Thread& thread, const Value* args) {
  Ref state = random_getstate(thread, args);
  if (!state) return {};
  Own<Tuple> nothing = make_tuple({});
  return make_tuple({Value(type_of(args[0])), nothing.value(), state});
}

constexpr NativeDef random_methods[] = {
    {"random", "self, /", random_random, "random() -> x in the interval [0, 1)."},
    {"seed", "def self, a=None, version=2", random_seed, "Initialize internal state from a seed."},
    {"getstate", "def self", random_getstate, "Return internal state; can be passed to setstate() later."},
    {"setstate", "def self, state", random_setstate,
     "Restore internal state from object returned by getstate()."},
    {"getrandbits", "self, k, /", random_getrandbits,
     "getrandbits(k) -> x.  Generates an int with k random bits."},
    {"__getstate__", "def self", random_getstate},
    {"__setstate__", "def self, state", random_setstate},
    {"__reduce__", "def self", random_reduce},
    {"randbytes", "def self, n", random_randbytes, "Generate n random bytes."},
    {"randrange", "def self, start, stop=None, step=1", random_randrange,
     "Choose a random item from range(stop) or range(start, stop[, step])."},
    {"randint", "def self, a, b", random_randint,
     "Return random integer in range [a, b], including both end points."},
    {"choice", "def self, seq", random_choice, "Choose a random element from a non-empty sequence."},
    {"choices", "def self, population, weights=None, *, cum_weights=None, k=1", random_choices,
     "Return a k sized list of population elements chosen with replacement."},
    {"shuffle", "def self, x", random_shuffle, "Shuffle list x in place, and return None."},
    {"sample", "def self, population, k, *, counts=None", random_sample,
     "Chooses k unique random elements from a population sequence."},
    {"uniform", "def self, a, b", random_uniform,
     "Get a random number in the range [a, b) or [a, b] depending on rounding."},
    {"triangular", "def self, low=0.0, high=1.0, mode=None", random_triangular, "Triangular distribution."},
    {"normalvariate", "def self, mu=0.0, sigma=1.0", random_normalvariate, "Normal distribution."},
    {"gauss", "def self, mu=0.0, sigma=1.0", random_gauss, "Gaussian distribution."},
    {"lognormvariate", "def self, mu, sigma", random_lognormvariate, "Log normal distribution."},
    {"expovariate", "def self, lambd=1.0", random_expovariate, "Exponential distribution."},
    {"vonmisesvariate", "def self, mu, kappa", random_vonmisesvariate, "Circular data distribution."},
    {"gammavariate", "def self, alpha, beta", random_gammavariate,
     "Gamma distribution.  Not the gamma function!"},
    {"betavariate", "def self, alpha, beta", random_betavariate, "Beta distribution."},
    {"paretovariate", "def self, alpha", random_paretovariate,
     "Pareto distribution.  alpha is the shape parameter."},
    {"weibullvariate", "def self, alpha, beta", random_weibullvariate, "Weibull distribution."},
    {"binomialvariate", "def self, n=1, p=0.5", random_binomialvariate, "Binomial random variable."},
    {nullptr}};

constexpr TypeSpec random_spec = {
    .name = "_random.Random",
    .instance_size = sizeof(RandomObject),
    .flags = TypePlainName,
    .methods = random_methods,
    .doc = "Random number generator base class used by bound module functions.\n\n"
           "Used to instantiate instances of Random to get generators that don't\nshare state."};
constexpr const char* system_random_doc =
    "Alternate random number generator using sources provided\nby the operating system (such as /dev/urandom "
    "on "
    "Unix or CryptGenRandom on Windows).\n\n Not available on all systems (see os.urandom() for details).";

// A class that scripts may change and whose instances take attributes, over the native type.
Type* make_random_class(Thread& thread, const char* name, Type* base, const char* doc) {
  Own<Tuple> bases = make_tuple({Value(base)});
  Own<Dict> ns = new_dict();
  Own<Str> documentation = make_str(doc);
  dict_set(ns.get(), names::dunder_module, Value(intern("random")));
  dict_set(ns.get(), intern("__doc__"), documentation.value());
  dict_set(ns.get(), intern("VERSION"), Value::from_int(3));
  Own<Type> made = make_class(thread, &type_type, intern(name), bases.get(), ns.get(), {});
  if (!made) return nullptr;
  made->refcount += immortal_refcount;
  return made.release();
}

bool init_random(Thread& thread, Module* module) {
  if (!(random_type.flags & TypeReady)) {
    random_type.slots.dealloc = free_object;
    random_type.slots.construct = random_construct;
    random_type.slots.init = random_init;
    make_ready(random_type, random_spec);
    random_class = make_random_class(thread, "Random", &random_type, random_spec.doc);
    if (!random_class) return false;
    system_random_class = make_random_class(thread, "SystemRandom", random_class, system_random_doc);
    if (!system_random_class) return false;
  }
  module_set(module, "Random", random_class);
  module_set(module, "SystemRandom", system_random_class);
  // The module's functions are methods of a generator that everybody shares.
  Ref shared = call(thread, random_class);
  if (!shared) return false;
  Own<List> all = new_list();
  list_append(all.get(), share(Value(intern("Random"))));
  list_append(all.get(), share(Value(intern("SystemRandom"))));
  for (const NativeDef* def = random_methods; def->name; ++def) {
    if (def->name[0] == '_') continue;
    list_append(all.get(), share(Value(intern(def->name))));
    Ref method = get_attr(thread, shared, def->name);
    if (!method) return false;
    module_set(module, def->name, method);
  }
  module_set(module, "__all__", all.value());
  return true;
}

} // namespace

bool draw(Thread& thread, RandomObject* self, double& out) {
  if (!self->own_random) {
    out = next_unit(self);
    return true;
  }
  Ref number = call_method(thread, self, "random");
  return number && to_double(thread, number, out);
}

// From a subclass's random(), which has 53 bits: numbers in the uneven rest are drawn again.
static bool draw_below_by_unit(Thread& thread, RandomObject* self, uint64_t limit, uint64_t& out) {
  constexpr uint64_t whole = uint64_t{1} << 53;
  double unit, top = limit < whole ? double(whole - whole % limit) / double(whole) : 1;
  do
    if (!draw(thread, self, unit)) return false;
  while (unit >= top);
  out = limit < whole ? uint64_t(std::floor(unit * double(whole))) % limit
                      : uint64_t(std::floor(unit * double(limit)));
  return true;
}

// Draws as many bits as the limit has until the number is below it.
bool draw_below(Thread& thread, RandomObject* self, uint64_t limit, uint64_t& out) {
  if (self->own_random && !self->own_getrandbits) return draw_below_by_unit(thread, self, limit, out);
  if (self->own_getrandbits || limit >> 32) {
    Ref number = draw_below(thread, self, make_int_unsigned(limit));
    int64_t small;
    if (!number || !int_as_int64(number, small)) return false;
    out = uint64_t(small);
    return true;
  }
  int shift = __builtin_clz(uint32_t(limit));
  do out = next_word(self) >> shift;
  while (out >= limit);
  return true;
}

Ref draw_below(Thread& thread, RandomObject* self, Value limit) {
  int64_t small;
  if (self->own_random && !self->own_getrandbits && int_as_int64(limit, small)) {
    uint64_t number;
    return draw_below_by_unit(thread, self, uint64_t(small), number) ? make_int_unsigned(number) : Ref();
  }
  size_t bits = int_bit_length(limit);
  for (;;) {
    Ref number;
    if (self->own_getrandbits) {
      number = call_method(thread, self, "getrandbits", {Value::from_int(int64_t(bits))});
      if (number && !is_int_like(number)) return raise_type_error(thread, "getrandbits() must return an int");
    } else {
      number = next_bits(thread, self, bits);
    }
    if (!number || int_compare(number, limit) < 0) return number;
  }
}

extern const ModuleSpec random_module;
const ModuleSpec random_module = {"random", nullptr, init_random, "Random variable generators."};

} // namespace aspy
