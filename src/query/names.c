/* Names, labels and units of dimensions and measures. */
#include <float.h>
#include <math.h>
#include "query/restate.h"
#include <string.h>

/* ---- names: as columns ---- */
static const char *bare_name(const char *qualified) {
  const char *dot = qualified ? strrchr(qualified, '.') : NULL;
  return dot ? dot + 1 : qualified ? qualified : "value";
}

char *dimension_name(const Compiler *compiler, const Dimension *dimension) {
  switch (dimension->kind) {
  case DIMENSION_FIELD: return g_strdup(bare_name(dimension->field));
  case DIMENSION_TIME: return g_strdup(time_unit_name(dimension->unit));
  case DIMENSION_FIRST_TIME: return g_strdup_printf("first_%s", time_unit_name(dimension->unit));
  case DIMENSION_CYCLIC: return g_strdup(cyclic_name(dimension->cyclic));
  case DIMENSION_BUCKET: return g_strdup_printf("%s_range", bare_name(dimension->field));
  case DIMENSION_ENTITY_BUCKET: {
    g_autofree char *measure =
        dimension->measure ? measure_name(compiler->model, dimension->measure) : g_strdup("value");
    return dimension->edges->len ? g_strdup_printf("%s_range", measure) : g_steal_pointer(&measure);
  }
  }
  return g_strdup("value");
}

/* What tells a filtered measure from its plain sister: the first thing it is filtered by. */
static char *filter_suffix(const Measure *measure) {
  for (guint i = 0; i < measure->filters->len; i++) {
    const Filter *filter = measure->filters->pdata[i];
    const char *word = filter->kind == FILTER_CONDITION ? filter->condition
                       : filter->values->len            ? filter->values->pdata[0]
                                                        : NULL;
    if (word && *word) return g_strdup_printf("%s_%s", filter->negated ? "_not" : "", word);
  }
  return g_strdup("");
}

static const char *aggregate_word(Aggregate aggregate) {
  switch (aggregate) {
  case AGGREGATE_MIN: return "lowest";
  case AGGREGATE_MAX: return "highest";
  case AGGREGATE_SUM: return "total";
  case AGGREGATE_STDDEV: return "standard_deviation";
  case AGGREGATE_NONE: return "value";
  default: return aggregate_name(aggregate);
  }
}

static char *aggregate_measure_name(const Measure *measure) {
  const char *what = measure->metric ? measure->metric : measure->field ? bare_name(measure->field) : NULL;
  if (measure->kind == MEASURE_DATE_DIFFERENCE)
    return g_strdup_printf("%s_days_%s_to_%s", aggregate_word(measure->aggregate), what ? what : "",
                           bare_name(measure->field_to));
  if (!what) return g_strdup_printf("%s_count", measure->dataset ? measure->dataset : "row");
  if (measure->aggregate == AGGREGATE_COUNT_DISTINCT) return g_strdup_printf("distinct_%s", what);
  if (measure->aggregate == AGGREGATE_COUNT) return g_strdup_printf("%s_count", what);
  if (measure->aggregate == AGGREGATE_PERCENTILE)
    return g_strdup_printf("percentile_%g_%s", measure->percentile * 100, what);
  return g_strdup_printf("%s_%s", aggregate_word(measure->aggregate), what);
}

static char *joined_name(const Model *model, const Measure *measure) {
  g_autofree char *left = measure->left ? measure_name(model, measure->left) : g_strdup("value");
  g_autofree char *right = measure->right ? measure_name(model, measure->right) : g_strdup("value");
  gboolean same = measure->left && measure->right && measure->left->metric &&
                  g_strcmp0(measure->left->metric, measure->right->metric) == 0;
  if (measure->kind == MEASURE_RATIO)
    return same ? g_strdup_printf("%s_ratio", measure->left->metric) : g_strdup_printf("%s_per_%s", left, right);
  return measure->kind == MEASURE_SUM ? g_strdup_printf("%s_plus_%s", left, right)
                                      : g_strdup_printf("%s_minus_%s", left, right);
}

static char *made_name(const Model *model, const Measure *measure) {
  switch (measure->kind) {
  case MEASURE_METRIC: return g_strdup(measure->metric ? measure->metric : "value");
  case MEASURE_AGGREGATE:
  case MEASURE_DATE_DIFFERENCE: return aggregate_measure_name(measure);
  case MEASURE_PER: {
    g_autofree char *inner = measure->left ? measure_name(model, measure->left) : g_strdup("value");
    return g_strdup_printf("%s_%s_per_%s", aggregate_word(measure->aggregate), inner,
                           measure->per_entity ? measure->per_entity : time_unit_name(measure->per_unit));
  }
  default: return joined_name(model, measure);
  }
}

