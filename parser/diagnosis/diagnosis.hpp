#pragma once

#include "parser/grammar.hpp"

/// Rules that recognise common mistakes, to explain them. They run only in the second pass, once a source is
/// known to be in error; a rule that matches raises (explanations.hpp has the texts), or decides that all is
/// well and fails. A `wrong_` rule hangs in the grammar; those without are its alternatives, in the order in
/// which they are tried.
// clang-format off
namespace aspy::grammar {

/// Runs a rule without looking for explanations inside it.
template <class Rule>
struct quietly {
  using rule_t = quietly;
  using subs_t = type_list<Rule>;
  template <apply_mode A, rewind_mode M, template <class...> class Action, template <class...> class Control, class Input, class Builder>
  static bool match(Input& in, Builder& builder) {
    const bool before = builder.diagnosing();
    builder.set_diagnosing(false);
    const bool ok = Control<Rule>::template match<A, M, Action, Control>(in, builder);
    builder.set_diagnosing(before);
    return ok;
  }
};

/// Fails where `missing_comma` found its two expressions and thought them no mistake that it can name: the
/// alternatives behind it are not for them.
struct undecided {
  using rule_t = undecided;
  using subs_t = empty_list;
  template <apply_mode, rewind_mode, template <class...> class, template <class...> class, class Input, class Builder>
  static bool match(Input& in, Builder& builder) {
    return builder.decided_at != in.current() - in.begin();
  }
};
/// What does not begin with a rule. Mistakes inside it are explained, which `not_at` does not do.
template <class Rule>
struct missing : if_then_else<Rule, failure, success> {};

// Tokens that are items of their rules.
struct marked_comma : t<T::Comma> {};
struct marked_star : t<T::Star> {};
struct marked_equal : t<T::Equal> {};
struct marked_colon : t<T::Colon> {};
struct marked_paren : t<T::LeftParen, T::RightParen> {};
struct marked_statement : t<T::Pass, T::Break, T::Continue> {};
struct soft_keyword : t<T::SoftMatch, T::SoftCase, T::SoftType, T::Underscore> {};

// --- Expressions
// (Not an `expression`, whose result is remembered: its parts' failures are, and they are not explained again.)
struct plain_expression : quietly<sor<conditional, lambdef>> {};
struct between_strings : plus<not_at<t<T::String>>, plain_expression> {};
struct unescaped_quotes : seq<t<T::String>, between_strings, t<T::String>> {};
struct missing_comma : seq<not_at<sor<seq<any_name, t<T::String>>, soft_keyword>>, disjunction, plain_expression> {};
struct missing_else : seq<disjunction, t<T::If>, disjunction, not_at<t<T::Else, T::Colon>>> {};
struct statement_after_else : seq<disjunction, t<T::If>, disjunction, t<T::Else>, missing<expression>> {};
struct statement_before_if : seq<marked_statement, t<T::If>, disjunction, t<T::Else>, simple_stmt> {};
struct bare_lambda : seq<t<T::Lambda>, maybe<lambda_params>, t<T::Colon>, at<t<T::FStringMiddle, T::TStringMiddle>>> {};
struct legacy_statement : seq<name, not_at<t<T::LeftParen>>, star_expressions> {};
struct wrong_expression : sor<unescaped_quotes, missing_comma, seq<undecided, sor<missing_else, statement_after_else, statement_before_if, bare_lambda>>, legacy_statement> {};

struct walrus_target : seq<expression, t<T::ColonEqual>, expression> {};
struct equal_for_name : seq<name, t<T::Equal>, bitwise_or, not_at<t<T::Equal, T::ColonEqual>>> {};
struct equal_for_other : seq<not_at<t<T::True, T::False, T::None>>, bitwise_or, t<T::Equal>, bitwise_or, not_at<t<T::Equal, T::ColonEqual>>> {};
struct wrong_named_expression : sor<walrus_target, equal_for_name, equal_for_other> {};

struct wrong_not : seq<plus<negation>, bitwise_or, star<compare_op, bitwise_or>> {};

// --- Brackets
struct wrong_lone_star : t<T::Star> {};
struct starred_any : sor<wrong_star_assign, seq<t<T::Star>, expression>, wrong_lone_star> {};
struct starred_comprehension : seq<starred_any, for_if_clauses> {};
struct named_list : comma_list<star_named_expression> {};
struct bare_tuple_comprehension : seq<star_named_expression, t<T::Comma>, named_list, for_if_clauses> {};
struct comma_comprehension : seq<star_named_expression, marked_comma, for_if_clauses> {};
struct starred_group : seq<starred_any, t<T::RightParen>> {};
struct double_starred_group : seq<t<T::DoubleStar>, expression, t<T::RightParen>> {};
struct wrong_paren : seq<t<T::LeftParen>, sor<starred_group, double_starred_group, starred_comprehension>> {};
struct wrong_list : seq<t<T::LeftBracket>, sor<starred_comprehension, bare_tuple_comprehension, comma_comprehension>> {};

struct key_without_colon : seq<expression, not_at<t<T::Colon>>> {};
struct starred_value : seq<expression, t<T::Colon>, marked_star, bitwise_or> {};
struct missing_value : seq<expression, marked_colon, at<t<T::RightBrace, T::Comma>>> {};
struct late_pair : seq<kvpair, star<t<T::Comma>, kvpair>, t<T::Comma>, sor<key_without_colon, starred_value, missing_value>> {};
struct unpacking_comprehension : seq<t<T::DoubleStar>, bitwise_or, for_if_clauses, t<T::RightBrace>> {};
struct wrong_dict : seq<t<T::LeftBrace>, sor<late_pair, starred_value, missing_value>> {};
struct wrong_brace : seq<t<T::LeftBrace>, sor<unpacking_comprehension, starred_comprehension, bare_tuple_comprehension, comma_comprehension>> {};

struct loop_targets : seq<bitwise_or, star<t<T::Comma>, bitwise_or>, opt<t<T::Comma>>> {};
struct wrong_in : seq<loop_targets, not_at<t<T::In>>> {};
struct wrong_for_target : seq<star_expressions> {};

// --- Calls
struct some_args : seq<strict_args> {};
struct late_unpacking : seq<sor<seq<positional_argument, star<t<T::Comma>, positional_argument>, t<T::Comma>, kwargs>, kwargs>, marked_comma, starred_any, star<t<T::Comma>, starred_any>> {};
struct generator_first : seq<expression, for_if_clauses, t<T::Comma>, opt<sor<some_args, seq<expression, for_if_clauses>>>> {};
struct equal_in_generator : seq<name, marked_equal, expression, for_if_clauses> {};
struct missing_argument_value : seq<opt<some_args, t<T::Comma>>, name, marked_equal, at<t<T::Comma, T::RightParen>>> {};
struct generator_last : seq<some_args, for_if_clauses> {};
struct generator_after : seq<some_args, t<T::Comma>, expression, for_if_clauses> {};
struct late_positional : seq<some_args, t<T::Comma>, some_args> {};
struct wrong_arguments : sor<late_unpacking, generator_first, equal_in_generator, missing_argument_value, generator_last, generator_after, late_positional> {};
struct wrong_generator_call : seq<starred_comprehension> {};

struct constant_keyword : seq<constant, marked_equal> {};
struct expression_keyword : seq<not_at<any_name, t<T::Equal>>, expression, marked_equal> {};
struct unpacking_keyword : seq<t<T::DoubleStar>, expression, t<T::Equal>, expression> {};
struct wrong_kwarg : sor<constant_keyword, equal_in_generator, expression_keyword, unpacking_keyword> {};
struct wrong_star_assign : seq<t<T::Star>, expression, t<T::Equal>, expression> {};

// --- Parameters
struct no_default : seq<identifier, maybe<annotation>, sor<t<T::Comma>, at<t<T::RightParen>>>> {};
struct with_default : seq<identifier, maybe<annotation>, default_value, sor<t<T::Comma>, at<t<T::RightParen>>>> {};
struct maybe_default : sor<with_default, no_default> {};
struct slash_part : seq<plus<no_default>, t<T::Slash>, sor<t<T::Comma>, at<t<T::RightParen>>>> {};
struct slash_default_part : seq<star<no_default>, plus<with_default>, t<T::Slash>, sor<t<T::Comma>, at<t<T::RightParen>>>> {};
struct early_slash : seq<t<T::Slash>, t<T::Comma>> {};
struct default_first : seq<sor<slash_part, star<no_default>>, sor<slash_default_part, plus<with_default>>, no_default> {};
struct parenthesised : seq<star<no_default>, at<t<T::LeftParen>>, marked_paren, plus<sor<no_default, seq<identifier, at<t<T::RightParen>>>>>, opt<t<T::Comma>>, marked_paren> {};
struct second_slash : seq<sor<slash_part, slash_default_part>, star<maybe_default>, t<T::Slash>> {};
struct slash_after_star : seq<opt<sor<slash_part, slash_default_part>>, star<maybe_default>, t<T::Star>, sor<t<T::Comma>, no_default>, star<maybe_default>, t<T::Slash>> {};
struct slash_star : seq<plus<maybe_default>, t<T::Slash>, t<T::Star>> {};
struct before_star : seq<opt<sor<slash_part, slash_default_part>>, star<maybe_default>> {};
struct lonely_star : seq<t<T::Star>, sor<at<t<T::RightParen>>, seq<t<T::Comma>, at<t<T::RightParen, T::DoubleStar>>>>> {};
struct star_default : seq<t<T::Star>, identifier, maybe<star_annotation>, t<T::Equal>> {};
struct second_star : seq<t<T::Star>, sor<no_default, t<T::Comma>>, star<maybe_default>, t<T::Star>, sor<no_default, t<T::Comma>>> {};
struct star_part : seq<t<T::Star>, sor<t<T::Comma>, seq<identifier, maybe<star_annotation>, opt<t<T::Comma>>>>, star<maybe_default>> {};
struct kwargs_default : seq<t<T::DoubleStar>, identifier, maybe<annotation>, t<T::Equal>> {};
struct after_kwargs : seq<t<T::DoubleStar>, identifier, maybe<annotation>, t<T::Comma>, sor<identifier, t<T::Star, T::DoubleStar, T::Slash>>> {};
struct star_trouble : seq<before_star, sor<lonely_star, star_default, second_star, seq<opt<star_part>, sor<kwargs_default, after_kwargs>>>> {};
struct wrong_params : sor<early_slash, default_first, parenthesised, second_slash, slash_after_star, slash_star, star_trouble> {};
struct wrong_default : at<t<T::RightParen, T::Comma>> {};

struct lambda_no_default : seq<identifier, sor<t<T::Comma>, at<t<T::Colon>>>> {};
struct lambda_with_default : seq<identifier, default_value, sor<t<T::Comma>, at<t<T::Colon>>>> {};
struct lambda_maybe_default : sor<lambda_with_default, lambda_no_default> {};
struct lambda_slash_part : seq<plus<lambda_no_default>, t<T::Slash>, sor<t<T::Comma>, at<t<T::Colon>>>> {};
struct lambda_slash_default_part : seq<star<lambda_no_default>, plus<lambda_with_default>, t<T::Slash>, sor<t<T::Comma>, at<t<T::Colon>>>> {};
struct lambda_default_first : seq<sor<lambda_slash_part, star<lambda_no_default>>, sor<lambda_slash_default_part, plus<lambda_with_default>>, lambda_no_default> {};
struct lambda_parenthesised : seq<star<lambda_no_default>, at<t<T::LeftParen>>, marked_paren, identifier, star<t<T::Comma>, identifier>, opt<t<T::Comma>>, marked_paren> {};
struct lambda_second_slash : seq<sor<lambda_slash_part, lambda_slash_default_part>, star<lambda_maybe_default>, t<T::Slash>> {};
struct lambda_slash_after_star : seq<opt<sor<lambda_slash_part, lambda_slash_default_part>>, star<lambda_maybe_default>, t<T::Star>, sor<t<T::Comma>, lambda_no_default>, star<lambda_maybe_default>, t<T::Slash>> {};
struct lambda_slash_star : seq<plus<lambda_maybe_default>, t<T::Slash>, t<T::Star>> {};
struct lambda_before_star : seq<opt<sor<lambda_slash_part, lambda_slash_default_part>>, star<lambda_maybe_default>> {};
struct lambda_lonely_star : seq<t<T::Star>, sor<at<t<T::Colon>>, seq<t<T::Comma>, at<t<T::Colon, T::DoubleStar>>>>> {};
struct lambda_star_default : seq<t<T::Star>, identifier, t<T::Equal>> {};
struct lambda_second_star : seq<t<T::Star>, sor<lambda_no_default, t<T::Comma>>, star<lambda_maybe_default>, t<T::Star>, sor<lambda_no_default, t<T::Comma>>> {};
struct lambda_star_part : seq<t<T::Star>, sor<t<T::Comma>, lambda_no_default>, star<lambda_maybe_default>> {};
struct lambda_kwargs_default : seq<t<T::DoubleStar>, identifier, t<T::Equal>> {};
struct lambda_after_kwargs : seq<t<T::DoubleStar>, identifier, t<T::Comma>, sor<identifier, t<T::Star, T::DoubleStar, T::Slash>>> {};
struct lambda_star_trouble : seq<lambda_before_star, sor<lambda_lonely_star, lambda_star_default, lambda_second_star, seq<opt<lambda_star_part>, sor<lambda_kwargs_default, lambda_after_kwargs>>>> {};
struct wrong_lambda_params : sor<early_slash, lambda_default_first, lambda_parenthesised, lambda_second_slash, lambda_slash_after_star, lambda_slash_star, lambda_star_trouble> {};

struct wrong_type_params : at<t<T::RightBracket>> {};
struct wrong_bound : seq<marked_colon, expression> {};

// --- Simple statements
struct annotated_bracket : seq<sor<list, paren>, t<T::Colon>, expression> {};
struct annotated_tuple : seq<star_named_expression, t<T::Comma>, star<named_list>, t<T::Colon>, expression> {};
struct annotated_other : seq<expression, t<T::Colon>, expression> {};
struct earlier_targets : star<star_targets, t<T::Equal>> {};
struct assigned_other : seq<earlier_targets, star_expressions, t<T::Equal>> {};
struct assigned_yield : seq<earlier_targets, yield_expr, t<T::Equal>> {};
struct augmented_other : seq<star_expressions, augassign, annotated_rhs> {};
struct wrong_assignment : sor<annotated_bracket, annotated_tuple, annotated_other, assigned_other, assigned_yield, augmented_other> {};
struct wrong_del : seq<star_expressions> {};

struct possible_targets : seq<star_targets, failure> {};  // mistakes in their brackets come before all others
struct type_as_name : seq<at<t<T::SoftType>, any_name>, star_named_expression, failure> {};  // only to look for mistakes there

struct import_first : seq<dotted_name, star<t<T::Comma>, dotted_name>, t<T::From>, dotted_name> {};
struct import_nothing : at<t<T::Newline>> {};
struct wrong_import : sor<import_first, import_nothing> {};
struct trailing_comma : seq<import_from_as_name, star<t<T::Comma>, import_from_as_name>, t<T::Comma>, at<t<T::Newline>>> {};
struct wrong_import_names : sor<trailing_comma, import_nothing> {};
struct wrong_as_name : seq<not_at<any_name, t<T::Comma, T::RightParen, T::Newline, T::Semicolon>>, expression> {};

// --- f-strings
struct no_value : seq<t<T::LeftBrace>, t<T::Equal, T::Exclamation, T::Colon, T::RightBrace>> {};
struct bad_value : seq<t<T::LeftBrace>, not_at<annotated_rhs>> {};
struct after_value : seq<t<T::LeftBrace>, annotated_rhs, not_at<t<T::Equal, T::Exclamation, T::Colon, T::RightBrace>>> {};
struct after_equal : seq<t<T::LeftBrace>, annotated_rhs, t<T::Equal>, not_at<t<T::Exclamation, T::Colon, T::RightBrace>>> {};
struct field_value : seq<t<T::LeftBrace>, annotated_rhs, opt<t<T::Equal>>> {};
struct no_conversion : seq<field_value, t<T::Exclamation>, at<t<T::Colon, T::RightBrace>>> {};
struct bad_conversion : seq<field_value, t<T::Exclamation>, not_at<any_name>> {};
struct field_conversion : opt<t<T::Exclamation>, any_name> {};
struct after_conversion : seq<field_value, field_conversion, not_at<t<T::Colon, T::RightBrace>>> {};
struct spec_part : sor<spec_text, template_spec_text, replacement_field> {};
struct after_spec : seq<field_value, field_conversion, t<T::Colon>, star<spec_part>, not_at<t<T::RightBrace>>> {};
struct wrong_field : sor<no_value, bad_value, after_value, after_equal, no_conversion, bad_conversion, after_conversion, after_spec> {};

// --- Compound statements
struct wrong_colon : at<t<T::Newline>> {};
struct wrong_forced_colon : success {};
struct wrong_forced_paren : success {};
struct wrong_body : seq<t<T::Newline>, not_at<t<T::Indent>>> {};
struct wrong_elif : at<t<T::Elif>> {};

struct with_loose_item : seq<expression, opt<t<T::As>, star_target>> {};
struct with_no_colon : seq<with_loose_item, star<t<T::Comma>, with_loose_item>, at<t<T::Newline>>> {};
struct with_parens_no_colon : seq<t<T::LeftParen>, comma_list<with_loose_item>, t<T::RightParen>, at<t<T::Newline>>> {};
struct wrong_with : sor<with_no_colon, with_parens_no_colon> {};
struct wrong_with_target : seq<expression, at<t<T::Comma, T::RightParen, T::Colon>>> {};

struct wrong_try : not_at<t<T::Except, T::Finally>> {};
struct star_after_plain : seq<t<T::Except>, t<T::Star>, expression, opt<t<T::As>, any_name>, t<T::Colon>> {};
struct plain_after_star : seq<t<T::Except>, opt<expression, opt<t<T::As>, any_name>>, t<T::Colon>> {};
struct bare_types_as : seq<expression, t<T::Comma>, comma_list<expression>, t<T::As>, any_name, t<T::Colon>> {};
struct except_no_colon : seq<opt<expression, opt<t<T::As>, any_name>>, at<t<T::Newline>>> {};
struct except_star_no_colon : seq<expression, opt<t<T::As>, any_name>, at<t<T::Newline>>> {};
struct except_star_nothing : t<T::Newline, T::Colon> {};
struct except_as_other : seq<expression, t<T::As>, expression, t<T::Colon>, block> {};
struct wrong_except : sor<bare_types_as, except_no_colon, except_as_other> {};
struct wrong_except_star : sor<bare_types_as, except_star_no_colon, except_star_nothing, except_as_other> {};

struct wildcard_target : t<T::Underscore> {};
struct pattern_target : expression {};
struct wrong_as_pattern : sor<wildcard_target, pattern_target> {};

}  // namespace aspy::grammar
// clang-format on
