/* Groupings: blocks that group by the same keys, their SELECTs, and the row they are joined to. */
#include "query/compiler.h"

static void group_key_free(GroupKey *key) {
  g_free(key->name);
  dimension_free(key->dimension);
  g_free(key);
}

static void leaf_free(Leaf *leaf) {
  g_free(leaf->name);
  g_free(leaf->aggregate_sql);
  g_ptr_array_unref(leaf->predicates);
  g_free(leaf);
}

static void block_free(Block *block) {
  g_free(block->from);
  g_free(block->name);
  g_free(block->earliest);
  g_ptr_array_unref(block->keys);
  g_ptr_array_unref(block->leaves);
  g_free(block);
}

Grouping *grouping_new(void) {
  Grouping *grouping = g_new0(Grouping, 1);
  grouping->keys = g_ptr_array_new_with_free_func((GDestroyNotify)group_key_free);
  grouping->blocks = g_ptr_array_new_with_free_func((GDestroyNotify)block_free);
  grouping->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return grouping;
}

void grouping_free(Grouping *grouping) {
  if (!grouping) return;
  g_ptr_array_unref(grouping->keys);
  g_ptr_array_unref(grouping->blocks);
  g_hash_table_unref(grouping->names);
  g_free(grouping);
}

char *grouping_unique_name(Grouping *grouping, const char *wanted) {
  return text_slug_unique(wanted, grouping->names);
}

void grouping_add_key(Grouping *grouping, const char *name, const Dimension *dimension) {
  GroupKey *key = g_new0(GroupKey, 1);
  key->name = grouping_unique_name(grouping, name);
  key->dimension = dimension_copy(dimension);
  g_ptr_array_add(grouping->keys, key);
}

static gboolean strings_equal(const GPtrArray *a, const GPtrArray *b) {
  if (a->len != b->len) return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!g_str_equal(a->pdata[i], b->pdata[i])) return FALSE;
  return TRUE;
}

Block *grouping_block(Grouping *grouping, char *from, GPtrArray *keys, const char *name, const char *suffix) {
  for (guint i = 0; i < grouping->blocks->len; i++) {
    Block *block = grouping->blocks->pdata[i];
    if (g_str_equal(block->from, from) && strings_equal(block->keys, keys)) {
      g_free(from);
      g_ptr_array_unref(keys);
      return block;
    }
  }
  Block *block = g_new0(Block, 1);
  block->from = from;
  block->keys = keys;
  block->name = g_strconcat(name, "_totals", suffix, NULL);
  block->leaves = g_ptr_array_new_with_free_func((GDestroyNotify)leaf_free);
  g_ptr_array_add(grouping->blocks, block);
  return block;
}

Leaf *block_leaf(Grouping *grouping, Block *block, const char *name, char *aggregate_sql, GPtrArray *predicates) {
  for (guint i = 0; i < block->leaves->len; i++) {
    Leaf *leaf = block->leaves->pdata[i];
    if (g_strcmp0(leaf->aggregate_sql, aggregate_sql) == 0 && strings_equal(leaf->predicates, predicates)) {
      g_free(aggregate_sql);
      g_ptr_array_unref(predicates);
      return leaf;
    }
  }
  Leaf *leaf = g_new0(Leaf, 1);
  leaf->name = name ? grouping_unique_name(grouping, name) : NULL;
  leaf->aggregate_sql = aggregate_sql;
  leaf->predicates = predicates;
  g_ptr_array_add(block->leaves, leaf);
  return leaf;
}

/* ---- one block ---- */
static gboolean holds(const GPtrArray *strings, const char *string) {
  return g_ptr_array_find_with_equal_func((GPtrArray *)strings, string, g_str_equal, NULL);
}

static gboolean all_ask(const Block *block, const char *predicate) {
  for (guint i = 0; i < block->leaves->len; i++)
    if (!holds(((const Leaf *)block->leaves->pdata[i])->predicates, predicate)) return FALSE;
  return TRUE;
}