char *measure_name(const Model *model, const Measure *measure) {
  if (measure->name && *measure->name) return text_slug(measure->name);
  g_autofree char *made = made_name(model, measure), *suffix = filter_suffix(measure),
                  *whole = g_strconcat(made, suffix, NULL);
  return text_slug(whole);
}

/* ---- labels: for people ---- */
/* Sentences say "the highest ..." of a label themselves. */
static const char *label_word(Aggregate aggregate) {
  return aggregate == AGGREGATE_MIN ? "minimum" : aggregate == AGGREGATE_MAX ? "maximum" : aggregate_word(aggregate);
}

static const char *field_label(const Model *model, const char *name) {
  const Field *field = name ? model_find_field(model, name) : NULL;
  return field && field->label ? field->label : bare_name(name);
}

/* Different keys of a thing are the things: "stores"; different values are named as such: "number of different states". */
static char *counted_label(const Model *model, const Measure *measure, const char *what) {
  const Field *field = measure->field ? model_find_field(model, measure->field) : NULL;
  const Entity *entity = field && field->entity && field->role == FIELD_ROLE_IDENTIFIER ? model_find_entity(model, field->entity) : NULL;
  const Dataset *listing = entity && !entity->is_event ? model_find_dataset(model, field->dataset) : NULL;
  gboolean lists = listing && listing->label && g_strcmp0(entity->dataset, listing->name) == 0 && !g_str_has_suffix(listing->label, "list");
  if (lists && g_strcmp0(model->default_dataset, listing->name) != 0 && listing->primary_key[0] && !listing->primary_key[1]) {
    g_autofree char *noun = text_singular(listing->label); /* "loyalty members", as the table that lists them is called */
    g_autofree char *plural = text_plural(noun);
    if (g_str_equal(plural, listing->label)) return g_steal_pointer(&plural);
  }
  if (entity) {
    g_autofree char *noun = g_strdelimit(g_strdup(entity->name), "_", ' ');
    return text_plural(noun);
  }
  g_autofree char *plural = text_plural(what);
  return g_strdup_printf("number of different %s", plural);
}

static char *aggregate_measure_label(const Model *model, const Measure *measure) {
  const Metric *metric = measure->metric ? model_find_metric(model, measure->metric) : NULL;
  const char *what = metric ? metric->label : measure->field ? field_label(model, measure->field) : NULL;
  if (measure->kind == MEASURE_DATE_DIFFERENCE)
    return g_strdup_printf("%s days from %s to %s", label_word(measure->aggregate), what,
                           field_label(model, measure->field_to));
  if (!what) {
    const Dataset *dataset = measure->dataset ? model_find_dataset(model, measure->dataset) : NULL;
    return g_strdup_printf("number of %s", dataset && dataset->label ? dataset->label : "rows");
  }
  if (measure->aggregate == AGGREGATE_COUNT) return g_strdup_printf("number of %s values", what);
  if (measure->aggregate == AGGREGATE_COUNT_DISTINCT) return counted_label(model, measure, what);
  if (measure->aggregate == AGGREGATE_PERCENTILE)
    return g_strdup_printf("%gth percentile of %s", measure->percentile * 100, what);
  if (measure->aggregate == AGGREGATE_STDDEV) return g_strdup_printf("standard deviation of %s", what);
  return g_strdup_printf("%s %s", label_word(measure->aggregate), what);
}

