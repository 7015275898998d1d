/* Parts of the ECharts option. Strings and numbers only: no functions, so that the option can be stored and sent. */
#pragma once
#include "insight/view.h"

#define CHART_MAX_CATEGORIES 50 /* more than these: the top CHART_TOP with a note */
#define CHART_TOP 30
#define CHART_MAX_SERIES 8

/* Title, tooltip, grid, aria; series and axes are added by the caller. (transfer full) */
json_t *chart_base(const ResultView *view, const char *title, const char *note, const char *trigger);
/* "Sales by region". (transfer full) */
char *chart_title(const ResultView *view, const ViewMeasure *measure);
char *chart_measure_name(const ViewMeasure *measure); /* "Growth of sales" where only that is there (transfer full) */
/* A value axis named after the column with its unit. (transfer full) */
json_t *chart_value_axis(const ResultView *view, const char *name, int column);
json_t *chart_category_axis(const char *name, json_t *labels);
/* Takes both axes; a category axis beside the chart means lying bars. */
void chart_set_axes(json_t *option, json_t *below, json_t *beside);
json_t *chart_series(const char *type, const char *name, json_t *data);
/* A cell as a number of the chart: fractions as percent, NULL as null. (transfer full) */
json_t *chart_number(const ResultView *view, gsize row, int column);
void chart_add_legend(json_t *option, json_t *names);
json_t *chart_two_dimensions(const ResultView *view, const ViewMeasure *measure);
