#pragma once

#include "parser/build/builder.hpp"
#include "parser/diagnosis/diagnosis.hpp"

namespace aspy {

/// How the grammar is run: terminals note the furthest token looked at (that is where a plain "invalid
/// syntax" is placed), and what a failed rule has pushed is taken back.
template <class Rule> struct control : tao::pegtl::normal<Rule> {
  static constexpr bool enable = false;

  template <tao::pegtl::apply_mode A, tao::pegtl::rewind_mode M, template <class...> class Action,
            template <class...> class Control, class Input>
  static bool match(Input& in, Builder& b) {
    if constexpr (requires { Rule::is_terminal; }) {
      const auto token = static_cast<std::uint32_t>(in.current() - in.begin());
      if (token > b.furthest) b.furthest = token;
      return tao::pegtl::normal<Rule>::template match<A, M, Action, Control>(in, b);
    } else {
      const std::size_t mark = b.stack.size();
      if (tao::pegtl::normal<Rule>::template match<A, M, Action, Control>(in, b)) return true;
      if (b.stack.size() > mark) b.stack.resize(mark);
      return false;
    }
  }
};

} // namespace aspy
