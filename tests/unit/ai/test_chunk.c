/* Chunks of a stream that are read without a parser: what they say must be what the parser finds, whatever their bytes are. */
#include <string.h>

#include "ai/chunk.h"
#include "base/base.h"

#define HEAD "{\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\","
#define CHOICE(delta, reason) "\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":" reason "}]"

static const char *const PLAIN[] = {
    HEAD CHOICE("{\"content\":\"Total \"}", "null") "}",
    HEAD CHOICE("{}", "\"stop\"") "}",
    HEAD CHOICE("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", "null") ",\"usage\":null}",
    "{\"usage\":null," "\"model\":\"x\",\"id\":\"\"," CHOICE("{\"content\":null}", "null") "}",
    "{\"id\":\"a\",\"usage\" : null , \"model\":\"m\"," CHOICE("{\"content\":\"a\\n\\\"b\\\" \\\\ \\/ \\t\\r\\b\\f\"}", "\"length\"") "}",
    " { \"model\" : \"m\" , \"choices\" : [ { \"delta\" : { \"content\" : \"\xc3\xa9\xe2\x82\xac\" } , \"logprobs\" : null , \"index\" : 0 } ] , \"id\" : \"b\" } ",
    HEAD "\"system_fingerprint\":\"fp\",\"service_tier\":null," CHOICE("{\"content\":\"}]{[,:\"}", "null") "}",
};

static const char *const LEFT_TO_THE_PARSER[] = {
    "", "{}", "[]", "null", "{", HEAD, "[DONE]",
    HEAD CHOICE("{\"content\":\"x\"}", "null") "} x",
    HEAD CHOICE("{\"content\":\"\\u0041\"}", "null") "}",
    HEAD CHOICE("{\"content\":\"\\x\"}", "null") "}",
    HEAD CHOICE("{\"content\":\"a\nb\"}", "null") "}",
    HEAD CHOICE("{\"content\":\"\xff\"}", "null") "}",
    HEAD CHOICE("{\"content\":5}", "null") "}",
    HEAD CHOICE("{\"content\":\"a\",\"content\":\"b\"}", "null") "}",
    HEAD CHOICE("{\"tool_calls\":[]}", "null") "}",
    HEAD CHOICE("{\"content\":\"x\"}", "true") "}",
    HEAD "\"choices\":[]}",
    HEAD "\"choices\":[{\"delta\":{}},{\"delta\":{}}]}",
    HEAD CHOICE("{\"content\":\"x\"}", "null") ",\"usage\":{\"prompt_tokens\":1}}",
    HEAD CHOICE("{\"content\":\"x\"}", "null") ",\"error\":{\"message\":\"no\"}}",
    HEAD CHOICE("{\"content\":\"x\"}", "null") ",}",
    "{\"id\":\"a\"," CHOICE("{\"content\":\"x\"}", "null") "}",
    "{\"id\":\"a\\u0041\",\"model\":\"m\"," CHOICE("{\"content\":\"x\"}", "null") "}",
    "{\"id\":\"a\",\"model\":\"m\",\"created\":01," CHOICE("{\"content\":\"x\"}", "null") "}",
    "{\"id\":7,\"model\":\"m\"," CHOICE("{\"content\":\"x\"}", "null") "}",
};

/* What is read without a tree against what the tree says. FALSE: it is left to the parser. */
static gboolean agrees(const char *bytes, gsize length) {
  AiChunk chunk;
  if (!ai_chunk_read(&chunk, bytes, length)) return FALSE;
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) tree = json_parse(bytes, length, &error);
  g_assert_no_error(error);
  const json_t *choice = json_array_get(json_object_get(tree, "choices"), 0);
  const char *content = json_get_string(json_object_get(choice, "delta"), "content"), *reason = json_get_string(choice, "finish_reason");
  g_autoptr(GString) said = g_string_new(NULL), written = g_string_new(NULL);
  ai_chunk_append_content(&chunk, said);
  g_assert_cmpstr(said->str, ==, content != NULL ? content : "");
  g_assert_cmpint(chunk.has_content, ==, content != NULL);
  g_assert_cmpint(chunk.has_reason, ==, reason != NULL);
  if (reason != NULL) g_assert_cmpuint(chunk.reason.length, ==, strlen(reason));
  if (reason != NULL) g_assert_true(memcmp(bytes + chunk.reason.at, reason, strlen(reason)) == 0);
  json_object_set_new(tree, "id", json_string("call-1"));
  json_object_set_new(tree, "model", json_string("query \"x\""));
  json_object_del(tree, "usage");
  ai_chunk_append(&chunk, "\"call-1\"", "\"query \\\"x\\\"\"", written);
  g_autoptr(json_t) again = json_parse(written->str, written->len, &error);
  g_assert_no_error(error);
  g_assert_true(json_equal(again, tree));
  return TRUE;
}

static void test_plain(void) {
  for (guint i = 0; i < G_N_ELEMENTS(PLAIN); i++) g_assert_true(agrees(PLAIN[i], strlen(PLAIN[i])));
}

static void test_left(void) {
  AiChunk chunk;
  for (guint i = 0; i < G_N_ELEMENTS(LEFT_TO_THE_PARSER); i++) g_assert_false(ai_chunk_read(&chunk, LEFT_TO_THE_PARSER[i], strlen(LEFT_TO_THE_PARSER[i])));
}

/* Cut anywhere, and with any byte another. What is still read must be what the parser reads. */
static void test_damaged(void) {
  static const char BYTES[] = "\"\\{}[]:,nu01x \n\t\x01\x7f\xc3";
  guint read = 0;
  for (guint i = 0; i < G_N_ELEMENTS(PLAIN); i++) {
    gsize length = strlen(PLAIN[i]);
    for (gsize cut = 0; cut < length; cut++) {
      g_autofree char *part = g_memdup2(PLAIN[i], MAX(cut, 1)); /* of its size, so that reading on would show */
      gboolean whole = PLAIN[i][length - 1] == ' ' && cut == length - 1;
      g_assert_cmpint(agrees(part, cut), ==, whole);
    }
    g_autofree char *copy = g_memdup2(PLAIN[i], length);
    for (gsize at = 0; at < length; at++) {
      for (gsize b = 0; b < sizeof BYTES; b++) {
        copy[at] = BYTES[b];
        read += agrees(copy, length);
      }
      copy[at] = PLAIN[i][at];
    }
  }
  g_assert_cmpuint(read, >, 100);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ai/chunk/plain", test_plain);
  g_test_add_func("/ai/chunk/left", test_left);
  g_test_add_func("/ai/chunk/damaged", test_damaged);
  return g_test_run();
}
