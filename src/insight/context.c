/* What a result is about, in words: its period, its filters, what is compared with what. */
#include "insight/view.h"
#include "query/restate.h"
#include <string.h>

/* ---- periods ---- */
static const Calendar *calendar_of(const ResultView *view) {
  static const Calendar usual = {1, 1, TRUE};
  return view->input->model != NULL ? &view->input->model->calendar : &usual;
}

static char *describe_range(const ResultView *view, Day from, Day to) {
  if (from != DAY_NONE && to != DAY_NONE) return day_range_describe(from, to, calendar_of(view));
  if (from == DAY_NONE && to == DAY_NONE) return NULL;
  g_autofree char *iso = day_format_iso(from != DAY_NONE ? from : to);
  g_autofree char *day = view_period_label(iso, FALSE);
  return g_strconcat(from != DAY_NONE ? "since " : "before ", day, NULL);
}

/* The range of the same kind just before: whole months move by months, everything else by days. */
static void range_before(Day from, Day to, Day *before_from, Day *before_to) {
  int year, month, day, end_year, end_month, end_day;
  day_to_ymd(from, &year, &month, &day);
  day_to_ymd(to, &end_year, &end_month, &end_day);
  *before_to = from;
  if (day == 1 && end_day == 1)
    *before_from = day_add_months(from, -((end_year - year) * 12 + end_month - month));
  else
    *before_from = from - (to - from);
}

/* What values of a field are called: "customer", "payment method". */
static char *field_noun(const ResultView *view, const char *qualified, const Field **field) {
  const Model *model = view->input->model;
  *field = model != NULL && qualified != NULL ? model_find_field(model, qualified) : NULL;
  const Entity *entity = *field != NULL && (*field)->entity != NULL ? model_find_entity(model, (*field)->entity) : NULL;
  const char *bare = qualified != NULL ? strrchr(qualified, '.') : NULL;
  const char *label = entity != NULL                              ? entity->name
                      : *field != NULL && (*field)->label != NULL ? (*field)->label
                      : bare != NULL                              ? bare + 1
                      : qualified != NULL                         ? qualified
                                                                  : "field";
  return view_words(label);
}

static char *value_words(const Field *field, const char *noun, const char *value) {
  if (field != NULL && field->codes != NULL)
    for (guint i = 0; i < field->codes->len; i++) {
      const CodedValue *coded = g_ptr_array_index(field->codes, i);
      if (strcmp(coded->code, value) == 0) return g_strdup(coded->labels[0]);
    }
  /* "customer 17850", "branch A": bare codes say nothing. */
  if (view_is_bare(value)) return g_strdup_printf("%s %s", noun, value);
  return g_strdup(value);
}

static char *member_name(const ResultView *view, const char *member) {
  const char *qualified = view->query->compare.field;
  const Field *field = NULL;
  g_autofree char *noun = field_noun(view, qualified, &field);
  return member != NULL ? value_words(field, noun, member) : g_strdup("the other");
}

/* Names of the two sides of a comparison without a time dimension. */
static void name_sides(ResultView *view) {
  const Compare *compare = &view->query->compare;
  const TimeRange *time = &view->query->time;
  Day from = DAY_NONE, to = DAY_NONE;
  gboolean bounded = time->kind == TIME_ABSOLUTE && time->from != DAY_NONE && time->to != DAY_NONE;
  switch (compare->kind) {
  case COMPARE_NONE: return;
  case COMPARE_MEMBERS:
    view->current_name = member_name(view, compare->member);
    view->previous_name = member_name(view, compare->other);
    return;
  case COMPARE_REST:
    view->current_name = member_name(view, compare->member);
    view->previous_name = g_strdup("all others");
    return;
  case COMPARE_PERIODS:
    from = compare->baseline.from;
    to = compare->baseline.to;
    break;
  case COMPARE_SNAPSHOTS:
    view->previous_is_period = view->of_snapshots = TRUE;
    view->current_name = restate_data(&view->query->data, view->input->model);
    view->previous_name = restate_data(&compare->data, view->input->model);
    return;
  case COMPARE_PREVIOUS:
    if (bounded) range_before(time->from, time->to, &from, &to);
    break;
  case COMPARE_YEAR_EARLIER:
    if (bounded) {
      from = day_add_months(time->from, -12);
      to = day_add_months(time->to, -12);
    }
    break;
  }
  for (guint i = 0; i < view->query->dimensions->len; i++) {
    const Dimension *dimension = g_ptr_array_index(view->query->dimensions, i);
    if (dimension->kind == DIMENSION_TIME) return; /* every row has its own period before */
  }
  view->previous_is_period = TRUE;
  view->current_name = time->kind == TIME_ABSOLUTE ? describe_range(view, time->from, time->to) : NULL;
  view->previous_name = from != DAY_NONE || to != DAY_NONE ? describe_range(view, from, to) : NULL;
  if (view->current_name == NULL) view->current_name = g_strdup("this period");
  if (view->previous_name == NULL) view->previous_name = g_strdup("the period before");
}

