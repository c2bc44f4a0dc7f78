#pragma once

#include <algorithm>
#include <cstddef>

#include "parser/build/actions.hpp"
#include "parser/diagnosis/diagnosis.hpp"

/// What the rules of diagnosis.hpp say, and where. Those with a fixed text stand in the table below; those
/// that have to look at what they found are in explanations.cpp.
namespace aspy {

template <std::size_t Length> struct Text {
  char chars[Length]{};
  constexpr Text(const char (&text)[Length]) { std::copy_n(text, Length, chars); }
};

// --- Places
struct Here { // the furthest token that any rule has looked at
  [[noreturn]] static void raise(const Matched& f, const char* text) { f.b.raise_here(text); }
};
struct NextToken { // the token after the rule
  [[noreturn]] static void raise(const Matched& f, const char* text) { f.b.raise_token(f.last, text); }
};
struct LastToken { // the rule's last token
  [[noreturn]] static void raise(const Matched& f, const char* text) { f.b.raise_token(f.last - 1, text); }
};
struct FirstToken {
  [[noreturn]] static void raise(const Matched& f, const char* text) { f.b.raise_token(f.first, text); }
};
struct AllTokens {
  [[noreturn]] static void raise(const Matched& f, const char* text) { f.b.raise_at(f.pos(), text); }
};
template <std::size_t From, std::size_t To = From> struct Items { // from one item of the rule to another
  [[noreturn]] static void raise(const Matched& f, const char* text) {
    f.b.raise_between(f[From], f[To], text);
  }
};
struct LastItem {
  [[noreturn]] static void raise(const Matched& f, const char* text) { f.b.raise_for(f[f.size() - 1], text); }
};
template <std::size_t From> struct StartingFrom { // from an item to the furthest token
  [[noreturn]] static void raise(const Matched& f, const char* text) {
    f.b.raise_starting_from(f.b.pos_of(f[From]), text);
  }
};

/// The action of a rule that always says the same.
template <class Place, Text text> struct says : builds {
  static bool build(const Matched& f) {
    Place::raise(f, text.chars);
    return false;
  }
};

// clang-format off

// --- The texts
template <> struct action<grammar::unescaped_quotes> : says<Items<0>, "invalid syntax. Is this intended to be part of the string?"> {};
template <> struct action<grammar::missing_else> : says<Items<0, 1>, "expected 'else' after 'if' expression"> {};
template <> struct action<grammar::statement_after_else> : says<NextToken, "expected expression after 'else', but statement is given"> {};
template <> struct action<grammar::statement_before_if> : says<Items<0>, "expected expression before 'if', but statement is given"> {};
template <> struct action<grammar::equal_for_name> : says<Items<0, 1>, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"> {};

template <> struct action<grammar::starred_comprehension> : says<Items<0>, "iterable unpacking cannot be used in comprehension"> {};
template <> struct action<grammar::bare_tuple_comprehension> : says<Items<0, 1>, "did you forget parentheses around the comprehension target?"> {};
template <> struct action<grammar::comma_comprehension> : says<Items<0, 1>, "did you forget parentheses around the comprehension target?"> {};
template <> struct action<grammar::starred_group> : says<Items<0>, "cannot use starred expression here"> {};
template <> struct action<grammar::double_starred_group> : says<FirstToken, "cannot use double starred expression here"> {};
template <> struct action<grammar::starred_value> : says<StartingFrom<1>, "cannot use a starred expression in a dictionary value"> {};
template <> struct action<grammar::missing_value> : says<Items<1>, "expression expected after dictionary key and ':'"> {};
template <> struct action<grammar::unpacking_comprehension> : says<FirstToken, "dict unpacking cannot be used in dict comprehension"> {};
template <> struct action<grammar::wrong_in> : says<Here, "'in' expected after for-loop variables"> {};

template <> struct action<grammar::equal_in_generator> : says<Items<0, 1>, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"> {};
template <> struct action<grammar::expression_keyword> : says<Items<0, 1>, "expression cannot contain assignment, perhaps you meant \"==\"?"> {};
template <> struct action<grammar::unpacking_keyword> : says<AllTokens, "cannot assign to keyword argument unpacking"> {};
template <> struct action<grammar::wrong_star_assign> : says<AllTokens, "cannot assign to iterable argument unpacking"> {};
template <> struct action<grammar::wrong_lone_star> : says<Here, "Invalid star expression"> {};

template <> struct action<grammar::early_slash> : says<FirstToken, "at least one argument must precede /"> {};
template <> struct action<grammar::default_first> : says<LastItem, "parameter without a default follows parameter with a default"> {};
template <> struct action<grammar::second_slash> : says<LastToken, "/ may appear only once"> {};
template <> struct action<grammar::slash_after_star> : says<LastToken, "/ must be ahead of *"> {};
template <> struct action<grammar::slash_star> : says<LastToken, "expected comma between / and *"> {};
template <> struct action<grammar::lonely_star> : says<FirstToken, "named arguments must follow bare *"> {};
template <> struct action<grammar::star_default> : says<LastToken, "var-positional argument cannot have default value"> {};
template <> struct action<grammar::kwargs_default> : says<LastToken, "var-keyword argument cannot have default value"> {};
template <> struct action<grammar::after_kwargs> : says<LastToken, "arguments cannot follow var-keyword argument"> {};
template <> struct action<grammar::lambda_default_first> : says<LastItem, "parameter without a default follows parameter with a default"> {};
template <> struct action<grammar::lambda_second_slash> : says<LastToken, "/ may appear only once"> {};
template <> struct action<grammar::lambda_slash_after_star> : says<LastToken, "/ must be ahead of *"> {};
template <> struct action<grammar::lambda_slash_star> : says<LastToken, "expected comma between / and *"> {};
template <> struct action<grammar::lambda_lonely_star> : says<NextToken, "named arguments must follow bare *"> {};
template <> struct action<grammar::lambda_star_default> : says<LastToken, "var-positional argument cannot have default value"> {};
template <> struct action<grammar::lambda_kwargs_default> : says<LastToken, "var-keyword argument cannot have default value"> {};
template <> struct action<grammar::lambda_after_kwargs> : says<LastToken, "arguments cannot follow var-keyword argument"> {};

template <> struct action<grammar::assigned_yield> : says<LastItem, "assignment to yield expression not possible"> {};
template <> struct action<grammar::annotated_tuple> : says<Items<0>, "only single target (not tuple) can be annotated"> {};
template <> struct action<grammar::annotated_other> : says<Items<0>, "illegal target for annotation"> {};
template <> struct action<grammar::trailing_comma> : says<Here, "trailing comma not allowed without surrounding parentheses"> {};

template <> struct action<grammar::wrong_colon> : says<Here, "expected ':'"> {};
template <> struct action<grammar::wrong_forced_colon> : says<NextToken, "expected ':'"> {};
template <> struct action<grammar::wrong_forced_paren> : says<NextToken, "expected '('"> {};
template <> struct action<grammar::with_no_colon> : says<Here, "expected ':'"> {};
template <> struct action<grammar::with_parens_no_colon> : says<Here, "expected ':'"> {};
template <> struct action<grammar::except_no_colon> : says<Here, "expected ':'"> {};
template <> struct action<grammar::except_star_no_colon> : says<Here, "expected ':'"> {};
template <> struct action<grammar::except_star_nothing> : says<Here, "expected one or more exception types"> {};
template <> struct action<grammar::bare_types_as> : says<StartingFrom<0>, "multiple exception types must be parenthesized when using 'as'"> {};
template <> struct action<grammar::wrong_try> : says<Here, "expected 'except' or 'finally' block"> {};
template <> struct action<grammar::wrong_elif> : says<NextToken, "'elif' block follows an 'else' block"> {};
template <> struct action<grammar::wildcard_target> : says<AllTokens, "cannot use '_' as a target"> {};

// --- Those that look first
template <> struct action<grammar::marked_comma> : builds { static bool build(const Matched& f) { return f.keep_tokens(); } };
template <> struct action<grammar::marked_star> : builds { static bool build(const Matched& f) { return f.keep_tokens(); } };
template <> struct action<grammar::marked_equal> : builds { static bool build(const Matched& f) { return f.keep_tokens(); } };
template <> struct action<grammar::marked_colon> : builds { static bool build(const Matched& f) { return f.keep_tokens(); } };
template <> struct action<grammar::marked_paren> : builds { static bool build(const Matched& f) { return f.keep_tokens(); } };
template <> struct action<grammar::marked_statement> : builds { static bool build(const Matched& f) { return f.keep_tokens(); } };
template <> struct action<grammar::earlier_targets> : builds { static bool build(const Matched& f) { return f.keep_tokens(); } };
template <> struct action<grammar::field_value> : builds { static bool build(const Matched& f) { return f.keep_tokens(); } };

template <> struct action<grammar::between_strings> : builds { static bool build(const Matched& f) { return f.keep_tokens(); } };
template <> struct action<grammar::missing_comma> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::bare_lambda> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::legacy_statement> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::walrus_target> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::equal_for_other> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::wrong_not> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::starred_any> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::named_list> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::key_without_colon> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::wrong_for_target> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::some_args> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::late_unpacking> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::generator_first> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::missing_argument_value> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::generator_last> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::generator_after> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::late_positional> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::constant_keyword> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::no_default> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::lambda_no_default> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::parenthesised> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::lambda_parenthesised> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::second_star> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::lambda_second_star> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::wrong_default> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::wrong_type_params> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::wrong_bound> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::annotated_bracket> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::assigned_other> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::augmented_other> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::wrong_del> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::import_first> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::import_nothing> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::wrong_as_name> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::no_value> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::bad_value> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::after_value> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::after_equal> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::no_conversion> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::bad_conversion> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::after_conversion> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::after_spec> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::wrong_body> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::wrong_with_target> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::star_after_plain> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::plain_after_star> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::except_as_other> : builds { static bool build(const Matched& f); };
template <> struct action<grammar::pattern_target> : builds { static bool build(const Matched& f); };
// clang-format on

} // namespace aspy
