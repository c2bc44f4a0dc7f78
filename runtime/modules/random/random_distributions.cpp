// random: real-valued distributions, and the binomial one. The methods are the published ones that the
// numbers of a seeded generator depend on; each is named where it is used.
#include "runtime/modules/random/random_support.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/slot/protocol.hpp"

#include <cmath>

namespace aspy {
namespace {

constexpr double two_pi = 2 * M_PI;

Ref result(double number) { return Ref::steal(Value::from_double(number)); }

// An optional argument.
bool read(Thread& thread, Value value, double fallback, double& out) {
  out = fallback;
  return !value || to_double(thread, value, out);
}
bool read_two(Thread& thread, const Value* args, double& a, double& b) {
  return to_double(thread, args[1], a) && to_double(thread, args[2], b);
}
Raised raise_zero_division(Thread& thread) {
  return raise(thread, ZeroDivisionError_type, "division by zero");
}

// A standard normal number by the method of Kinderman and Monahan: the ratio of two uniform ones, when it
// falls inside the bell.
bool draw_normal(Thread& thread, RandomObject* self, double& z) {
  const double magic = 4 * std::exp(-0.5) / std::sqrt(2.0);
  double u1, u2;
  do {
    if (!draw(thread, self, u1) || !draw(thread, self, u2)) return false;
    u2 = 1.0 - u2;
    z = magic * (u1 - 0.5) / u2;
  } while (z * z / 4.0 > -std::log(u2));
  return true;
}

// Above 1 by Cheng's method, below 1 by Ahrens and Dieter's.
bool draw_gamma(Thread& thread, RandomObject* self, double alpha, double& out) {
  double u1, u2;
  if (alpha > 1.0) {
    const double log4 = std::log(4.0), magic = 1.0 + std::log(4.5);
    double root = std::sqrt(2.0 * alpha - 1.0), b = alpha - log4, c = alpha + root;
    for (;;) {
      if (!draw(thread, self, u1)) return false;
      if (!(1e-7 < u1 && u1 < 0.9999999)) continue;
      if (!draw(thread, self, u2)) return false;
      u2 = 1.0 - u2;
      double v = std::log(u1 / (1.0 - u1)) / root;
      double x = alpha * std::exp(v), z = u1 * u1 * u2, r = b + c * v - x;
      if (r + magic - 4.5 * z >= 0.0 || r >= std::log(z)) {
        out = x;
        return true;
      }
    }
  }
  if (alpha == 1.0) {
    if (!draw(thread, self, u1)) return false;
    out = -std::log(1.0 - u1);
    return true;
  }
  for (;;) {
    if (!draw(thread, self, u1)) return false;
    double b = (M_E + alpha) / M_E, p = b * u1;
    double x = p <= 1.0 ? std::pow(p, 1.0 / alpha) : -std::log((b - p) / alpha);
    if (!draw(thread, self, u2)) return false;
    if (p > 1.0 ? u2 <= std::pow(x, alpha - 1.0) : u2 <= std::exp(-x)) {
      out = x;
      return true;
    }
  }
}

// Few expected hits: the gaps between them are geometric.
bool draw_binomial_by_gaps(Thread& thread, RandomObject* self, int64_t n, double p, int64_t& out) {
  double c = std::log2(1.0 - p), u;
  int64_t hits = 0, place = 0;
  while (c != 0) {
    if (!draw(thread, self, u)) return false;
    double gap = std::floor(std::log2(u) / c) + 1;
    if (gap > double(n)) break;
    place += int64_t(gap);
    if (place > n) break;
    ++hits;
  }
  out = hits;
  return true;
}

// Many: Hörmann's transformed rejection with squeeze (BTRS).
bool draw_binomial_by_rejection(Thread& thread, RandomObject* self, int64_t n, double p, int64_t& out) {
  double spread = std::sqrt(double(n) * p * (1.0 - p));
  double b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p, c = double(n) * p + 0.5;
  double vr = 0.92 - 4.2 / b, u, v;
  for (;;) {
    if (!draw(thread, self, u)) return false;
    u -= 0.5;
    double us = 0.5 - std::fabs(u);
    double k = std::floor((2.0 * a / us + b) * u + c);
    if (k < 0 || k > double(n)) continue;
    if (!draw(thread, self, v)) return false;
    if (us >= 0.07 && v <= vr) { // inside the squeeze
      out = int64_t(k);
      return true;
    }
    double alpha = (2.83 + 5.1 / b) * spread, odds = std::log(p / (1.0 - p));
    double mode = std::floor(double(n + 1) * p);
    double h = std::lgamma(mode + 1) + std::lgamma(double(n) - mode + 1);
    v *= alpha / (a / (us * us) + b);
    if (std::log(v) <= h - std::lgamma(k + 1) - std::lgamma(double(n) - k + 1) + (k - mode) * odds) {
      out = int64_t(k);
      return true;
    }
  }
}

} // namespace

Ref random_uniform(Thread& thread, const Value* args) {
  double a, b, unit;
  if (!read_two(thread, args, a, b) || !draw(thread, random_of(args), unit)) return {};
  return result(a + (b - a) * unit);
}

Ref random_triangular(Thread& thread, const Value* args) {
  double low, high, mode = 0, u;
  if (!read(thread, args[1], 0, low) || !read(thread, args[2], 1, high)) return {};
  bool has_mode = args[3] && !args[3].is_none();
  if (has_mode && !to_double(thread, args[3], mode)) return {};
  if (!draw(thread, random_of(args), u)) return {};
  if (has_mode && high == low) return share(args[1]);
  double c = has_mode ? (mode - low) / (high - low) : 0.5;
  if (u > c) { // the other side, mirrored
    u = 1.0 - u;
    c = 1.0 - c;
    std::swap(low, high);
  }
  return result(low + (high - low) * std::sqrt(u * c));
}

Ref random_normalvariate(Thread& thread, const Value* args) {
  double mu, sigma, z;
  if (!read(thread, args[1], 0, mu) || !read(thread, args[2], 1, sigma)) return {};
  if (!draw_normal(thread, random_of(args), z)) return {};
  return result(mu + z * sigma);
}

// Box and Muller: two numbers from one angle and one radius.
Ref random_gauss(Thread& thread, const Value* args) {
  auto* self = random_of(args);
  double mu, sigma, z;
  if (!read(thread, args[1], 0, mu) || !read(thread, args[2], 1, sigma)) return {};
  if (self->has_spare) {
    z = self->spare;
    self->has_spare = false;
  } else {
    double turn, u;
    if (!draw(thread, self, turn) || !draw(thread, self, u)) return {};
    double angle = turn * two_pi, radius = std::sqrt(-2.0 * std::log(1.0 - u));
    z = std::cos(angle) * radius;
    self->spare = std::sin(angle) * radius;
    self->has_spare = true;
  }
  return result(mu + z * sigma);
}

Ref random_lognormvariate(Thread& thread, const Value* args) {
  double mu, sigma, z;
  if (!read_two(thread, args, mu, sigma) || !draw_normal(thread, random_of(args), z)) return {};
  double y = std::exp(mu + z * sigma);
  if (std::isinf(y)) return raise(thread, OverflowError_type, "math range error");
  return result(y);
}

Ref random_expovariate(Thread& thread, const Value* args) {
  double lambda, u;
  if (!read(thread, args[1], 1, lambda) || !draw(thread, random_of(args), u)) return {};
  if (lambda == 0) return raise_zero_division(thread);
  return result(-std::log(1.0 - u) / lambda);
}

// Best and Fisher's method on the circle.
Ref random_vonmisesvariate(Thread& thread, const Value* args) {
  auto* self = random_of(args);
  double mu, kappa, u1, u2, u3, z;
  if (!read_two(thread, args, mu, kappa)) return {};
  if (kappa <= 1e-6) return draw(thread, self, u1) ? result(two_pi * u1) : Ref();
  double s = 0.5 / kappa, r = s + std::sqrt(1.0 + s * s);
  for (;;) {
    if (!draw(thread, self, u1)) return {};
    z = std::cos(M_PI * u1);
    double d = z / (r + z);
    if (!draw(thread, self, u2)) return {};
    if (u2 < 1.0 - d * d || u2 <= (1.0 - d) * std::exp(d)) break;
  }
  double q = 1.0 / r, f = (q + z) / (1.0 + q * z);
  if (!draw(thread, self, u3)) return {};
  double theta = std::fmod(u3 > 0.5 ? mu + std::acos(f) : mu - std::acos(f), two_pi);
  return result(theta < 0 ? theta + two_pi : theta);
}

Ref random_gammavariate(Thread& thread, const Value* args) {
  double alpha, beta, x;
  if (!read_two(thread, args, alpha, beta)) return {};
  if (alpha <= 0 || beta <= 0) return raise_value_error(thread, "gammavariate: alpha and beta must be > 0.0");
  return draw_gamma(thread, random_of(args), alpha, x) ? result(x * beta) : Ref();
}

Ref random_betavariate(Thread& thread, const Value* args) {
  double alpha, beta, y, z;
  if (!read_two(thread, args, alpha, beta)) return {};
  if (alpha <= 0 || beta <= 0) return raise_value_error(thread, "gammavariate: alpha and beta must be > 0.0");
  if (!draw_gamma(thread, random_of(args), alpha, y)) return {};
  if (y == 0) return result(0);
  return draw_gamma(thread, random_of(args), beta, z) ? result(y / (y + z)) : Ref();
}

Ref random_paretovariate(Thread& thread, const Value* args) {
  double alpha, u;
  if (!to_double(thread, args[1], alpha) || !draw(thread, random_of(args), u)) return {};
  if (alpha == 0) return raise_zero_division(thread);
  return result(std::pow(1.0 - u, -1.0 / alpha));
}

Ref random_weibullvariate(Thread& thread, const Value* args) {
  double alpha, beta, u;
  if (!read_two(thread, args, alpha, beta) || !draw(thread, random_of(args), u)) return {};
  if (beta == 0) return raise_zero_division(thread);
  return result(alpha * std::pow(-std::log(1.0 - u), 1.0 / beta));
}

Ref random_binomialvariate(Thread& thread, const Value* args) {
  auto* self = random_of(args);
  int64_t n = 1, count;
  double p;
  if ((args[1] && !to_int64(thread, args[1], n)) || !read(thread, args[2], 0.5, p)) return {};
  if (n < 0) return raise_value_error(thread, "n must be non-negative");
  if (p <= 0.0 || p >= 1.0) {
    if (p == 0.0) return make_int(0);
    if (p == 1.0) return make_int(n);
    return raise_value_error(thread, "p must be in the range 0.0 <= p <= 1.0");
  }
  if (n == 1) {
    double u;
    return draw(thread, self, u) ? make_int(u < p) : Ref();
  }
  // The rarer outcome is counted.
  bool mirrored = p > 0.5;
  double q = mirrored ? 1.0 - p : p;
  bool drawn = double(n) * q < 10.0 ? draw_binomial_by_gaps(thread, self, n, q, count)
                                    : draw_binomial_by_rejection(thread, self, n, q, count);
  return drawn ? make_int(mirrored ? n - count : count) : Ref();
}

} // namespace aspy