/* "opened" of "Opened On", "joined" of "Joined", "enrolled" of "Enrolled On": what happened on that date. NULL: no such word. */
static char *date_verb(const Field *date) {
  g_autofree char *words = view_words(date->label != NULL ? date->label : date->name);
  static const char *const TAILS[] = {" on", " at", " date", " in"};
  for (guint i = 0; i < G_N_ELEMENTS(TAILS); i++)
    if (g_str_has_suffix(words, TAILS[i])) words[strlen(words) - strlen(TAILS[i])] = '\0';
  return g_str_has_suffix(words, "ed") && strchr(words, ' ') == NULL ? g_steal_pointer(&words) : NULL;
}

gboolean view_lists_things(const ResultView *view, const Dataset *dataset) {
  const Model *model = view->input->model;
  if (model == NULL || g_strcmp0(model->default_dataset, dataset->name) == 0 || dataset->primary_key[0] == NULL) return FALSE;
  for (guint e = 0; e < model->entities->len; e++) {
    const Entity *entity = g_ptr_array_index(model->entities, e);
    gboolean own = !entity->is_event && g_strcmp0(entity->dataset, dataset->name) == 0;
    if (own && g_strcmp0(entity->key, dataset->primary_key[0]) == 0 && dataset->primary_key[1] == NULL) return TRUE;
  }
  return FALSE;
}

/* "opened before 2010": the period is that of another date than the facts' own. (transfer full) */
static char *by_own_date(const ResultView *view, const char *phrase) {
  const Model *model = view->input->model;
  const Field *date = model != NULL && view->query->time_field != NULL ? model_find_field(model, view->query->time_field) : NULL;
  const Dataset *dataset = date != NULL ? model_find_dataset(model, date->dataset) : NULL;
  if (date == NULL || (dataset != NULL && !view_lists_things(view, dataset) && g_strcmp0(dataset->default_date, date->name) == 0)) return g_strdup(phrase);
  gboolean since = g_str_has_suffix(date->name, "since");
  if (since && g_str_has_prefix(phrase, "since ")) return g_strdup(phrase);
  g_autofree char *verb = date_verb(date), *label = view_words(date->label != NULL ? date->label : date->name);
  if (verb == NULL) return since ? g_strdup_printf("(%s %s)", label, phrase) : g_strdup_printf("%s (by %s)", phrase, label);
  return g_strdup_printf("%s %s", verb, phrase);
}

static char *time_phrase(const ResultView *view) {
  const TimeRange *time = &view->query->time;
  if (time->kind != TIME_ABSOLUTE || (view->previous_is_period && !view->of_snapshots)) return NULL;
  g_autofree char *range = describe_range(view, time->from, time->to);
  if (range == NULL) return NULL;
  if (g_str_has_prefix(range, "since ") || g_str_has_prefix(range, "before ")) return g_steal_pointer(&range);
  if (strstr(range, " to ") != NULL) return g_strconcat("from ", range, NULL);
  gboolean is_day = time->to == time->from + 1;
  return g_strconcat(is_day || strchr(range, '-') != NULL ? "on " : "in ", range, NULL);
}

