/* The functions a statement may call. What is not here is refused: nothing here reads files, settings or the catalog.
 */
#include <stdlib.h>
#include <string.h>

#include "query/guard_walk.h"

typedef struct {
  const char *name;
  GuardFunctionKind kind;
} GuardFunction;

#define S(name)                                                                                                        \
  { name, GUARD_FUNCTION_SCALAR }
#define A(name)                                                                                                        \
  { name, GUARD_FUNCTION_AGGREGATE }
#define C(name)                                                                                                        \
  { name, GUARD_FUNCTION_COLLECTING }
#define W(name)                                                                                                        \
  { name, GUARD_FUNCTION_WINDOW }

/* Sorted by byte value: it is searched by halving. */
/* clang-format off */
static const GuardFunction functions[] = {
    S("!~~"), S("!~~*"), S("%"), S("&"), S("*"), S("**"), S("+"), S("-"), S("/"), S("//"), S("<"), S("<<"), S(">>"),
    S("@"), S("^"), S("^@"), S("abs"), S("acos"), S("add"), S("age"), A("aisle_sketch_count"), A("any_value"), A("approx_count_distinct"),
    A("approx_quantile"), C("approx_top_k"), A("arbitrary"), A("arg_max"), A("arg_max_null"), A("arg_min"),
    A("arg_min_null"), A("argmax"), A("argmin"), C("array_agg"), S("array_contains"), S("array_extract"),
    S("array_length"), S("array_to_string"), S("array_value"), S("ascii"), S("asin"), S("atan"), S("atan2"), A("avg"),
    S("bar"), A("bit_and"), A("bit_or"), A("bit_xor"), A("bool_and"), A("bool_or"), S("cbrt"), S("ceil"),
    S("ceiling"), S("century"), S("char_length"), S("character_length"), S("chr"), S("concat"), S("concat_ws"),
    S("contains"), A("corr"), S("cos"), S("cot"), A("count"), A("count_if"), A("count_star"), A("countif"),
    A("covar_pop"), A("covar_samp"), W("cume_dist"), S("current_date"), S("date_add"), S("date_diff"), S("date_part"),
    S("date_sub"), S("date_trunc"), S("datediff"), S("datepart"), S("datesub"), S("datetrunc"), S("day"),
    S("dayname"), S("dayofmonth"), S("dayofweek"), S("dayofyear"), S("days_in_month"), S("decade"), S("degrees"),
    W("dense_rank"), S("divide"), S("element_at"), S("ends_with"), A("entropy"), S("epoch"), S("epoch_ms"), S("era"),
    S("even"), S("exp"), A("favg"), S("fdiv"), W("fill"), A("first"), W("first_value"), S("floor"), S("fmod"),
    S("format"), A("fsum"), S("gcd"), S("generate_series"), A("geomean"), A("geometric_mean"),
    S("get_current_timestamp"), S("greatest"), S("greatest_common_divisor"), C("group_concat"), S("hash"),
    C("histogram"), S("hour"), S("ilike_escape"), S("instr"), S("isfinite"), S("isinf"), S("isnan"), S("isodow"),
    S("isoyear"), S("julian"), A("kahan_sum"), A("kurtosis"), A("kurtosis_pop"), W("lag"), A("last"), S("last_day"),
    W("last_value"), S("lcase"), S("lcm"), W("lead"), S("least"), S("least_common_multiple"), S("left"), S("len"),
    S("length"), S("like_escape"), C("list"), S("list_avg"), S("list_contains"), S("list_count"), S("list_distinct"),
    S("list_element"), S("list_extract"), S("list_first"), S("list_has"), S("list_has_all"), S("list_has_any"),
    S("list_last"), S("list_max"), S("list_median"), S("list_min"), S("list_pack"), S("list_position"),
    S("list_reverse"), S("list_reverse_sort"), S("list_slice"), S("list_sort"), S("list_sum"), S("list_unique"),
    S("list_value"), C("listagg"), S("ln"), S("log"), S("log10"), S("log2"), S("lower"), S("lpad"), S("ltrim"),
    A("mad"), S("make_date"), S("make_time"), S("make_timestamp"), S("map"), A("max"), A("max_by"), A("mean"),
    A("median"), S("microsecond"), S("millisecond"), A("min"), A("min_by"), S("minute"), S("mod"), A("mode"),
    S("month"), S("monthname"), S("multiply"), S("normalized_interval"), S("not_ilike_escape"), S("not_like_escape"),
    S("now"), W("nth_value"), W("ntile"), S("nullif"), W("percent_rank"), A("percentile_cont"), A("percentile_disc"),
    S("pi"), S("position"), S("pow"), S("power"), S("prefix"), S("printf"), A("product"), A("quantile"),
    A("quantile_cont"), A("quantile_disc"), S("quarter"), S("radians"), S("range"), W("rank"), W("rank_dense"),
    S("regexp_extract"), S("regexp_extract_all"), S("regexp_full_match"), S("regexp_matches"), S("regexp_replace"),
    S("regexp_split_to_array"), A("regr_avgx"), A("regr_avgy"), A("regr_count"), A("regr_intercept"), A("regr_r2"),
    A("regr_slope"), A("regr_sxx"), A("regr_sxy"), A("regr_syy"), S("repeat"), S("replace"), S("reverse"), S("right"),
    S("round"), S("round_even"), S("row"), W("row_number"), S("rpad"), S("rtrim"), S("second"), A("sem"), S("sign"),
    S("signbit"), S("sin"), A("skewness"), S("split"), S("split_part"), S("sqrt"), S("starts_with"), A("stddev"),
    A("stddev_pop"), A("stddev_samp"), S("str_split"), S("strftime"), C("string_agg"), S("string_split"),
    S("string_to_array"), S("strip_accents"), S("strlen"), S("strpos"), S("strptime"), S("struct_extract"),
    S("struct_pack"), S("substr"), S("substring"), S("subtract"), S("suffix"), A("sum"), A("sum_no_overflow"),
    A("sumkahan"), S("tan"), S("time_bucket"), S("timezone"), S("to_centuries"), S("to_days"), S("to_decades"),
    S("to_hours"), S("to_microseconds"), S("to_millennia"), S("to_milliseconds"), S("to_minutes"), S("to_months"),
    S("to_quarters"), S("to_seconds"), S("to_timestamp"), S("to_weeks"), S("to_years"), S("today"), S("translate"),
    S("trim"), S("trunc"), S("try_strptime"), S("typeof"), S("ucase"), S("unicode"), S("unnest"), S("upper"),
    A("var_pop"), A("var_samp"), A("variance"), A("wavg"), S("week"), S("weekday"), S("weekofyear"),
    A("weighted_avg"), S("xor"), S("year"), S("yearweek"), S("|"), S("||"), S("~"), S("~~"), S("~~*"), S("~~~"),
};
/* clang-format on */

static int compare_names(const void *name, const void *entry) {
  return strcmp(name, ((const GuardFunction *)entry)->name);
}

GuardFunctionKind guard_function_kind(const char *name) {
  g_autofree char *lower = g_ascii_strdown(name, -1);
  const GuardFunction *found = bsearch(lower, functions, G_N_ELEMENTS(functions), sizeof *functions, compare_names);
  return found != NULL ? found->kind : GUARD_FUNCTION_UNKNOWN;
}
