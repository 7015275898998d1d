/* What aisle init says at the end, and what it leaves on record. Private to aisle init. */
#pragma once
#include "model/model.h"

typedef struct {
  const char *workspace; /* as the user wrote it (transfer none) */
  GPtrArray *tables;     /* of ImportedTable* */
  Model *model;
  GHashTable *notes;     /* name -> evidence */
} InitReport;
void init_report_clear(InitReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(InitReport, init_report_clear)

void init_report_print(const InitReport *report);
void init_report_print_json(const InitReport *report);
/* The record of this load: <folder>/ingest/<time>.json. */
gboolean init_report_write_load(const InitReport *report, const char *folder, GError **error);