/* ---- filters ---- */
static char *join_values(const Filter *filter, const Field *field, const char *noun) {
  g_autoptr(GString) joined = g_string_new(NULL);
  if (filter->values->len > 3) {
    g_autofree char *nouns = text_plural(noun);
    return g_strdup_printf("%u selected %s", filter->values->len, nouns);
  }
  for (guint i = 0; i < filter->values->len; i++) {
    g_autofree char *words = value_words(field, noun, g_ptr_array_index(filter->values, i));
    if (i > 0) g_string_append(joined, i + 1 == filter->values->len ? " and " : ", ");
    g_string_append(joined, words);
  }
  return g_string_free(g_steal_pointer(&joined), FALSE);
}

static char *bound_words(const Field *field, const Filter *filter, guint index) {
  if (index >= filter->values->len) return g_strdup("?");
  const char *text = g_ptr_array_index(filter->values, index);
  char *end = NULL;
  double number = g_ascii_strtod(text, &end);
  if (end == text || *end != '\0') return view_period_label(text, FALSE);
  AnswerColumn column = {.unit = field != NULL ? field->unit : NULL, .role = COLUMN_MEASURE};
  Value value = {.type = VALUE_DOUBLE, .number = number};
  return insight_format_value(&column, &value);
}

static char *field_filter_words(const ResultView *view, const Filter *filter) {
  const Field *field = NULL;
  g_autofree char *noun = field_noun(view, filter->field, &field);
  if (filter->op == OP_EQUAL || filter->op == OP_NOT_EQUAL) {
    gboolean yes_no = field != NULL && field->type == FIELD_BOOLEAN && filter->values->len == 1;
    gboolean said = FALSE;
    if (yes_no && field_read_flag(field, g_ptr_array_index(filter->values, 0), &said)) { /* "(marketing consent: Yes)" */
      const gboolean yes = said == ((filter->op == OP_EQUAL) != filter->negated);
      const char *word = field_flag_word(field, yes);
      return g_strdup_printf("(%s: %s)", noun, word != NULL ? word : yes ? "yes" : "no");
    }
    if (field != NULL && field->role == FIELD_ROLE_MEASURE && filter->values->len == 1) { /* "with discount of 0.0 %" */
      g_autofree char *number = bound_words(field, filter, 0);
      return g_strdup_printf("with %s %s %s", noun, (filter->op == OP_EQUAL) != filter->negated ? "of" : "other than", number);
    }
    g_autofree char *values = join_values(filter, field, noun);
    gboolean excluded = (filter->op == OP_NOT_EQUAL) != filter->negated;
    return g_strdup_printf("%s %s", excluded ? "excluding" : "for", values);
  }
  if (filter->op == OP_IS_NULL || filter->op == OP_IS_NOT_NULL)
    return g_strdup_printf("%s %s", (filter->op == OP_IS_NULL) != filter->negated ? "without" : "with", noun);
  g_autofree char *low = bound_words(field, filter, 0);
  g_autofree char *high = bound_words(field, filter, 1);
  static const char *const WORDS[] = {[OP_LESS] = "below",
                                      [OP_LESS_EQUAL] = "of at most",
                                      [OP_GREATER] = "above",
                                      [OP_GREATER_EQUAL] = "of at least",
                                      [OP_BETWEEN] = "between",
                                      [OP_CONTAINS] = "containing",
                                      [OP_STARTS_WITH] = "starting with"};
  const char *not_words = filter->negated ? "not " : "";
  if (filter->op == OP_BETWEEN) return g_strdup_printf("with %s %sbetween %s and %s", noun, not_words, low, high);
  if (filter->op == OP_CONTAINS || filter->op == OP_STARTS_WITH) {
    const char *text = filter->values->len > 0 ? g_ptr_array_index(filter->values, 0) : "";
    return g_strdup_printf("with %s %s%s “%s”", noun, not_words, WORDS[filter->op], text);
  }
  return g_strdup_printf("with %s %s%s %s", noun, not_words, WORDS[filter->op], low);
}

