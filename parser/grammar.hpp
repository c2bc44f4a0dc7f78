#pragma once

#include <tao/pegtl.hpp>
#include <tao/pegtl/contrib/uint8.hpp>

#include "lexer/token.hpp"

/// Python's grammar over token kinds: the "characters" of the input are the bytes of Tokens::kinds. One rule
/// a line, with the names of Python's own grammar where it has one. What a rule builds stands in actions.hpp;
/// rules whose name begins with `wrong_` are in diagnosis/diagnosis.hpp, which whoever runs the grammar includes, and
/// only tried once a source is known to be in error.
///
/// Rules are factored so that one token decides; the few that try twice say so. Binary operators are one flat
/// rule for each of two levels and are folded by precedence afterwards. Targets are parsed as expressions and
/// then reinterpreted.
// clang-format off
namespace aspy::grammar {

using namespace tao::pegtl;
using T = Token;

template <Token... Kinds>
struct t : uint8::one<byte_of(Kinds)...> {
  static constexpr bool is_terminal = true;
};

/// Succeeds only in the second, diagnosing pass, and not in lookahead: there nothing may be raised.
struct diagnosing {
  using rule_t = diagnosing;
  using subs_t = empty_list;
  template <apply_mode A, rewind_mode, template <class...> class, template <class...> class, class Input, class Builder>
  static bool match(Input&, Builder& builder) {
    return A == apply_mode::action && builder.diagnosing();
  }
};
/// The other way round: what need not be matched while explaining, because an explanation is tried first.
struct not_diagnosing {
  using rule_t = not_diagnosing;
  using subs_t = empty_list;
  template <apply_mode, rewind_mode, template <class...> class, template <class...> class, class Input, class Builder>
  static bool match(Input&, Builder& builder) {
    return !builder.diagnosing();
  }
};
/// Alternatives that only explain errors: each raises, or fails without a trace.
template <class... Rules>
struct diagnose : seq<diagnosing, sor<Rules...>> {};

/// Mistakes in dict displays are looked for in a pass of their own, before all others.
struct explaining_dicts {
  using rule_t = explaining_dicts;
  using subs_t = empty_list;
  template <apply_mode A, rewind_mode, template <class...> class, template <class...> class, class Input, class Builder>
  static bool match(Input&, Builder& builder) {
    return A == apply_mode::action && builder.explaining_dicts();
  }
};
template <class... Rules>
struct explain_dict : seq<explaining_dicts, sor<Rules...>> {};

/// Stands for an optional part that is not there: pushes an empty item, so that a rule's items keep their places.
struct absent : success {};
template <class... Rules>
struct maybe : sor<seq<Rules...>, absent> {};
/// `Item (',' Item)* [',']`
template <class Item>
struct comma_list : seq<Item, star<t<T::Comma>, Item>, opt<t<T::Comma>>> {};

// --- Rules that are named before they are written
struct expression; struct named_expression; struct assignment_expression; struct star_expressions; struct star_named_expression; struct yield_expr;
struct bitwise_or; struct disjunction; struct primary; struct lambdef; struct replacement_field; struct interpolation;
struct block; struct pattern; struct simple_stmt; struct statement;
// from diagnosis.hpp
struct wrong_for_target; struct wrong_in; struct wrong_field; struct wrong_paren; struct wrong_list; struct wrong_brace; struct wrong_dict;
struct wrong_arguments; struct wrong_generator_call; struct wrong_kwarg; struct wrong_expression; struct wrong_named_expression;
struct wrong_colon; struct wrong_forced_colon; struct wrong_forced_paren; struct wrong_body; struct wrong_not; struct wrong_star_assign;
struct wrong_lone_star; struct possible_targets; struct wrong_assignment; struct wrong_with_target; struct wrong_with; struct wrong_import; struct wrong_import_names;
struct wrong_as_name; struct wrong_del; struct type_as_name; struct wrong_try; struct star_after_plain; struct plain_after_star; struct statement_before_if; struct wrong_except; struct wrong_except_star; struct wrong_elif;
struct wrong_as_pattern; struct wrong_type_params; struct wrong_bound; struct wrong_params; struct wrong_lambda_params; struct wrong_default;

// --- Names and constants
struct any_name : t<T::Name, T::SoftMatch, T::SoftCase, T::SoftType, T::Underscore> {};
struct name : any_name {};        // an expression
struct identifier : any_name {};  // only the word
struct constant : t<T::None, T::True, T::False, T::Ellipsis> {};
struct number : t<T::Number> {};
struct annotated_rhs : sor<yield_expr, star_expressions> {};

// --- Strings
struct conversion : seq<t<T::Exclamation>, any_name> {};
struct debug_equal : t<T::Equal> {};
struct string : t<T::String> {};
struct text : t<T::FStringMiddle> {};
struct spec_text : t<T::FStringMiddle> {};
struct format_spec : seq<t<T::Colon>, star<sor<spec_text, replacement_field>>> {};
struct replacement_field : sor<seq<t<T::LeftBrace>, annotated_rhs, maybe<debug_equal>, maybe<conversion>, maybe<format_spec>, t<T::RightBrace>>, diagnose<wrong_field>> {};
struct fstring : seq<t<T::FStringStart>, star<sor<text, replacement_field>>, t<T::FStringEnd>> {};
struct template_text : t<T::TStringMiddle> {};
struct template_spec_text : t<T::TStringMiddle> {};
struct template_field;
struct template_format_spec : seq<t<T::Colon>, star<sor<template_spec_text, template_field>>> {};
struct template_field : sor<seq<t<T::LeftBrace>, annotated_rhs, maybe<debug_equal>, maybe<conversion>, maybe<template_format_spec>, t<T::RightBrace>>, diagnose<wrong_field>> {};
struct interpolation : sor<seq<t<T::LeftBrace>, annotated_rhs, maybe<debug_equal>, maybe<conversion>, maybe<template_format_spec>, t<T::RightBrace>>, diagnose<wrong_field>> {};
struct tstring : seq<t<T::TStringStart>, star<sor<template_text, interpolation>>, t<T::TStringEnd>> {};
struct strings : plus<sor<string, fstring, tstring>> {};

// --- Comprehensions
struct star_mark : t<T::Star> {};
struct star_target : seq<opt<star_mark>, primary> {};
struct star_targets : comma_list<star_target> {};
struct for_target : sor<seq<star_targets, t<T::In>>, diagnose<wrong_for_target>> {};
struct comp_if : seq<t<T::If>, disjunction> {};
struct comp_target : sor<seq<star_targets, t<T::In>>, diagnose<wrong_in, wrong_for_target>> {};
struct for_if_clause : seq<opt<t<T::Async>>, t<T::For>, comp_target, disjunction, star<comp_if>> {};
struct for_if_clauses : plus<for_if_clause> {};

// --- Brackets
struct starred : seq<t<T::Star>, bitwise_or> {};
struct star_named_expression : sor<starred, named_expression> {};
struct paren_items : seq<star_named_expression, sor<for_if_clauses, seq<star<t<T::Comma>, star_named_expression>, opt<t<T::Comma>>>>> {};
struct paren_display : seq<t<T::LeftParen>, opt<sor<yield_expr, paren_items>>, t<T::RightParen>> {};
struct paren : sor<paren_display, diagnose<wrong_paren>> {};
struct list_display : seq<t<T::LeftBracket>, opt<paren_items>, t<T::RightBracket>> {};
struct list : sor<list_display, diagnose<wrong_list>> {};
struct double_starred : seq<t<T::DoubleStar>, bitwise_or> {};
struct dict_value : seq<t<T::Colon>, expression> {};
struct kvpair : sor<double_starred, seq<expression, dict_value>> {};
struct dict_rest : sor<for_if_clauses, seq<star<t<T::Comma>, kvpair>, opt<t<T::Comma>>>> {};
struct set_rest : sor<for_if_clauses, seq<star<t<T::Comma>, star_named_expression>, opt<t<T::Comma>>>> {};
struct brace_items : sor<seq<double_starred, dict_rest>, seq<starred, set_rest>, seq<assignment_expression, set_rest>, seq<named_expression, if_then_else<dict_value, dict_rest, set_rest>>> {};
struct brace_display : seq<t<T::LeftBrace>, opt<brace_items>, t<T::RightBrace>> {};
struct brace : sor<brace_display, explain_dict<wrong_dict>, diagnose<wrong_brace>> {};
struct atom : sor<name, number, strings, constant, paren, list, brace> {};

// --- Primaries: an atom and what follows it, however long, in one loop
struct argument_expression : sor<assignment_expression, seq<expression, not_at<t<T::ColonEqual>>>> {};
struct kwargs_unpacking : seq<t<T::DoubleStar>, expression> {};
struct args_unpacking : sor<diagnose<wrong_star_assign>, seq<t<T::Star>, expression>, diagnose<wrong_lone_star>> {};
struct keyword_argument : seq<at<any_name, t<T::Equal>>, identifier, t<T::Equal>, expression> {};
struct plain_argument : seq<not_at<any_name, t<T::Equal>>, argument_expression, not_at<t<T::Equal>>> {};
struct positional_argument : sor<args_unpacking, plain_argument> {};
struct generator_argument : seq<plain_argument, opt<for_if_clauses, at<t<T::RightParen>>>> {};
struct kwarg_or_starred : sor<diagnose<wrong_kwarg>, keyword_argument, args_unpacking> {};
struct kwarg_or_double_starred : sor<diagnose<wrong_kwarg>, keyword_argument, kwargs_unpacking> {};
struct kwargs : sor<seq<kwarg_or_starred, star<t<T::Comma>, kwarg_or_starred>, star<t<T::Comma>, kwarg_or_double_starred>>, seq<kwarg_or_double_starred, star<t<T::Comma>, kwarg_or_double_starred>>> {};
struct args : sor<seq<sor<args_unpacking, generator_argument>, star<t<T::Comma>, positional_argument>, opt<t<T::Comma>, kwargs>>, kwargs> {};
struct arguments : seq<args, opt<t<T::Comma>>> {};
// The same without a bare generator, for class headers and diagnoses.
struct strict_args : sor<seq<positional_argument, star<t<T::Comma>, positional_argument>, opt<t<T::Comma>, kwargs>>, kwargs> {};
struct attribute : seq<t<T::Dot>, identifier> {};
struct call : seq<t<T::LeftParen>, sor<diagnose<wrong_generator_call>, seq<opt<arguments>, t<T::RightParen>>, diagnose<wrong_arguments>>> {};
struct slice_tail : seq<t<T::Colon>, maybe<expression>, opt<t<T::Colon>, maybe<expression>>> {};
struct slice_star : args_unpacking {};
struct slice : sor<slice_star, assignment_expression, seq<named_expression, opt<slice_tail>>, seq<absent, slice_tail>> {};
struct slices : comma_list<slice> {};
struct subscript : seq<t<T::LeftBracket>, slices, t<T::RightBracket>> {};
struct primary : seq<atom, star<sor<attribute, call, subscript>>> {};
struct await_expr : seq<t<T::Await>, primary> {};

// --- Operators: two flat levels
struct sign : t<T::Plus, T::Minus, T::Tilde> {};
struct binary : t<T::Plus, T::Minus, T::Star, T::Slash, T::DoubleSlash, T::Percent, T::At, T::DoubleStar, T::LeftShift, T::RightShift, T::Amper, T::Bar, T::Caret> {};
struct operand : seq<star<sign>, sor<primary, await_expr, diagnose<wrong_not>>> {};
struct bitwise_or : seq<operand, star<binary, operand>> {};
struct compare_op : sor<t<T::Less, T::Greater, T::EqualEqual, T::NotEqual, T::LessEqual, T::GreaterEqual, T::In>, seq<t<T::Is>, opt<t<T::Not>>>, seq<t<T::Not>, t<T::In>>> {};
struct negation : t<T::Not> {};
struct logical : t<T::And, T::Or> {};
struct disjunction : seq<star<negation>, bitwise_or, star<sor<seq<compare_op, bitwise_or>, seq<logical, star<negation>, bitwise_or>>>> {};

// --- Expressions
struct lambda_params;
struct lambdef : seq<t<T::Lambda>, maybe<lambda_params>, t<T::Colon>, expression> {};
struct else_value : sor<diagnose<expression>, disjunction, lambdef> {};
struct conditional : seq<disjunction, star<t<T::If>, disjunction, t<T::Else>, else_value>> {};
struct expression : sor<diagnose<wrong_expression>, conditional, lambdef> {};
struct assignment_expression : seq<at<any_name, t<T::ColonEqual>>, name, t<T::ColonEqual>, expression> {};
struct named_expression : sor<assignment_expression, diagnose<wrong_named_expression>, seq<expression, not_at<t<T::ColonEqual>>>> {};
struct star_expression : sor<starred, expression> {};
struct star_expressions : comma_list<star_expression> {};
struct yield_from : seq<t<T::From>, expression> {};
struct expressions : comma_list<expression> {};
struct yield_expr : seq<t<T::Yield>, sor<yield_from, maybe<star_expressions>>> {};

// --- Parameters
struct annotation : seq<t<T::Colon>, expression> {};
struct star_annotation : seq<t<T::Colon>, sor<starred, expression>> {};
struct default_value : seq<t<T::Equal>, sor<expression, diagnose<wrong_default>>> {};
struct slash_param : t<T::Slash> {};
struct bare_star : seq<t<T::Star>, at<t<T::Comma>>> {};
struct var_param : seq<t<T::Star>, identifier, maybe<star_annotation>> {};
struct kwarg_param : seq<t<T::DoubleStar>, identifier, maybe<annotation>> {};
struct plain_param : seq<identifier, maybe<annotation>, maybe<default_value>> {};
template <class Plain, class Var, class Kwargs>
struct star_etc : sor<seq<sor<seq<bare_star, t<T::Comma>, Plain>, Var>, star<t<T::Comma>, Plain>, opt<t<T::Comma>, Kwargs>>, Kwargs> {};
template <class Plain, class StarEtc>
struct param_list : seq<sor<seq<Plain, star<t<T::Comma>, Plain>, opt<t<T::Comma>, slash_param, star<t<T::Comma>, Plain>>, opt<t<T::Comma>, StarEtc>>, StarEtc>, opt<t<T::Comma>>> {};
struct param_star_etc : star_etc<plain_param, var_param, kwarg_param> {};
struct params : sor<diagnose<wrong_params>, param_list<plain_param, param_star_etc>> {};
struct lambda_var_param : seq<t<T::Star>, identifier> {};
struct lambda_kwarg_param : seq<t<T::DoubleStar>, identifier> {};
struct lambda_plain_param : seq<identifier, maybe<default_value>> {};
struct lambda_star_etc : star_etc<lambda_plain_param, lambda_var_param, lambda_kwarg_param> {};
struct lambda_params : sor<diagnose<wrong_lambda_params>, param_list<lambda_plain_param, lambda_star_etc>> {};

struct type_bound : seq<t<T::Colon>, expression> {};
struct type_default : seq<t<T::Equal>, expression> {};
struct type_star_default : seq<t<T::Equal>, star_expression> {};
struct type_var : seq<identifier, maybe<type_bound>, maybe<type_default>> {};
struct type_var_tuple : seq<t<T::Star>, identifier, opt<diagnose<wrong_bound>>, maybe<type_star_default>> {};
struct param_spec : seq<t<T::DoubleStar>, identifier, opt<diagnose<wrong_bound>>, maybe<type_default>> {};
struct type_param : sor<type_var, type_var_tuple, param_spec> {};
struct type_params : seq<t<T::LeftBracket>, sor<seq<comma_list<type_param>, t<T::RightBracket>>, diagnose<wrong_type_params>>> {};

// --- Simple statements
struct assign_part : sor<diagnose<possible_targets>, annotated_rhs> {};  // knows whether "=", ":" or "+=" follows
struct assign_tail : seq<plus<t<T::Equal>, assign_part>, not_at<t<T::Equal>>> {};
struct augassign : t<T::PlusEqual, T::MinusEqual, T::StarEqual, T::DoubleStarEqual, T::SlashEqual, T::DoubleSlashEqual, T::PercentEqual, T::AtEqual, T::BarEqual, T::AmperEqual, T::CaretEqual, T::LeftShiftEqual, T::RightShiftEqual> {};
struct aug_tail : seq<augassign, annotated_rhs> {};
struct ann_tail : seq<t<T::Colon>, expression, maybe<t<T::Equal>, annotated_rhs>> {};
struct assign_none : not_at<sor<t<T::Equal, T::Colon>, augassign>> {};
struct assignment : sor<seq<assign_part, sor<assign_tail, aug_tail, ann_tail, seq<not_diagnosing, assign_none>>>, diagnose<wrong_assignment, seq<assign_part, assign_none>>> {};
struct return_stmt : seq<t<T::Return>, maybe<star_expressions>> {};
struct raise_stmt : seq<t<T::Raise>, sor<seq<expression, maybe<t<T::From>, expression>>, seq<absent, absent>>> {};
struct pass_stmt : seq<opt<diagnose<statement_before_if>>, t<T::Pass>> {};
struct break_stmt : seq<opt<diagnose<statement_before_if>>, t<T::Break>> {};
struct continue_stmt : seq<opt<diagnose<statement_before_if>>, t<T::Continue>> {};
struct global_stmt : seq<t<T::Global>, identifier, star<t<T::Comma>, identifier>> {};
struct nonlocal_stmt : seq<t<T::Nonlocal>, identifier, star<t<T::Comma>, identifier>> {};
struct assert_stmt : seq<t<T::Assert>, expression, maybe<t<T::Comma>, expression>> {};
struct del_targets : comma_list<primary> {};
struct del_list : seq<del_targets, at<t<T::Semicolon, T::Newline>>> {};
struct del_stmt : seq<t<T::Del>, sor<del_list, diagnose<wrong_del>>> {};
struct type_alias : seq<at<t<T::SoftType>, any_name>, t<T::SoftType>, name, maybe<type_params>, t<T::Equal>, expression> {};
// Imports
struct dotted_name : seq<any_name, star<t<T::Dot>, any_name>> {};
struct as_name : seq<t<T::As>, sor<diagnose<wrong_as_name>, identifier>> {};
struct dotted_as_name : seq<dotted_name, maybe<as_name>> {};
struct import_name : seq<t<T::Import>, sor<diagnose<wrong_import>, seq<dotted_as_name, star<t<T::Comma>, dotted_as_name>>>> {};
struct import_from_as_name : seq<identifier, maybe<as_name>> {};
struct import_star : t<T::Star> {};
struct import_from_targets : sor<import_star, seq<t<T::LeftParen>, comma_list<import_from_as_name>, t<T::RightParen>>, seq<import_from_as_name, star<t<T::Comma>, import_from_as_name>, not_at<t<T::Comma>>>, diagnose<wrong_import_names>> {};
struct import_dots : star<t<T::Dot, T::Ellipsis>> {};
struct import_module : sor<seq<import_dots, dotted_name>, seq<at<t<T::Dot, T::Ellipsis>>, import_dots, absent>> {};
struct import_from : seq<t<T::From>, import_module, t<T::Import>, import_from_targets> {};

struct simple_keyword : at<t<T::Return, T::Import, T::From, T::Raise, T::Pass, T::Del, T::Assert, T::Break, T::Continue, T::Global, T::Nonlocal>> {};
struct keyword_stmt : sor<return_stmt, import_name, import_from, raise_stmt, pass_stmt, del_stmt, assert_stmt, break_stmt, continue_stmt, global_stmt, nonlocal_stmt> {};
struct simple_stmt : if_then_else<simple_keyword, keyword_stmt, sor<diagnose<type_as_name>, type_alias, assignment>> {};
struct simple_stmts : seq<simple_stmt, star<t<T::Semicolon>, simple_stmt>, opt<t<T::Semicolon>>, t<T::Newline>> {};

// --- Compound statements
struct indented : seq<t<T::Newline>, t<T::Indent>, plus<statement>, t<T::Dedent>> {};
struct block : sor<indented, simple_stmts, diagnose<wrong_body>> {};
struct colon : sor<t<T::Colon>, diagnose<wrong_colon>> {};
struct forced_colon : sor<t<T::Colon>, diagnose<wrong_forced_colon>> {};

struct else_block : seq<t<T::Else>, forced_colon, block, opt<diagnose<wrong_elif>>> {};
struct elif_clause : seq<t<T::Elif>, named_expression, colon, block> {};
struct if_stmt : seq<t<T::If>, named_expression, colon, block, star<elif_clause>, maybe<else_block>> {};
struct while_stmt : seq<t<T::While>, named_expression, colon, block, maybe<else_block>> {};
struct for_stmt : seq<opt<t<T::Async>>, t<T::For>, for_target, star_expressions, colon, block, maybe<else_block>> {};

// A with statement's parenthesis may hold its items or be part of the first expression: tried in this order.
struct with_target : seq<t<T::As>, sor<seq<star_target, at<t<T::Comma, T::RightParen, T::Colon>>>, diagnose<wrong_with_target>>> {};
struct with_item : seq<expression, maybe<with_target>> {};
struct with_parens : seq<t<T::LeftParen>, comma_list<with_item>, t<T::RightParen>, t<T::Colon>> {};
struct with_plain : seq<with_item, star<t<T::Comma>, with_item>, colon> {};
struct with_stmt : seq<opt<t<T::Async>>, t<T::With>, sor<with_parens, with_plain, diagnose<wrong_with>>, block> {};

struct except_name : seq<t<T::As>, identifier> {};
struct except_types : comma_list<expression> {};
struct except_head : sor<seq<expression, maybe<except_name>, at<t<T::Colon>>>, seq<except_types, absent>> {};
struct except_block : seq<t<T::Except>, not_at<t<T::Star>>, sor<seq<sor<except_head, seq<absent, absent>>, t<T::Colon>>, diagnose<wrong_except>>, block> {};
struct except_star_block : seq<t<T::Except>, t<T::Star>, sor<seq<except_head, t<T::Colon>>, diagnose<wrong_except_star>>, block> {};
struct finally_block : seq<t<T::Finally>, forced_colon, block> {};
struct except_blocks : plus<except_block> {};
struct except_star_blocks : plus<except_star_block> {};
struct handlers : sor<seq<except_blocks, opt<diagnose<star_after_plain>>>, seq<except_star_blocks, opt<diagnose<plain_after_star>>>> {};
struct try_stmt : seq<t<T::Try>, forced_colon, block, sor<seq<absent, absent, finally_block>, seq<handlers, maybe<else_block>, maybe<finally_block>>, diagnose<wrong_try>>> {};

struct decorator : seq<t<T::At>, named_expression, t<T::Newline>> {};
struct decorators : star<decorator> {};
struct returns : seq<t<T::Arrow>, expression> {};
struct forced_paren : sor<t<T::LeftParen>, diagnose<wrong_forced_paren>> {};
struct function_def : seq<opt<t<T::Async>>, t<T::Def>, identifier, maybe<type_params>, forced_paren, maybe<params>, t<T::RightParen>, maybe<returns>, forced_colon, block> {};
struct class_argument_list : seq<strict_args, opt<t<T::Comma>>> {};
struct class_arguments : seq<t<T::LeftParen>, sor<seq<opt<class_argument_list>, t<T::RightParen>>, diagnose<wrong_arguments>>> {};
struct class_def : seq<t<T::Class>, identifier, maybe<type_params>, maybe<class_arguments>, colon, block> {};
struct decorated : seq<decorators, sor<function_def, class_def>> {};

// --- Match
struct signed_number : seq<opt<t<T::Minus>>, number> {};
struct complex_tail : seq<t<T::Plus, T::Minus>, number> {};
struct literal_number : seq<signed_number, opt<complex_tail>> {};
struct literal_string : seq<strings> {};
struct literal_constant : t<T::None, T::True, T::False> {};
struct wildcard : t<T::Underscore> {};
struct capture : seq<identifier, not_at<t<T::Dot, T::LeftParen, T::Equal>>> {};
struct name_or_attr : seq<name, star<attribute>> {};
struct value_pattern : seq<name_or_attr, not_at<t<T::LeftParen, T::Equal>>> {};
struct keyword_pattern : seq<at<any_name, t<T::Equal>>, identifier, t<T::Equal>, pattern> {};
struct class_pattern_args : comma_list<sor<keyword_pattern, pattern>> {};
struct class_pattern : seq<name_or_attr, t<T::LeftParen>, opt<class_pattern_args>, t<T::RightParen>> {};
struct star_pattern : seq<t<T::Star>, identifier> {};
struct maybe_star_pattern : sor<star_pattern, pattern> {};
struct group_pattern : seq<t<T::LeftParen>, opt<comma_list<maybe_star_pattern>>, t<T::RightParen>> {};
struct list_pattern : seq<t<T::LeftBracket>, opt<comma_list<maybe_star_pattern>>, t<T::RightBracket>> {};
struct mapping_key : sor<literal_number, strings, constant, name_or_attr> {};
struct mapping_rest : seq<t<T::DoubleStar>, identifier> {};
struct mapping_entry : seq<mapping_key, t<T::Colon>, pattern> {};
struct mapping_items : sor<seq<mapping_rest, opt<t<T::Comma>>>, seq<mapping_entry, star<t<T::Comma>, mapping_entry>, opt<t<T::Comma>, mapping_rest>, opt<t<T::Comma>>>> {};
struct mapping_pattern : seq<t<T::LeftBrace>, opt<mapping_items>, t<T::RightBrace>> {};
struct closed_pattern : sor<literal_number, literal_string, literal_constant, wildcard, capture, value_pattern, class_pattern, group_pattern, list_pattern, mapping_pattern> {};
struct or_pattern : seq<closed_pattern, star<t<T::Bar>, closed_pattern>> {};
struct as_target : seq<t<T::As>, sor<seq<not_at<t<T::Underscore>>, identifier, not_at<t<T::Dot, T::LeftParen, T::Equal>>>, diagnose<wrong_as_pattern>>> {};
struct pattern : seq<or_pattern, opt<as_target>> {};
struct open_pattern : comma_list<maybe_star_pattern> {};
struct guard : seq<t<T::If>, named_expression> {};
struct case_block : seq<t<T::SoftCase>, open_pattern, maybe<guard>, colon, block> {};
struct subject : comma_list<star_named_expression> {};
// `match` may also be a name: only the whole head tells, so a statement that begins with that name is tried twice.
struct match_stmt : seq<t<T::SoftMatch>, subject, colon, sor<seq<t<T::Newline>, t<T::Indent>>, diagnose<wrong_body>>, plus<case_block>, t<T::Dedent>> {};

// --- Files
struct compound_keyword : at<t<T::If, T::For, T::Def, T::Class, T::At, T::Async, T::While, T::With, T::Try>> {};
struct compound_stmt : sor<if_stmt, for_stmt, while_stmt, with_stmt, try_stmt, decorated> {};
struct statement : if_then_else<compound_keyword, compound_stmt, sor<match_stmt, simple_stmts>> {};
struct file : seq<star<statement>, t<T::EndMarker>> {};
struct eval : seq<expressions, star<t<T::Newline>>, t<T::EndMarker>> {};
struct interactive_end : seq<star<t<T::Newline>>, t<T::EndMarker>> {};
struct interactive : seq<star<t<T::Newline>>, sor<t<T::EndMarker>, statement>> {};

}  // namespace aspy::grammar
// clang-format on
