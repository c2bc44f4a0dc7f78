#pragma once

#include <atomic>

#include "parser/build/builder.hpp"
#include "parser/grammar.hpp"

/// Which rules build something, and how their matching is wrapped. Each `build` turns the items that the
/// rule's parts pushed into the rule's own; false makes the rule fail as if its tokens had not matched.
namespace aspy {

/// The base of actions: notes where the rule begins, and gives the builder's stack back when it fails.
struct builds : tao::pegtl::maybe_nothing {
  template <class Rule, tao::pegtl::apply_mode A, tao::pegtl::rewind_mode, template <class...> class Action,
            template <class...> class Control, class Input>
  static bool match(Input& in, Builder& b) {
    using namespace tao::pegtl;
    char here = 0;
    // Nesting is bounded by the real stack: no source can overflow it.
    if (reinterpret_cast<std::uintptr_t>(&here) < b.stack_limit) b.raise_too_deep();
    const auto first = static_cast<std::uint32_t>(in.current() - in.begin());
    const std::size_t mark = b.stack.size();
    auto rewind = in.template mark<rewind_mode::required>();
    bool ok = TAO_PEGTL_NAMESPACE::match<Rule, A, rewind_mode::active, Action, Control>(in, b);
    if constexpr (A == apply_mode::action) {
      if (ok)
        ok = Action<Rule>::build(
            Matched{b, mark, first, static_cast<std::uint32_t>(in.current() - in.begin())});
    }
    if (!ok) b.cut(mark);
    return rewind(ok);
  }
};

/// The same for rules that the diagnosing pass may try many times at one place: their result is kept, so that
/// it stays linear. Such a rule must push exactly one item and not touch those below.
struct remembers : tao::pegtl::maybe_nothing {
  template <class Rule, tao::pegtl::apply_mode A, tao::pegtl::rewind_mode M, template <class...> class Action,
            template <class...> class Control, class Input>
  static bool match(Input& in, Builder& b) {
    using namespace tao::pegtl;
    if (!b.remembering() || A != apply_mode::action) return builds::match<Rule, A, M, Action, Control>(in, b);
    const auto token = static_cast<std::uint32_t>(in.current() - in.begin());
    const auto key = (std::uint64_t(rule_number<Rule>()) << 32) | token;
    if (auto known = b.memo.find(key); known != b.memo.end()) {
      if (!known->second.matched) return false;
      in.bump(known->second.next - token);
      b.stack.push_back(known->second.item);
      return true;
    }
    const bool ok = builds::match<Rule, A, M, Action, Control>(in, b);
    b.memo[key] =
        ok ? Builder::Memo{b.stack.back(), static_cast<std::uint32_t>(in.current() - in.begin()), true}
           : Builder::Memo{};
    return ok;
  }

private:
  static std::uint32_t next_number() {
    static std::atomic<std::uint32_t> count = 0;
    return ++count;
  }
  template <class Rule> static std::uint32_t rule_number() {
    static const std::uint32_t number = next_number();
    return number;
  }
};

/// Rules that build nothing leave their parts' items as they are.
template <class Rule> struct action : tao::pegtl::nothing<Rule> {};

// clang-format off

// build_expressions.cpp: names, operators, primaries, brackets, lambdas
template <> struct action<grammar::absent> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::name> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::identifier> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::constant> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::number> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::starred> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::paren_display> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::list_display> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::double_starred> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::dict_value> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::kvpair> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::brace_display> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::kwargs_unpacking> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::args_unpacking> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::keyword_argument> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::generator_argument> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::class_argument_list> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::arguments> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::attribute> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::call> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::slice_tail> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::slice_star> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::slice> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::slices> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::subscript> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::primary> : remembers { static bool build(const Matched& f); };
template <> struct action<grammar::await_expr> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::sign> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::binary> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::bitwise_or> : remembers { static bool build(const Matched& f); };
template <> struct action<grammar::compare_op> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::negation> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::logical> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::disjunction> : remembers { static bool build(const Matched& f); };
template <> struct action<grammar::lambdef> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::conditional> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::expression> : remembers { static bool build(const Matched& f); };
template <> struct action<grammar::assignment_expression> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::star_expression> : remembers { static bool build(const Matched& f); };
template <> struct action<grammar::star_expressions> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::expressions> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::yield_from> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::yield_expr> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::star_mark> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::star_target> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::star_targets> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::comp_if> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::comp_target> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::for_target> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::for_if_clause> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::for_if_clauses> : builds { static bool build(const Matched& f); };

// build_strings.cpp: literals, f-strings and t-strings
template <> struct action<grammar::conversion> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::debug_equal> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::string> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::text> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::spec_text> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::format_spec> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::replacement_field> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::fstring> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::template_text> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::template_spec_text> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::template_format_spec> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::template_field> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::interpolation> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::tstring> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::strings> : remembers { static bool build(const Matched& f); };

// build_parameters.cpp
template <> struct action<grammar::annotation> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::star_annotation> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::default_value> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::slash_param> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::bare_star> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::var_param> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::kwarg_param> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::plain_param> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::params> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::lambda_params> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::lambda_var_param> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::lambda_kwarg_param> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::lambda_plain_param> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::type_bound> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::type_default> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::type_star_default> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::type_var> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::type_var_tuple> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::param_spec> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::type_params> : builds { static bool build(const Matched& f); };

// build_statements.cpp
template <> struct action<grammar::assign_part> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::augassign> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::assignment> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::return_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::raise_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::pass_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::break_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::continue_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::global_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::nonlocal_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::assert_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::del_list> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::del_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::type_alias> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::dotted_name> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::as_name> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::dotted_as_name> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::import_name> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::import_from_as_name> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::import_star> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::import_from_targets> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::import_module> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::import_from> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::simple_stmt> : remembers { static bool build(const Matched& f); };
template <> struct action<grammar::block> : remembers { static bool build(const Matched& f); };
template <> struct action<grammar::else_block> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::elif_clause> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::if_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::while_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::for_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::with_target> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::with_item> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::with_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::except_name> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::except_head> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::except_types> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::except_block> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::except_star_block> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::finally_block> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::handlers> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::try_stmt> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::decorator> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::decorators> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::returns> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::function_def> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::class_arguments> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::class_def> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::decorated> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::file> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::eval> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::interactive> : builds { static bool build(const Matched& f); };

// build_patterns.cpp
template <> struct action<grammar::signed_number> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::complex_tail> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::literal_number> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::literal_string> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::literal_constant> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::wildcard> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::capture> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::name_or_attr> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::value_pattern> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::keyword_pattern> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::class_pattern_args> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::class_pattern> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::star_pattern> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::group_pattern> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::list_pattern> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::mapping_key> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::mapping_rest> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::mapping_entry> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::mapping_pattern> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::or_pattern> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::as_target> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::pattern> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::open_pattern> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::guard> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::case_block> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::subject> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::match_stmt> : builds { static bool build(const Matched& f); };

// clang-format on

} // namespace aspy
