/* The SQLite file under the store: opening, migrations, statements. Each Database belongs to one thread at a time. */
#pragma once
#include <sqlite3.h>

#include "store/store.h"

typedef struct Database Database;
typedef enum { DATABASE_READ, DATABASE_WRITE } DatabaseMode;
/* DATABASE_WRITE makes the file and brings it to the current version; a newer file is UNSUPPORTED. (transfer full) */
Database *database_open(const char *path, DatabaseMode mode, GError **error);
void database_free(Database *database);

gboolean database_begin(Database *database, GError **error);
gboolean database_commit(Database *database, GError **error);
void database_rollback(Database *database);
gboolean database_insert(Database *database, const StoreAnswer *answer, GError **error);

/* As in store.h. */
json_t *database_get(Database *database, const char *id, const char *scope_key, GError **error);
char *database_session_newest(Database *database, const char *session, const char *scope_key, GError **error);
json_t *database_list(Database *database, const char *scope_key, int limit, GError **error);

/* The JSON of one answer as store_get_answer() gives it. (transfer full) */
json_t *database_answer_json(const StoreAnswer *answer);
