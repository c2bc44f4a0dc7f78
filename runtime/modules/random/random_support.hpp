// Between the files of the random module.
#pragma once

#include "runtime/modules/random/mersenne_twister.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/number/int.hpp"

namespace aspy {

struct RandomObject : Object {
  MersenneTwister twister;
  double spare; // gauss() makes two numbers at a time
  bool has_spare;
  bool system; // SystemRandom: the operating system's numbers, no state
  // What a script subclass has overridden; looked up when the object is made.
  bool own_random, own_getrandbits;
};

inline RandomObject* random_of(const Value* args) { return cast<RandomObject>(args[0]); }

// One number in [0, 1), through the subclass's random() if it has one. False: raised.
bool draw(Thread& thread, RandomObject* self, double& out);
// A whole number below `limit`, which is positive; every one as likely.
Ref draw_below(Thread& thread, RandomObject* self, Value limit);
bool draw_below(Thread& thread, RandomObject* self, uint64_t limit, uint64_t& out);

// random_sequences.cpp
Ref random_choice(Thread& thread, const Value* args);
Ref random_choices(Thread& thread, const Value* args);
Ref random_sample(Thread& thread, const Value* args);
Ref random_shuffle(Thread& thread, const Value* args);
Ref random_randrange(Thread& thread, const Value* args);
Ref random_randint(Thread& thread, const Value* args);

// random_distributions.cpp
Ref random_uniform(Thread& thread, const Value* args);
Ref random_triangular(Thread& thread, const Value* args);
Ref random_normalvariate(Thread& thread, const Value* args);
Ref random_gauss(Thread& thread, const Value* args);
Ref random_lognormvariate(Thread& thread, const Value* args);
Ref random_expovariate(Thread& thread, const Value* args);
Ref random_vonmisesvariate(Thread& thread, const Value* args);
Ref random_gammavariate(Thread& thread, const Value* args);
Ref random_betavariate(Thread& thread, const Value* args);
Ref random_paretovariate(Thread& thread, const Value* args);
Ref random_weibullvariate(Thread& thread, const Value* args);
Ref random_binomialvariate(Thread& thread, const Value* args);

} // namespace aspy
