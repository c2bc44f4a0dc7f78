#pragma once

#include "parser/grammar.hpp"

/// Rules that recognise common mistakes, to explain them. They only run in the diagnosing pass.
namespace aspy::grammar {

struct wrong_for_target : failure {};
struct wrong_field : failure {};
struct wrong_paren : failure {};
struct wrong_list : failure {};
struct wrong_brace : failure {};
struct wrong_kvpair : failure {};
struct wrong_arguments : failure {};
struct wrong_kwarg : failure {};
struct wrong_expression : failure {};
struct wrong_legacy : failure {};
struct wrong_named_expression : failure {};
struct wrong_colon : failure {};
struct wrong_body : failure {};
struct wrong_arithmetic : failure {};
struct wrong_factor : failure {};
struct wrong_starred : failure {};
struct wrong_with_item : failure {};
struct wrong_import : failure {};
struct wrong_import_names : failure {};
struct wrong_as_name : failure {};
struct wrong_raise : failure {};
struct wrong_del : failure {};
struct wrong_try : failure {};
struct wrong_mixed_try : failure {};
struct wrong_except : failure {};
struct wrong_else : failure {};
struct wrong_as_pattern : failure {};
struct wrong_class_pattern : failure {};
struct wrong_type_params : failure {};
struct wrong_params : failure {};
struct wrong_def : failure {};
struct wrong_default : failure {};
struct wrong_double_starred : failure {};
struct wrong_match_body : failure {};

}  // namespace aspy::grammar
