#include "insight/insight.h"
#include "media/media.h"

char *media_cell_text(const json_t *column, const json_t *cell) {
  if (json_is_null(cell) || cell == NULL) return g_strdup("");
  if (json_is_string(cell)) return g_strdup(json_string_value(cell));
  if (json_is_boolean(cell)) return g_strdup(json_is_true(cell) ? "yes" : "no");
  AnswerColumn described = {.unit = (char *)json_get_string(column, "unit"), .format = (char *)json_get_string(column, "format"),
                            .name = (char *)json_get_string(column, "name"), .type = (char *)json_get_string(column, "type")};
  Value value = {json_is_integer(cell) ? VALUE_INT : VALUE_DOUBLE, json_integer_value(cell), json_number_value(cell), NULL};
  return insight_format_value(&described, &value);
}
