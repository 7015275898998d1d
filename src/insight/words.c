/* English words that make a claim, and the small words that say what a number is about. */
#include "insight/token.h"
#include <string.h>

typedef struct {
  const char *words; /* space separated */
  int direction;
  gboolean comparative;
  double factor;
} DirectionWords;
static const DirectionWords DIRECTIONS[] = {
    {" rose rise rises risen rising grew grow grows grown growing growth increase increases increased increasing up "
     "gain gains"
     " gained gaining climbed climb climbs climbing jumped jump jumps surged surge soared soar improved improve "
     "improves"
     " improvement added expanded recovered recovery rebounded accelerated upward upwards ",
     1, FALSE, 0},
    {" fell fall falls fallen falling drop drops dropped dropping decline declines declined declining decrease "
     "decreases"
     " decreased decreasing down shrank shrink shrinks shrunk slipped slip slips sank sink plunged plunge dipped dip "
     "reduced"
     " reduction worsened worsen deteriorated slumped slump tumbled collapsed weakened slowed downward downwards ",
     -1, FALSE, 0},
    {" more higher larger greater bigger above ahead exceed exceeds exceeded exceeding better stronger outperformed "
     "outperforms"
     " outsold outsells beat beats beating surpassed surpasses over ",
     1, TRUE, 0},
    {" less lower smaller fewer below behind worse weaker underperformed underperforms under lagging ", -1, TRUE, 0},
    {" doubled doubling ", 1, FALSE, 2},
    {" tripled tripling trebled ", 1, FALSE, 3},
    {" quadrupled ", 1, FALSE, 4},
    {" halved halving ", -1, FALSE, 0.5}};

typedef struct {
  const char *words;
  int extreme;
} SuperlativeWords;
static const SuperlativeWords SUPERLATIVES[] = {{" highest most largest biggest greatest top tops topped best lead "
                                                 "leads led leading leader peak peaks peaked maximum max"
                                                 " strongest fastest record dominates dominated dominant winner ",
                                                 1},
                                                {" lowest least smallest fewest worst weakest bottom low lows trough "
                                                 "minimum min trails trailed lags lagged slowest loser ",
                                                 -1}};

typedef struct {
  const char *words;
  Cue cue;
} CueWords;
static const CueWords CUES[] = {
    {" the a an its their our ", CUE_ARTICLE},
    {" from between ", CUE_FROM},
    {" to ", CUE_TO},
    {" by ", CUE_BY},
    {" than ", CUE_THAN},
    {" of ", CUE_OF},
    {" in for on during within ", CUE_IN},
    {" and or plus ", CUE_AND},
    {" at ", CUE_AT},
    {" against versus vs compared ", CUE_AGAINST},
    {" share shares account accounts accounted accounting make makes made contribute contributes contributed represent "
     "represents"
     " represented comprise comprises portion percentage ",
     CUE_SHARE},
    {" total totals totalled totaled together combined altogether sum overall ", CUE_TOTAL},
    {" average averages averaged averaging mean ", CUE_AVERAGE},
    {" loss losses lost lose loses losing ", CUE_LOSS},
    {" negative ", CUE_NEGATIVE},
    {" money ", CUE_MONEY},
    {" tie ties tied joint jointly ", CUE_TIE},
    {" unchanged flat equal same stable level steady constant ", CUE_SAME},
    {" not never neither nor without none nobody nothing hardly barely don't didn't doesn't isn't wasn't weren't "
     "aren't haven't"
     " hasn't hadn't won't can't cannot couldn't failed except ",
     CUE_NOT},
    {" no ", CUE_NO},
    {" all every each both ", CUE_ALL},
    {" always steadily consistently continuously continually constantly again successive consecutive ", CUE_ALWAYS},
    {" about around roughly approximately nearly almost some circa ", CUE_ABOUT},
    {" shown listed these those among ", CUE_SHOWN},
    {" while but whereas although though ", CUE_BREAK},
    {" incomplete unfinished partial ", CUE_PARTIAL},
    {" new ", CUE_NEW}};