static char *made_label(const Model *model, const Measure *measure) {
  if (measure->kind == MEASURE_METRIC) {
    const Metric *metric = measure->metric ? model_find_metric(model, measure->metric) : NULL;
    return g_strdup(metric && metric->label ? metric->label : measure->metric ? measure->metric : "value");
  }
  if (measure->kind == MEASURE_AGGREGATE || measure->kind == MEASURE_DATE_DIFFERENCE)
    return aggregate_measure_label(model, measure);
  g_autofree char *left = measure->left ? measure_label(model, measure->left) : g_strdup("value");
  if (measure->kind == MEASURE_PER && measure->tested && measure->aggregate == AGGREGATE_COUNT) {
    g_autofree char *per = text_plural(measure->per_entity ? measure->per_entity : time_unit_name(measure->per_unit));
    g_autofree char *test = restate_test(measure->test, measure->test_value, measure->test_value_to);
    const gboolean any = measure->test == OP_GREATER && fabs(measure->test_value) < DBL_EPSILON; /* "days with tickets" */
    return any ? g_strdup_printf("%s with %s", per, left) : g_strdup_printf("%s with %s %s", per, left, test);
  }
  if (measure->kind == MEASURE_PER && measure->aggregate == AGGREGATE_PERCENTILE)
    return g_strdup_printf("%gth percentile of %s per %s", measure->percentile * 100, left,
                           measure->per_entity ? measure->per_entity : time_unit_name(measure->per_unit));
  if (measure->kind == MEASURE_PER)
    return g_strdup_printf("%s %s per %s", label_word(measure->aggregate), left,
                           measure->per_entity ? measure->per_entity : time_unit_name(measure->per_unit));
  g_autofree char *right = measure->right ? measure_label(model, measure->right) : g_strdup("value");
  const char *between = measure->kind == MEASURE_RATIO ? "per" : measure->kind == MEASURE_SUM ? "plus" : "minus";
  if (measure->kind == MEASURE_RATIO && g_str_equal(left, right)) between = "of";
  return g_strdup_printf("%s %s %s", left, between, right);
}

/* "Sales (Region: West)": what a measure of its own filters is restricted to. */
static char *filter_words(const Model *model, const Measure *measure) {
  GString *words = g_string_new(NULL);
  for (guint i = 0; i < measure->filters->len; i++) {
    const Filter *filter = measure->filters->pdata[i];
    const Condition *condition = filter->condition ? model_find_condition(model, filter->condition) : NULL;
    const char *joint = words->len ? ", " : "";
    if (condition) {
      g_string_append_printf(words, "%s%s%s", joint, filter->negated ? "not " : "",
                             condition->label ? condition->label : condition->name);
    } else if (filter->values->len) {
      gboolean other_than = (filter->op == OP_NOT_EQUAL) != (filter->negated != 0);
      g_autofree char *values = sql_join(filter->values, " or ");
      g_string_append_printf(words, "%s%s%s", joint, other_than ? "other than " : "", values);
    }
  }
  return g_string_free(words, FALSE);
}

char *measure_label(const Model *model, const Measure *measure) {
  if (measure->label && *measure->label) return g_strdup(measure->label);
  g_autofree char *made = made_label(model, measure), *words = filter_words(model, measure);
  return *words ? g_strdup_printf("%s (%s)", made, words) : g_steal_pointer(&made);
}

/* ---- units ---- */
static char *model_unit(const Model *model, const char *unit) {
  if (unit && g_str_equal(unit, "currency") && model->currency) return g_strdup_printf("currency:%s", model->currency);
  return g_strdup(unit ? unit : "");
}

static gboolean counts(const Measure *measure) {
  return measure->aggregate == AGGREGATE_COUNT || measure->aggregate == AGGREGATE_COUNT_DISTINCT;
}

/* The same thing over the same thing is a fraction; money over a count is money. */
static char *ratio_unit(const Model *model, const Measure *measure) {
  g_autofree char *left = measure->left ? measure_unit(model, measure->left) : g_strdup("");
  g_autofree char *right = measure->right ? measure_unit(model, measure->right) : g_strdup("");
  gboolean same_metric = measure->left && measure->right && measure->left->metric &&
                         g_strcmp0(measure->left->metric, measure->right->metric) == 0;
  gboolean money = g_str_has_prefix(left, "currency");
  if (same_metric || (money && g_str_has_prefix(right, "currency"))) return g_strdup("fraction");
  return g_strdup(money || g_str_equal(left, "days") ? left : "");
}

char *measure_unit(const Model *model, const Measure *measure) {
  const Metric *metric = measure->metric ? model_find_metric(model, measure->metric) : NULL;
  const Field *field = measure->field ? model_find_field(model, measure->field) : NULL;
  switch (measure->kind) {
  case MEASURE_METRIC: return model_unit(model, metric ? metric->unit : NULL);
  case MEASURE_AGGREGATE:
    if (counts(measure)) return g_strdup("count");
    return model_unit(model, metric ? metric->unit : field ? field->unit : NULL);
  case MEASURE_DATE_DIFFERENCE: return g_strdup("days");
  case MEASURE_RATIO: return ratio_unit(model, measure);
  case MEASURE_PER: return counts(measure) || !measure->left ? g_strdup("count") : measure_unit(model, measure->left);
  default: {
    g_autofree char *unit = measure->left ? measure_unit(model, measure->left) : g_strdup("");
    return g_strdup(measure->kind == MEASURE_DIFFERENCE && g_str_equal(unit, "fraction") ? "pp" : unit);
  }
  }
}
