#include "agent/prose.h"

#include <string.h>

void prose_clear(Prose *prose) {
  if (prose->text != NULL) g_string_free(prose->text, TRUE);
  prose->text = NULL;
}

/* Past the quote that ends the string which begins at `quote`; 0: its end is not there yet. */
static gsize string_end(const GString *text, gsize quote) {
  for (gsize i = quote + 1; i < text->len; i++) {
    if (text->str[i] == '\\') i++;
    else if (text->str[i] == '"') return i + 1;
  }
  return 0;
}

/* Where the list of sentences begins; 0: not there yet. */
static gsize list_start(const GString *text) {
  const char *key = strstr(text->str, "\"sentences\""), *list = key != NULL ? strchr(key, '[') : NULL;
  return list != NULL ? (gsize)(list - text->str) + 1 : 0;
}

/* The next whole sentence; NULL: none yet. (transfer full) */
static char *next_sentence(Prose *prose) {
  if (prose->at == 0) prose->at = list_start(prose->text);
  if (prose->at == 0) return NULL;
  gsize quote = prose->at;
  while (quote < prose->text->len && strchr(" \t\r\n,", prose->text->str[quote]) != NULL) quote++;
  if (quote >= prose->text->len || prose->text->str[quote] != '"') return NULL; /* the list has ended, or is no list of texts */
  gsize end = string_end(prose->text, quote);
  if (end == 0) return NULL;
  g_autofree char *wrapped = g_strdup_printf("[%.*s]", (int)(end - quote), prose->text->str + quote);
  g_autoptr(json_t) json = json_parse(wrapped, strlen(wrapped), NULL);
  const char *sentence = json_string_value(json_array_get(json, 0));
  if (sentence == NULL) return NULL;
  prose->at = end;
  return g_strdup(sentence);
}

void prose_take(const char *text, gboolean restarted, gpointer data) {
  Prose *prose = data;
  AgentRun *run = prose->run;
  if (prose->text == NULL) prose->text = g_string_new(NULL);
  if (restarted) {
    g_string_truncate(prose->text, 0);
    prose->at = 0;
    if (run->sentences_told > 0) run->request->on_sentence(run->request->on_sentence_data, NULL);
    run->sentences_told = 0;
  }
  if (prose->text->len + strlen(text) > PROSE_MAX_BYTES) return;
  g_string_append(prose->text, text);
  for (char *sentence; (sentence = next_sentence(prose)) != NULL; g_free(sentence)) {
    if (run_sentence_holds(run, sentence)) run->request->on_sentence(run->request->on_sentence_data, sentence);
    run->sentences_told++;
  }
}
