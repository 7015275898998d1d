/* all-MiniLM-L6-v2: a BERT encoder (Devlin et al. 2018) of 6 layers, mean over the tokens, length 1. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vector/kernels.h"
#include "vector/safetensors.h"
#include "vector/vector.h"
#include "vector/wordpiece.h"

#define LAYERS 6
#define WIDTH ENCODER_DIMENSIONS
#define INNER 1536
#define HEADS (WIDTH / KERNEL_HEAD)
#define POSITIONS 512
#define VOCABULARY 30522
#define ALIGNMENT 64
#define NAME_MAX_BYTES 96

typedef struct {
  PackedWeights attention; /* query, key and value beside each other */
  PackedWeights attention_out, inner, inner_out;
  const float *attention_scale, *attention_shift, *output_scale, *output_shift;
  float attention_bias[3 * WIDTH];
} Layer;

struct Encoder {
  Safetensors *tensors;
  Wordpiece *wordpiece;
  const Kernels *kernels;
  const float *words, *positions, *type, *scale, *shift;
  Layer layers[LAYERS];
};

void encoder_free(Encoder *encoder) {
  if (encoder == NULL) return;
  for (guint i = 0; i < LAYERS; i++) {
    free(encoder->layers[i].attention.panels);
    free(encoder->layers[i].attention_out.panels);
    free(encoder->layers[i].inner.panels);
    free(encoder->layers[i].inner_out.panels);
  }
  g_clear_pointer(&encoder->wordpiece, wordpiece_free);
  g_clear_pointer(&encoder->tensors, safetensors_free);
  g_free(encoder);
}

/* ---- weights ---- */

static gboolean allocate_panels(PackedWeights *weights, guint inputs, guint outputs, const float *bias, GError **error) {
  *weights = (PackedWeights){inputs, outputs, aligned_alloc(ALIGNMENT, (gsize)inputs * outputs * sizeof(float)), bias};
  if (weights->panels != NULL) return TRUE;
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "there is not enough memory for the text encoder");
  return FALSE;
}

/* `matrix` is [count][inputs], as the file has it; its rows become the columns from `first` on. */
static void pack_columns(PackedWeights *weights, const float *matrix, guint first, guint count) {
  for (guint output = 0; output < count; output++) {
    guint column = first + output;
    float *panel = weights->panels + (gsize)(column / KERNEL_PANEL) * weights->inputs * KERNEL_PANEL + column % KERNEL_PANEL;
    for (gsize k = 0; k < weights->inputs; k++) panel[k * KERNEL_PANEL] = matrix[(gsize)output * weights->inputs + k];
  }
}

static const float *layer_tensor(const Encoder *encoder, guint layer, const char *part, gint64 rows, gint64 columns, GError **error) {
  char name[NAME_MAX_BYTES];
  g_snprintf(name, sizeof name, "encoder.layer.%u.%s", layer, part);
  return safetensors_floats(encoder->tensors, name, rows, columns, error);
}

/* One matrix with its bias: "<part>.weight", "<part>.bias". */
static gboolean load_dense(const Encoder *encoder, guint layer, const char *part, guint inputs, guint outputs, PackedWeights *weights,
                           GError **error) {
  g_autofree char *weight_name = g_strconcat(part, ".weight", NULL), *bias_name = g_strconcat(part, ".bias", NULL);
  const float *matrix = layer_tensor(encoder, layer, weight_name, outputs, inputs, error);
  const float *bias = matrix != NULL ? layer_tensor(encoder, layer, bias_name, outputs, 0, error) : NULL;
  if (bias == NULL || !allocate_panels(weights, inputs, outputs, bias, error)) return FALSE;
  pack_columns(weights, matrix, 0, outputs);
  return TRUE;
}

static gboolean load_attention(const Encoder *encoder, guint number, Layer *layer, GError **error) {
  static const char *const parts[] = {"query", "key", "value"};
  if (!allocate_panels(&layer->attention, WIDTH, 3 * WIDTH, layer->attention_bias, error)) return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
    g_autofree char *weight_name = g_strdup_printf("attention.self.%s.weight", parts[i]);
    g_autofree char *bias_name = g_strdup_printf("attention.self.%s.bias", parts[i]);
    const float *matrix = layer_tensor(encoder, number, weight_name, WIDTH, WIDTH, error);
    const float *bias = matrix != NULL ? layer_tensor(encoder, number, bias_name, WIDTH, 0, error) : NULL;
    if (bias == NULL) return FALSE;
    pack_columns(&layer->attention, matrix, i * WIDTH, WIDTH);
    memcpy(layer->attention_bias + (gsize)i * WIDTH, bias, WIDTH * sizeof(float));
  }
  return TRUE;
}

static gboolean load_layer(Encoder *encoder, guint number, GError **error) {
  Layer *layer = &encoder->layers[number];
  return load_attention(encoder, number, layer, error) &&
         load_dense(encoder, number, "attention.output.dense", WIDTH, WIDTH, &layer->attention_out, error) &&
         load_dense(encoder, number, "intermediate.dense", WIDTH, INNER, &layer->inner, error) &&
         load_dense(encoder, number, "output.dense", INNER, WIDTH, &layer->inner_out, error) &&
         (layer->attention_scale = layer_tensor(encoder, number, "attention.output.LayerNorm.weight", WIDTH, 0, error)) != NULL &&
         (layer->attention_shift = layer_tensor(encoder, number, "attention.output.LayerNorm.bias", WIDTH, 0, error)) != NULL &&
         (layer->output_scale = layer_tensor(encoder, number, "output.LayerNorm.weight", WIDTH, 0, error)) != NULL &&
         (layer->output_shift = layer_tensor(encoder, number, "output.LayerNorm.bias", WIDTH, 0, error)) != NULL;
}