typedef struct {
  const char *word;
  double value;
  NumberUnit unit;
} NumberWord;
static const NumberWord NUMBER_WORDS[] = {
    {"zero", 0, NUMBER_PLAIN},       {"two", 2, NUMBER_PLAIN},         {"three", 3, NUMBER_PLAIN},
    {"four", 4, NUMBER_PLAIN},       {"five", 5, NUMBER_PLAIN},        {"six", 6, NUMBER_PLAIN},
    {"seven", 7, NUMBER_PLAIN},      {"eight", 8, NUMBER_PLAIN},       {"nine", 9, NUMBER_PLAIN},
    {"ten", 10, NUMBER_PLAIN},       {"eleven", 11, NUMBER_PLAIN},     {"twelve", 12, NUMBER_PLAIN},
    {"thirteen", 13, NUMBER_PLAIN},  {"fourteen", 14, NUMBER_PLAIN},   {"fifteen", 15, NUMBER_PLAIN},
    {"sixteen", 16, NUMBER_PLAIN},   {"seventeen", 17, NUMBER_PLAIN},  {"eighteen", 18, NUMBER_PLAIN},
    {"nineteen", 19, NUMBER_PLAIN},  {"twenty", 20, NUMBER_PLAIN},     {"thirty", 30, NUMBER_PLAIN},
    {"forty", 40, NUMBER_PLAIN},     {"fifty", 50, NUMBER_PLAIN},      {"sixty", 60, NUMBER_PLAIN},
    {"seventy", 70, NUMBER_PLAIN},   {"eighty", 80, NUMBER_PLAIN},     {"ninety", 90, NUMBER_PLAIN},
    {"hundred", 100, NUMBER_PLAIN},  {"thousand", 1000, NUMBER_PLAIN}, {"million", 1e6, NUMBER_PLAIN},
    {"billion", 1e9, NUMBER_PLAIN},  {"dozen", 12, NUMBER_PLAIN},      {"hundreds", -1, NUMBER_PLAIN},
    {"thousands", -1, NUMBER_PLAIN}, {"millions", -1, NUMBER_PLAIN},   {"billions", -1, NUMBER_PLAIN},
    {"dozens", -1, NUMBER_PLAIN},    {"first", 1, NUMBER_ORDINAL},     {"second", 2, NUMBER_ORDINAL},
    {"fourth", 4, NUMBER_ORDINAL},   {"fifth", 5, NUMBER_ORDINAL},     {"sixth", 6, NUMBER_ORDINAL},
    {"seventh", 7, NUMBER_ORDINAL},  {"eighth", 8, NUMBER_ORDINAL},    {"ninth", 9, NUMBER_ORDINAL},
    {"tenth", 10, NUMBER_ORDINAL},   {"third", 3, NUMBER_ORDINAL},     {"double", 2, NUMBER_TIMES},
    {"twice", 2, NUMBER_TIMES},      {"triple", 3, NUMBER_TIMES},      {"thrice", 3, NUMBER_TIMES},
    {"half", 0.5, NUMBER_PART},      {"thirds", 2.0 / 3, NUMBER_PART}, {"quarters", 0.75, NUMBER_PART}};

static gboolean is_listed(const char *list, const char *word) {
  gsize length = strlen(word);
  for (const char *found = strstr(list, word); found != NULL; found = strstr(found + 1, word))
    if (found[-1] == ' ' && found[length] == ' ') return TRUE;
  return FALSE;
}

static gboolean number_word(const char *word, Token *out) {
  for (guint i = 0; i < G_N_ELEMENTS(NUMBER_WORDS); i++) {
    const NumberWord *entry = &NUMBER_WORDS[i];
    if (strcmp(word, entry->word) != 0) continue;
    out->kind = TOKEN_NUMBER;
    out->number = (NumberToken){.value = entry->value, .unit = entry->unit, .is_word = TRUE};
    /* "half" and "twice" are said of what is within a fiftieth of it. */
    out->number.tolerance = entry->unit == NUMBER_PART || entry->unit == NUMBER_TIMES ? entry->value / 50 : 1e-9;
    return TRUE;
  }
  return FALSE;
}

gboolean claim_word_meaning(const char *word, Token *out) {
  if (*word == '\0' || strchr(word, ' ') != NULL) return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(DIRECTIONS); i++)
    if (is_listed(DIRECTIONS[i].words, word)) {
      out->kind = TOKEN_DIRECTION;
      out->direction = DIRECTIONS[i].direction;
      out->comparative = DIRECTIONS[i].comparative;
      out->factor = DIRECTIONS[i].factor;
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS(SUPERLATIVES); i++)
    if (is_listed(SUPERLATIVES[i].words, word)) {
      out->kind = TOKEN_SUPERLATIVE;
      out->extreme = SUPERLATIVES[i].extreme;
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS(CUES); i++)
    if (is_listed(CUES[i].words, word)) {
      out->kind = TOKEN_CUE;
      out->cue = CUES[i].cue;
      return TRUE;
    }
  return number_word(word, out);
}
