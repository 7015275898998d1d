/* Axes, titles, tooltips and descriptions of ECharts options. */
#include "insight/chart.h"
#include <math.h>
#include <string.h>

char *chart_measure_name(const ViewMeasure *measure) {
  if (measure->main >= 0 && measure->main == measure->growth) return g_strconcat("Growth of ", measure->name, NULL);
  if (measure->main >= 0 && measure->main == measure->change) return g_strconcat("Change of ", measure->name, NULL);
  return view_capital(measure->name);
}

char *chart_title(const ResultView *view, const ViewMeasure *measure) {
  g_autoptr(GString) title = g_string_new(NULL);
  g_autofree char *name = chart_measure_name(measure);
  g_string_append(title, name);
  /* What is drawn beside it: measures of the same unit. */
  for (guint i = 0; i < view->measures->len && view->dimensions->len < 2; i++) {
    const ViewMeasure *other = view_measure(view, i);
    if (other != measure &&
        g_strcmp0(view_column(view, other->main)->unit, view_column(view, measure->main)->unit) == 0)
      g_string_append_printf(title, " and %s", other->name);
  }
  for (guint i = 0; i < view->dimensions->len; i++)
    g_string_append_printf(title, "%s%s", i == 0 ? " by " : " and ", view_dimension(view, i)->noun);
  if (view->current_name != NULL && view->previous_name != NULL)
    g_string_append_printf(title, ", %s and %s", view->current_name, view->previous_name);
  else
    g_string_append(title, view->context);
  return g_string_free(g_steal_pointer(&title), FALSE);
}

json_t *chart_base(const ResultView *view, const char *title, const char *note, const char *trigger) {
  json_t *option = json_object(), *heading = json_pack("{s:s, s:s}", "text", title, "left", "left");
  if (note != NULL) json_object_set_new(heading, "subtext", json_string(note));
  g_autofree char *count = g_strdup_printf("%" G_GSIZE_FORMAT, view->n_rows);
  g_autofree char *description = g_strconcat("Chart: ", title, ". ", note != NULL ? note : "", note != NULL ? ". " : "",
                                             count, view->n_rows == 1 ? " row of data." : " rows of data.", NULL);
  json_object_set_new(option, "aria",
                      json_pack("{s:b, s:{s:s}}", "enabled", TRUE, "label", "description", description));
  json_object_set_new(option, "title", heading);
  json_object_set_new(option, "tooltip", json_pack("{s:s}", "trigger", trigger));
  if (strcmp(trigger, "axis") == 0) {
    json_object_set_new(json_object_get(option, "tooltip"), "axisPointer", json_pack("{s:s}", "type", "shadow"));
    json_object_set_new(
        option, "grid",
        json_pack("{s:i, s:i, s:i, s:i}", "top", note != NULL ? 84 : 68, "bottom", 72, "left", 40, "right", 32));
  }
  return option;
}

void chart_add_legend(json_t *option, json_t *names) {
  json_object_set_new(option, "legend", json_pack("{s:o, s:s, s:s}", "data", names, "bottom", "0", "type", "scroll"));
}

/* What stands at the ticks: "£{value}", "{value} %". */
static char *tick_format(const AnswerColumn *column) {
  const char *unit = column != NULL && column->unit != NULL ? column->unit : "";
  if (strcmp(unit, "fraction") == 0) return g_strdup("{value} %");
  if (strcmp(unit, "pp") == 0) return g_strdup("{value} pp");
  if (!g_str_has_prefix(unit, "currency:")) return NULL;
  Value zero = {.type = VALUE_DOUBLE, .number = 0};
  AnswerColumn money = {.unit = column->unit};
  g_autofree char *text = insight_format_value(&money, &zero);
  char *digit = strchr(text, '0');
  if (digit == NULL) return NULL;
  *digit = '\0';
  return g_strconcat(text, "{value}", NULL);
}

json_t *chart_value_axis(const ResultView *view, const char *name, int column) {
  const AnswerColumn *answer = view_column(view, column);
  const char *unit = answer != NULL && answer->unit != NULL ? answer->unit : "";
  const char *shown = g_str_has_prefix(unit, "currency:") ? unit + strlen("currency:")
                      : strcmp(unit, "fraction") == 0     ? "%"
                      : strcmp(unit, "pp") == 0           ? "pp"
                                                          : "";
  g_autofree char *label = *shown == '\0'  ? g_strdup(name)
                           : *name == '\0' ? g_strdup(shown)
                                           : g_strdup_printf("%s (%s)", name, shown);
  json_t *axis = json_pack("{s:s, s:s}", "type", "value", "name", label);
  g_autofree char *format = tick_format(answer);
  if (format != NULL) json_object_set_new(axis, "axisLabel", json_pack("{s:s}", "formatter", format));
  return axis;
}

json_t *chart_category_axis(const char *name, json_t *labels) {
  return json_pack("{s:s, s:s, s:o}", "type", "category", "name", name, "data", labels);
}

void chart_set_axes(json_t *option, json_t *below, json_t *beside) {
  json_object_set_new(below, "nameLocation", json_string("middle"));
  json_object_set_new(below, "nameGap", json_integer(30));
  if (g_strcmp0(json_get_string(beside, "type"), "category") == 0) {
    /* Lying bars: the first category on top, long names cut. */
    json_object_set_new(beside, "inverse", json_true());
    json_object_set_new(beside, "nameLocation", json_string("start"));
    json_object_set_new(beside, "axisLabel", json_pack("{s:i, s:s}", "width", 200, "overflow", "truncate"));
  }
  json_object_set_new(option, "xAxis", below);
  json_object_set_new(option, "yAxis", beside);
}

json_t *chart_series(const char *type, const char *name, json_t *data) {
  return json_pack("{s:s, s:s, s:o}", "type", type, "name", name, "data", data);
}

json_t *chart_number(const ResultView *view, gsize row, int column) {
  double value = view_number(view, row, column);
  if (isnan(value)) return json_null();
  if (view_is_fraction(view, column)) value = nearbyint(value * 1e6) / 1e4;
  return value == nearbyint(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value) : json_real(value);
}