static gboolean load_weights(Encoder *encoder, GError **error) {
  const Safetensors *tensors = encoder->tensors;
  if ((encoder->words = safetensors_floats(tensors, "embeddings.word_embeddings.weight", VOCABULARY, WIDTH, error)) == NULL ||
      (encoder->positions = safetensors_floats(tensors, "embeddings.position_embeddings.weight", POSITIONS, WIDTH, error)) == NULL ||
      (encoder->type = safetensors_floats(tensors, "embeddings.token_type_embeddings.weight", 2, WIDTH, error)) == NULL ||
      (encoder->scale = safetensors_floats(tensors, "embeddings.LayerNorm.weight", WIDTH, 0, error)) == NULL ||
      (encoder->shift = safetensors_floats(tensors, "embeddings.LayerNorm.bias", WIDTH, 0, error)) == NULL)
    return FALSE;
  for (guint i = 0; i < LAYERS; i++)
    if (!load_layer(encoder, i, error)) return FALSE;
  return TRUE;
}

Encoder *encoder_open(const char *folder, GError **error) {
  g_autofree char *weights = g_build_filename(folder, "model.safetensors", NULL);
  g_autofree char *vocabulary = g_build_filename(folder, "vocab.txt", NULL);
  g_autoptr(Encoder) encoder = g_new0(Encoder, 1);
  encoder->kernels = kernels_best();
  encoder->tensors = safetensors_open(weights, error);
  encoder->wordpiece = encoder->tensors != NULL ? wordpiece_open(vocabulary, error) : NULL;
  if (encoder->wordpiece == NULL) {
    g_prefix_error(error, "the text encoder has no weights (scripts/setup.sh weights installs them): ");
    return NULL;
  }
  if (wordpiece_size(encoder->wordpiece) != VOCABULARY) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "'%s' is the vocabulary of another model", vocabulary);
    return NULL;
  }
  return load_weights(encoder, error) ? g_steal_pointer(&encoder) : NULL;
}

/* ---- one text ---- */

GArray *encoder_tokenize(const Encoder *encoder, const char *text) {
  return wordpiece_tokenize(encoder->wordpiece, text, ENCODER_MAX_TOKENS);
}

/* What one text needs while it is computed: rows of x, of query-key-value, of the inner layer, of context, and scores. */
typedef struct {
  float *x, *wide, *context, *scores;
} Scratch;

static void sum_embeddings(const Encoder *encoder, const GArray *ids, float *x) {
  for (guint row = 0; row < ids->len; row++) {
    const float *word = encoder->words + (gsize)g_array_index(ids, gint32, row) * WIDTH;
    const float *position = encoder->positions + (gsize)row * WIDTH;
    for (guint i = 0; i < WIDTH; i++) x[(gsize)row * WIDTH + i] = word[i] + position[i] + encoder->type[i];
  }
  encoder->kernels->normalise(x, NULL, encoder->scale, encoder->shift, ids->len, WIDTH);
}

static void run_layer(const Encoder *encoder, const Layer *layer, guint rows, Scratch *scratch) {
  const Kernels *kernels = encoder->kernels;
  kernels->multiply(&layer->attention, scratch->x, scratch->wide, rows);
  for (guint head = 0; head < HEADS; head++) {
    const float *query = scratch->wide + (gsize)head * KERNEL_HEAD;
    kernels->attend(query, query + WIDTH, query + 2 * WIDTH, 3 * WIDTH, scratch->context + (gsize)head * KERNEL_HEAD, WIDTH, rows,
                    scratch->scores);
  }
  kernels->multiply(&layer->attention_out, scratch->context, scratch->wide, rows);
  kernels->normalise(scratch->x, scratch->wide, layer->attention_scale, layer->attention_shift, rows, WIDTH);
  kernels->multiply(&layer->inner, scratch->x, scratch->wide, rows);
  kernels->gelu(scratch->wide, (gsize)rows * INNER);
  kernels->multiply(&layer->inner_out, scratch->wide, scratch->context, rows);
  kernels->normalise(scratch->x, scratch->context, layer->output_scale, layer->output_shift, rows, WIDTH);
}

static void pool(const float *x, guint rows, float *out) {
  memset(out, 0, WIDTH * sizeof(float));
  for (guint row = 0; row < rows; row++)
    for (guint i = 0; i < WIDTH; i++) out[i] += x[(gsize)row * WIDTH + i];
  double length = 0;
  for (guint i = 0; i < WIDTH; i++) length += (double)out[i] * (double)out[i];
  float factor = length > 0 ? (float)(1 / sqrt(length)) : 0;
  for (guint i = 0; i < WIDTH; i++) out[i] *= factor;
}

gboolean encoder_embed(const Encoder *encoder, const char *text, float *out, GError **error) {
  g_autoptr(GArray) ids = encoder_tokenize(encoder, text);
  gsize rows = ids->len;
  float *memory = aligned_alloc(ALIGNMENT, (rows * (WIDTH + INNER + WIDTH) + ENCODER_MAX_TOKENS) * sizeof(float));
  if (memory == NULL) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "there is not enough memory to encode a text");
    return FALSE;
  }
  Scratch scratch = {memory, memory + rows * WIDTH, memory + rows * (WIDTH + INNER), memory + rows * (WIDTH + INNER + WIDTH)};
  sum_embeddings(encoder, ids, scratch.x);
  for (guint i = 0; i < LAYERS; i++) run_layer(encoder, &encoder->layers[i], ids->len, &scratch);
  pool(scratch.x, ids->len, out);
  free(memory);
  return TRUE;
}
