/*
 * generate: a retailer to test on. Writes CSV files of a made-up company whose every number is known: what was planted
 * (events, duplicates, late and dirty rows) stands in truth.json beside them.
 * The same seed, scale and file period give the same bytes on any number of threads: every order draws from a stream of
 * random numbers of its own, and each file is written by one thread from beginning to end.
 */
#pragma once
#include "base/base.h"

#define GENERATE_MAX_SCALE 10000.0
#define GENERATE_MIN_SCALE 0.0001

typedef enum { GENERATE_BY_MONTH, GENERATE_BY_WEEK, GENERATE_BY_DAY } GeneratePeriod;

typedef struct {
  const char *folder; /* made; must be empty where it exists */
  double scale;       /* 1: about one million order lines, 0.25 GB */
  guint64 seed;
  int threads;                   /* 0: cores */
  GeneratePeriod period;         /* what one file of orders, lines, visits and reviews holds */
  double dirty, duplicate, late; /* shares of order lines, 0..0.5 */
} GenerateOptions;
/* Three years, two lines of a thousand dirty, one of a hundred sent twice, one of a hundred a file late. */
#define GENERATE_DEFAULTS ((GenerateOptions){NULL, 1, 1, 0, GENERATE_BY_MONTH, 0.002, 0.01, 0.01})

typedef struct {
  gint64 files, bytes, orders, lines, visits, reviews; /* rows as written, duplicates too */
} GenerateSummary;

/*
 * Writes everything, or fails with INVALID_ARGUMENT, EXISTS (the folder is not empty), IO, NO_SPACE, TIMEOUT or
 * CANCELLED; what was written until then stays for inspection, without truth.json. Memory: a few MB per thread.
 */
gboolean generate_retailer(const GenerateOptions *options, GenerateSummary *summary, Deadline deadline, GError **error);