/* What a leaf asks beyond the others: "a AND b"; NULL when nothing. (transfer full) */
static char *own_predicates(const Block *block, const Leaf *leaf) {
  g_autoptr(GPtrArray) own = g_ptr_array_new();
  for (guint i = 0; i < leaf->predicates->len; i++)
    if (!all_ask(block, leaf->predicates->pdata[i])) g_ptr_array_add(own, leaf->predicates->pdata[i]);
  return own->len ? sql_join(own, " AND ") : NULL;
}

/* Rows that no leaf wants make no groups. (transfer full) */
static char *any_own_predicates(const Block *block) {
  g_autoptr(GPtrArray) either = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < block->leaves->len; i++) {
    g_autofree char *own = own_predicates(block, block->leaves->pdata[i]);
    if (!own) return NULL;
    g_autofree char *bracketed = g_strdup_printf("(%s)", own);
    if (!holds(either, bracketed)) g_ptr_array_add(either, g_steal_pointer(&bracketed));
  }
  g_autofree char *joined = sql_join(either, " OR ");
  return either->len ? g_strdup_printf("(%s)", joined) : NULL;
}

char *block_from_where(const Block *block) {
  g_autoptr(GPtrArray) where = g_ptr_array_new_with_free_func(g_free);
  const Leaf *first = block->leaves->pdata[0];
  for (guint i = 0; i < first->predicates->len; i++)
    if (all_ask(block, first->predicates->pdata[i]) && !holds(where, first->predicates->pdata[i]))
      g_ptr_array_add(where, g_strdup(first->predicates->pdata[i]));
  char *either = any_own_predicates(block);
  if (either) g_ptr_array_add(where, either);
  g_autofree char *joined = sql_join(where, "\n  AND ");
  return where->len ? g_strdup_printf("FROM %s\nWHERE %s", block->from, joined)
                    : g_strdup_printf("FROM %s", block->from);
}

char *block_leaf_sql(const Block *block, const Leaf *leaf, gpointer unused) {
  (void)unused;
  g_autofree char *own = own_predicates(block, leaf);
  if (leaf->counts_rows) /* a count of no rows is 0, a sum of none would be unknown */
    return own ? g_strdup_printf("COALESCE(%s FILTER (WHERE %s), 0)", leaf->aggregate_sql, own)
               : g_strdup_printf("COALESCE(%s, 0)", leaf->aggregate_sql);
  if (!own) return g_strdup(leaf->aggregate_sql);
  gboolean counts = g_str_has_prefix(leaf->aggregate_sql, "COUNT(");
  return g_strdup_printf(leaf->zero_when_missing && !counts ? "COALESCE(%s FILTER (WHERE %s), 0)"
                                                            : "%s FILTER (WHERE %s)",
                         leaf->aggregate_sql, own);
}

char *block_group_by(const Block *block) {
  GString *group = g_string_new(NULL);
  for (guint i = 0; i < block->keys->len; i++) g_string_append_printf(group, i ? ", %u" : "\nGROUP BY %u", i + 1);
  return g_string_free(group, FALSE);
}

static void append_aliased(GPtrArray *columns, const char *sql, const char *name) {
  g_autofree char *alias = sql_name(name);
  g_ptr_array_add(columns, g_str_equal(sql, alias) ? g_strdup(sql) : g_strdup_printf("%s AS %s", sql, alias));
}

static void append_keys(GPtrArray *columns, const Grouping *grouping, const GPtrArray *keys) {
  for (guint i = 0; i < keys->len; i++)
    append_aliased(columns, keys->pdata[i], ((const GroupKey *)grouping->keys->pdata[i])->name);
}