/* "from 17:00 to 22:00"; NULL: the hours are not one stretch. (transfer full) */
static char *hours_words(const Filter *filter, const char *lead) {
  guint n = filter->values != NULL ? filter->values->len : 0;
  if (filter->cyclic != CYCLIC_HOUR_OF_DAY || n < 2) return NULL;
  int first = text_leading_number(g_ptr_array_index(filter->values, 0));
  for (guint i = 1; i < n; i++)
    if (text_leading_number(g_ptr_array_index(filter->values, i)) != first + (int)i) return NULL;
  if (first == 0) return g_strdup_printf("%s before %u:00", strcmp(lead, "for") == 0 ? "" : lead, n) ;
  return g_strdup_printf("%s %d:00 to %d:00", lead, first, first + (int)n);
}

static char *cyclic_words(const Filter *filter) {
  static const char *const MONTHS[] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};
  const char *lead = filter->negated || filter->op == OP_NOT_EQUAL ? "excluding" : "for";
  char *hours = hours_words(filter, lead);
  if (hours != NULL) return g_strstrip(hours);
  g_autoptr(GString) words = g_string_new(lead);
  for (guint i = 0; filter->values != NULL && i < filter->values->len; i++) {
    const char *value = g_ptr_array_index(filter->values, i);
    int number = text_leading_number(value);
    g_string_append(words, i == 0 ? " " : i + 1 == filter->values->len ? " and " : ", ");
    if (filter->cyclic == CYCLIC_WEEKEND)
      g_string_append(words, strcmp(value, "false") == 0 ? "working days" : "weekends");
    else if (filter->cyclic == CYCLIC_MONTH_OF_YEAR && number >= 1 && number <= 12)
      g_string_append(words, MONTHS[number - 1]);
    else if (filter->cyclic == CYCLIC_QUARTER_OF_YEAR)
      g_string_append_printf(words, "Q%s", value);
    else if (filter->cyclic == CYCLIC_HOUR_OF_DAY)
      g_string_append_printf(words, "hour %s", value);
    else if (filter->cyclic == CYCLIC_WEEK_OF_YEAR)
      g_string_append_printf(words, "week %s", value);
    else if (filter->cyclic == CYCLIC_DAY_OF_MONTH)
      g_string_append_printf(words, "day %s of the month", value);
    else
      g_string_append(words, value);
  }
  return g_string_free(g_steal_pointer(&words), FALSE);
}

/* The customers of "customers who bought in 2021" are what is counted or listed: they are not named twice. */
static gboolean tells_entity(const ResultView *view, const char *entity) {
  const Model *model = view->input->model;
  if (model == NULL || entity == NULL) return FALSE;
  if (view->query->measures->len == 0 && view->query->dimensions->len == 1) {
    const Dimension *dimension = g_ptr_array_index(view->query->dimensions, 0);
    const Field *field = dimension->field != NULL ? model_find_field(model, dimension->field) : NULL;
    return field != NULL && g_strcmp0(field->entity, entity) == 0;
  }
  if (view->query->measures->len == 0) return FALSE;
  const Measure *measure = g_ptr_array_index(view->query->measures, 0);
  const Metric *metric = measure->metric != NULL ? model_find_metric(model, measure->metric) : NULL;
  const Field *field = measure->field != NULL && measure->aggregate == AGGREGATE_COUNT_DISTINCT ? model_find_field(model, measure->field) : NULL;
  return (metric != NULL && g_strcmp0(metric->entity, entity) == 0) || (field != NULL && g_strcmp0(field->entity, entity) == 0);
}

/* "of the top 10 customers" */
static char *top_words(const ResultView *view, const Filter *filter) {
  const Field *field = filter->field != NULL && view->input->model != NULL ? model_find_field(view->input->model, filter->field) : NULL;
  g_autofree char *noun = field != NULL ? view_words(field->label) : g_strdup(filter->entity != NULL ? filter->entity : "row");
  g_autofree char *nouns = text_plural(noun);
  return g_strdup_printf("%s the %s %d %s", filter->negated ? "without" : "of", filter->top > 0 ? "top" : "bottom", ABS(filter->top), nouns);
}

static gboolean is_deed(const Filter *filter) {
  return (filter->kind == FILTER_ENTITY || filter->kind == FILTER_DID) && filter->top == 0;
}

/* Labels of measures within running text: "with more than 10 orders". */
static void lower_measure(GString *words, const Model *model, const Filter *filter) {
  const Metric *metric = filter->measure != NULL && filter->measure->metric != NULL ? model_find_metric(model, filter->measure->metric) : NULL;
  if (metric == NULL || metric->label == NULL) return;
  g_autofree char *lower = view_words(metric->label);
  g_string_replace(words, metric->label, lower, 0);
  g_autofree char *single = text_singular(lower), *plural_of_one = g_strdup_printf(" 1 %s", lower), *one = g_strdup_printf(" 1 %s", single);
  g_string_replace(words, plural_of_one, one, 0); /* "more than 1 order" */
}

/* "bought Flat White", not "bought Product Flat White". */
static void drop_labels(GString *words, const Model *model, const Filter *filter) {
  for (guint i = 0; filter->did != NULL && i < filter->did->len; i++) {
    const Filter *did = g_ptr_array_index(filter->did, i);
    const Field *field = did->kind == FILTER_FIELD && did->field != NULL ? model_find_field(model, did->field) : NULL;
    const char *value = did->values != NULL && did->values->len > 0 ? g_ptr_array_index(did->values, 0) : NULL;
    if (field == NULL || field->label == NULL || value == NULL || view_is_bare(value)) continue;
    g_autofree char *labelled = g_strdup_printf("%s %s", field->label, value);
    g_string_replace(words, labelled, value, 0);
  }
}

/* What things did or have, all of it at once: "for customers who bought in 2021 and never bought in 2022"; of what is
 * counted only " who bought in 2021 ...". */
static char *deeds_words(const ResultView *view, const Filter *first, const GPtrArray *filters) {
  const Model *model = view->input->model;
  g_autoptr(GPtrArray) deeds = g_ptr_array_new();
  for (guint i = 0; i < filters->len; i++) {
    Filter *filter = g_ptr_array_index(filters, i);
    if (is_deed(filter) && g_strcmp0(filter->entity, first->entity) == 0) g_ptr_array_add(deeds, filter);
  }
  g_autofree char *restated = model != NULL ? restate_filters(model, deeds) : NULL;
  if (restated == NULL) return g_strdup("that meet the conditions");
  g_autoptr(GString) words = g_string_new(restated);
  for (guint i = 0; i < deeds->len; i++) {
    lower_measure(words, model, g_ptr_array_index(deeds, i));
    drop_labels(words, model, g_ptr_array_index(deeds, i));
  }
  g_string_replace(words, " and bought ", " and ", 0);
  g_string_replace(words, "never sold only ", "never ", 0); /* of products that were never returned */
  if (!g_str_has_prefix(words->str, "for ") || !tells_entity(view, first->entity)) return g_strdup(words->str);
  static const char *const STARTS[] = {" who ", " with ", " without ", " worth ", " sold ", " never "};
  const char *start = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(STARTS); i++) {
    const char *found = strstr(words->str, STARTS[i]);
    if (found != NULL && (start == NULL || found < start)) start = found;
  }
  return g_strdup(start != NULL ? start + 1 : words->str);
}

static char *group_words(const ResultView *view, const Filter *filter, const GPtrArray *filters) {
  if (filter->top != 0) return top_words(view, filter);
  return deeds_words(view, filter, filters);
}