char *block_select(const Grouping *grouping, const Block *block) {
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
  append_keys(columns, grouping, block->keys);
  for (guint i = 0; i < block->leaves->len; i++) {
    const Leaf *leaf = block->leaves->pdata[i];
    g_autofree char *sql = leaf->aggregate_sql ? block_leaf_sql(block, leaf, NULL) : NULL;
    if (sql) append_aliased(columns, sql, leaf->name);
  }
  g_autofree char *list = sql_list(columns), *from = block_from_where(block), *group = block_group_by(block);
  return g_strdup_printf("SELECT %s\n%s%s", list, from, group);
}

/* ---- several blocks ---- */
char *joined_leaf_sql(const Block *block, const Leaf *leaf, gpointer user_data) {
  (void)block;
  const Grouping *grouping = user_data;
  char *name = sql_name(leaf->name);
  if ((grouping->blocks->len < 2 && !grouping->is_sparse) || !leaf->zero_when_missing) return name;
  g_autofree char *plain = name;
  return g_strdup_printf("COALESCE(%s, 0)", plain);
}

/* "a FULL JOIN b ON ...": without keys every block is one row. */
static void join_block(const Grouping *grouping, const char *cte, GPtrArray *keys, GString *from) {
  gboolean is_first = from->len == 0;
  if (is_first)
    g_string_append(from, cte);
  else
    g_string_append_printf(from, grouping->keys->len ? "\nFULL JOIN %s ON " : "\nCROSS JOIN %s", cte);
  for (guint i = 0; i < grouping->keys->len; i++) {
    g_autofree char *name = sql_name(((const GroupKey *)grouping->keys->pdata[i])->name);
    if (is_first) {
      gboolean is_only = grouping->blocks->len == 1 && !grouping->is_joined;
      g_ptr_array_add(keys, is_only ? g_strdup(name) : g_strdup_printf("%s.%s", cte, name));
      continue;
    }
    g_autofree char *known = g_steal_pointer(&keys->pdata[i]);
    g_string_append_printf(from, "%s%s IS NOT DISTINCT FROM %s.%s", i ? " AND " : "", known, cte, name);
    gboolean is_list = g_str_has_prefix(known, "COALESCE(");
    keys->pdata[i] = is_list ? g_strdup_printf("%.*s, %s.%s)", (int)strlen(known) - 1, known, cte, name)
                             : g_strdup_printf("COALESCE(%s, %s.%s)", known, cte, name);
  }
}

char *grouping_join(Compiler *compiler, Grouping *grouping, GPtrArray *keys) {
  GString *from = g_string_new(NULL);
  for (guint i = 0; i < grouping->blocks->len; i++) {
    Block *block = grouping->blocks->pdata[i];
    block->cte = compiler_add_cte(compiler, block->name, block_select(grouping, block));
    g_autofree char *cte = compiler_cte(block->cte);
    join_block(grouping, cte, keys, from);
  }
  return g_string_free(from, FALSE);
}

char *grouping_select(Compiler *compiler, Grouping *grouping, const Term *term, const char *name, const char *test) {
  gboolean is_single = grouping->blocks->len == 1;
  const Block *only = grouping->blocks->pdata[0];
  g_autoptr(GPtrArray) joined_keys = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *joined = is_single ? NULL : grouping_join(compiler, grouping, joined_keys);
  g_autofree char *value = term_sql(term, is_single ? block_leaf_sql : joined_leaf_sql, grouping);
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
  append_keys(columns, grouping, is_single ? only->keys : joined_keys);
  if (!test) append_aliased(columns, value, name);
  g_autofree char *list = sql_list(columns);
  if (!is_single)
    return test ? g_strdup_printf("SELECT %s\nFROM %s\nWHERE %s%s", list, joined, value, test)
                : g_strdup_printf("SELECT %s\nFROM %s", list, joined);
  g_autofree char *from = block_from_where(only), *group = block_group_by(only);
  return test ? g_strdup_printf("SELECT %s\n%s%s\nHAVING %s%s", list, from, group, value, test)
              : g_strdup_printf("SELECT %s\n%s%s", list, from, group);
}