static char *filter_words(const ResultView *view, const Filter *filter, const GPtrArray *filters) {
  const Condition *condition = NULL;
  switch (filter->kind) {
  case FILTER_FIELD: return field_filter_words(view, filter);
  case FILTER_CONDITION: {
    if (view->input->model != NULL && filter->condition != NULL)
      condition = model_find_condition(view->input->model, filter->condition);
    g_autofree char *quality = view_words(condition != NULL ? condition->name : "selected rows");
    gboolean adjective = condition != NULL && strchr(quality, ' ') == NULL && g_str_has_suffix(quality, "ed");
    if (adjective && !filter->negated) return g_strdup_printf("(%s only)", quality);
    g_autofree char *label = view_words(condition != NULL && condition->label != NULL ? condition->label
                                        : filter->condition != NULL                   ? filter->condition
                                                                                      : "selected rows");
    return g_strdup_printf("(%s %s)", filter->negated ? "excluding" : "only", label);
  }
  case FILTER_CYCLIC: return cyclic_words(filter);
  case FILTER_ENTITY:
  case FILTER_DID: return group_words(view, filter, filters);
  case FILTER_ANY: break;
  }
  return g_strdup("for the selection");
}

char *view_filter_words(const ResultView *view, const GPtrArray *filters) {
  g_autoptr(GString) words = g_string_new(NULL);
  for (guint i = 0; i < filters->len; i++) {
    g_autofree char *one = filter_words(view, g_ptr_array_index(filters, i), filters);
    if (strstr(words->str, one) == NULL) g_string_append_printf(words, "%s%s", words->len > 0 ? " " : "", one);
  }
  return g_string_free(g_steal_pointer(&words), FALSE);
}

/* "West" of a region that every row names anyway. */
static gboolean is_told_by_rows(const ResultView *view, const Filter *filter) {
  if (filter->kind != FILTER_FIELD || filter->op != OP_EQUAL || filter->negated || filter->field == NULL) return FALSE;
  for (guint i = 0; i < view->query->dimensions->len; i++) {
    const Dimension *dimension = g_ptr_array_index(view->query->dimensions, i);
    if (dimension->kind == DIMENSION_FIELD && g_strcmp0(dimension->field, filter->field) == 0) return TRUE;
  }
  return FALSE;
}

static gboolean add_phrase(ResultView *view, const char *words) {
  for (guint i = 0; i < view->context_phrases->len; i++)
    if (strcmp(g_ptr_array_index(view->context_phrases, i), words) == 0) return FALSE;
  g_ptr_array_add(view->context_phrases, g_strdup(words));
  return TRUE;
}

/* The values alone may stand in a sentence too. */
static void add_values(ResultView *view, const Filter *filter) {
  if (filter->kind != FILTER_FIELD || filter->values == NULL) return;
  for (guint k = 0; k < filter->values->len; k++) {
    const char *value = g_ptr_array_index(filter->values, k);
    if (!view_is_bare(value)) add_phrase(view, value);
  }
}

void view_describe_context(ResultView *view) {
  g_autoptr(GString) context = g_string_new(NULL);
  gboolean after_members = FALSE;
  name_sides(view);
  for (guint i = 0; i < view->query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(view->query->filters, i);
    if (is_told_by_rows(view, filter)) {
      add_values(view, filter);
      continue;
    }
    g_autofree char *words = filter_words(view, filter, view->query->filters);
    if (!add_phrase(view, words)) continue;
    /* "for Small Firm, Alentejo" */
    gboolean is_members = g_str_has_prefix(words, "for ");
    g_string_append_printf(context, "%s%s", after_members && is_members ? ", " : " ",
                           after_members && is_members ? words + strlen("for ") : words);
    after_members = is_members;
    add_values(view, filter);
  }
  if (context->len > 0) add_phrase(view, context->str + 1);
  view->filter_context = g_strdup(context->str);
  g_autofree char *period = time_phrase(view), *time = period != NULL ? by_own_date(view, period) : NULL;
  if (time != NULL) {
    g_string_append_printf(context, " %s", time);
    add_phrase(view, time);
    add_phrase(view, strchr(time, ' ') + 1);
  }
  view->context = g_string_free(g_steal_pointer(&context), FALSE);
  if (!view->of_snapshots) return;
  g_free(view->filter_context); /* the sides are no periods: the period is one more condition */
  view->filter_context = g_strdup(view->context);
}
