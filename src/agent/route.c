/*
 * The router: what kind of message this is, by its words. It decides what may be spent, never what is answered: rules read
 * every message, whatever it was taken for, and a model is not asked about small talk or what no shop's data can say.
 * What it is held against is in tests/data/agent/routes.json.
 */
#include "agent/route.h"

#include <string.h>

#include "agent/run.h"
#include "agent/teach.h"

/* All words stand in order in the message, between blanks. "*" at the end: any ending. */
#define PHRASES_MAX 96
typedef const char *Phrases[PHRASES_MAX];

/* First words that want something done. */
static Phrases COMMANDS = {"convert", "solve", "delete", "drop", "insert", "update", "send", "email", "book", "remind", "play", "translate", "write", "call", "install",
                           "ignore", "forget", "buy", "turn", "set"};
static Phrases SUMMARY = {"summary", "summaries", "summari*", "overview", "recap", "digest", "briefing", "brief me", "highlights", "report", "reports",
                          "at a glance", "sum up", "key figures", "how are we doing", "how did we do", "how is business", "how s business",
                          "how are things", "how are we performing", "business review", "state of the business", "state of business", "big picture", "takeaway*", "take aways", "need to know", "wrap up", "status of", "key numbers",
                          "in review", "rundown", "run down", "tell me about", "headline*", "catch me up", "up to speed", "up to date on", "bring me up to date", "state of play", "how things are going",
                          "how we are doing", "how we did", "roundup", "round up", "in a nutshell", "the short version", "snapshot of", "stood out", "stands out", "gist", "fill me in", "brief", "should know", "know about"};
/* "how did the stores perform": what follows "how did". */
static Phrases FARED = {"perform", "performed", "performing", "doing", "fare", "fared", "overall", "going", "been"};
static Phrases HOW_IT_FARED = {"how did", "how have", "how has", "how was", "how were", "how is", "how are", "how s"};
static Phrases ANALYSIS = {"why", "explain*", "explanation*", "reason", "reasons", "cause", "causes", "caused", "driver", "drivers", "drove", "drives",
                           "driving", "driven", "behind", "how come", "what changed", "what has changed", "what happened", "unusual", "anomal*", "outlier*",
                           "contribut*", "insight*", "led to", "impact", "effect", "come from", "came from", "hurt*", "responsible for", "attribut*",
                           "diagnos*", "correlat*", "odd", "strange", "weird", "suspicious", "spike*", "root cause*", "going on with", "break down the change", "breakdown of the change",
                           "decompos*", "what made", "what makes", "factors", "due to", "to blame", "went wrong", "goes wrong", "pattern*", "relationship between", "linked to", "related to", "pushed", "dragged", "dragging", "pulled", "affect*", "influenc*", "depend*", "boosted", "lifted", "held back", "holding back", "worr*", "cost us", "concern*"};
static Phrases TALK = {"you rock", "love it", "respect", "hello", "hi", "hey", "thanks", "thank you", "thank", "thx", "goodbye", "bye", "welcome", "good morning", "good afternoon",
                       "good evening", "good night", "cheers", "ok", "okay", "nice", "great", "cool", "perfect", "good job", "well done", "how are you",
                       "who are you", "what are you", "what can you do", "are you", "your name", "see you", "help", "help me", "sorry", "please", "yes", "no", "lol", "haha*", "bonjour", "hola", "ciao", "hallo", "merci", "gracias", "danke", "namaste", "love you", "hate you", "never mind", "nevermind",
                       "who made you", "who built you", "who created you", "you are", "you re", "stupid", "idiot", "useless", "shut up", "how s it going", "awesome", "amazing", "that s all", "that is all",
                       "have a nice", "good one", "wow", "hmm", "sure", "got it", "makes sense", "what s up", "talk to you later"};
/* What goes on with the question before is no talk: "yes, by profit", "no, I meant last month". */
static Phrases FOLLOWS = {"same", "instead", "i meant", "i mean", "only", "by", "without", "per", "for", "last", "this", "in", "and", "without", "what about", "show"};
static Phrases TOPICS = {"who wrote", "who invented", "who painted", "rain", "snow", "temperature", "forecast for tomorrow", "bake", "baking", "boil*", "bread", "story", "what time is it", "time zone", "miles", "kilomet*", "fahrenheit", "tallest", "how tall", "how far", "dragon*", "haiku", "tennis", "basketball", "actor*",
                         "weather", "poem*", "joke*", "president", "prime minister", "capital of", "football", "soccer", "news", "movie*", "film*", "song*",
                         "music", "lyrics", "meaning of life", "cook", "recipe*", "stock market", "share price", "password*", "system prompt",
                         "your instructions", "vote", "election*", "horoscope*", "python", "javascript", "script", "flight*", "everest", "planet*",
                         "religion", "homework", "essay*", "bitcoin", "celebrit*", "your prompt", "times table"};
static Phrases PRODUCT = {"feature", "features", "specification*", "specs", "warranty", "guarantee", "waterproof", "compatible", "suitable", "made of",
                          "reviews", "review", "recommend", "recommendation", "ingredient*", "allergen*", "colours", "colors", "manual", "assemble",
                          "watts", "watt", "voltage", "weigh", "weighs", "saying about", "say about", "which one should i buy", "should i buy", "what size", "how heavy", "difference between", "instructions for", "washable", "fit in"};
/* These are no business of a shop's data, whatever else is said. */
static Phrases NEVER = {"disregard", "ignore the above", "ignore all", "ignore your", "bitcoin", "crypto*", "stock market", "share price", "system prompt", "hidden prompt", "your prompt", "your instructions", "previous instructions", "prior instructions",
                        "you are now", "pretend", "act as", "jailbreak*", "other users", "other user s", "another user s", "horoscope*", "lottery", "world cup", "olympic*", "admin password",
                        "developer mode", "without restrictions", "no restrictions", "api key*", "connection string*"};
/* What things are like, where no trade is spoken of. */
static Phrases LIKE = {"best for", "good for", "find me", "looking for", "do you have this", "do you have the", "do you have a", "do you have any", "do you sell", "battery", "in the box", "dimensions of",
                       "dimensions", "gluten*", "vegan", "noise level", "come in", "comes with", "come with", "comes in", "made from", "material", "fabric", "weigh*", "charger", "safe for", "alternative to",
                       "similar to", "care instructions", "expire*", "shelf life", "which model", "replacement part*", "be used", "used on", "used with", "clean", "wash"};
/* How people ask of one thing what it is like. */
static Phrases OF_A_THING = {"can this", "can these", "will this", "will it fit", "how do you", "how to use", "how should i", "is the", "is this", "is that", "are these", "does the", "does this", "do these", "can i", "can the", "how do i", "how long is",
                             "how big is", "how large is"};
/* What is counted, priced and compared: with one of these it is a question about the business. */
static Phrases TRADE = {"sale", "sales", "sell*", "sold", "revenue*", "turnover", "profit*", "margin*", "order", "orders", "ordered", "customer*", "client*",
                        "unit", "units", "quantit*", "discount*", "return", "returns", "returned", "store", "stores", "shop", "shops", "region*", "categor*",
                        "price*", "cheap*", "expensive", "cost", "costs", "average", "total", "share", "growth", "percent*", "percentage", "rank*", "top",
                        "how many", "how much", "number of", "earn*", "bought", "baskets", "basket", "spent", "spend*"};
static Phrases QUESTION_OF_TRADE = {"reviews per", "review score", "recommended"};

/* Set phrases of talk that hold such words. */
static Phrases FAREWELLS = {"bye", "have a nice", "thank*", "thanks", "good morning", "good evening", "good night", "cheers", "help", "help me", "what can you", "who are you", "what are you"};

/* A message of more words than this is about something. */
#define TALK_WORDS 6

/* " what s the weather " */
static char *padded_words(const char *message, guint *count) {
  g_autofree char *folded = text_fold(message);
  GString *text = g_string_new(" ");
  *count = 0;
  for (const char *at = folded; *at != '\0';) {
    gsize length = 0;
    while (g_ascii_isalnum(at[length]) || (guchar)at[length] >= 0x80) length++;
    if (length > 0) {
      g_string_append_len(text, at, (gssize)length);
      g_string_append_c(text, ' ');
      (*count)++;
    }
    at += length > 0 ? length : 1;
  }
  return g_string_free(text, FALSE);
}

static gboolean stands_at(const char *at, const char *phrase) {
  gsize length = strlen(phrase);
  gboolean any_ending = phrase[length - 1] == '*';
  if (any_ending) length--;
  return strncmp(at, phrase, length) == 0 && (any_ending || at[length] == ' ');
}

static gboolean has_one(const char *words, const Phrases phrases) {
  for (const char *at = words; *at != '\0'; at++)
    for (guint i = 0; *at == ' ' && i < PHRASES_MAX && phrases[i] != NULL; i++)
      if (stands_at(at + 1, phrases[i])) return TRUE;
  return FALSE;
}

static gboolean begins_with_one(const char *words, const Phrases phrases) {
  for (guint i = 0; i < PHRASES_MAX && phrases[i] != NULL; i++)
    if (stands_at(words + 1, phrases[i])) return TRUE;
  return FALSE;
}

/* "25 * 17" */
static gboolean has_operator(const char *message) {
  for (const char *at = message; *at != '\0'; at++) {
    if (!g_ascii_isdigit(*at)) continue;
    const char *next = at + 1;
    while (*next == ' ') next++;
    if (*next == '\0' || strchr("*/+x^", *next) == NULL) continue;
    next++;
    while (*next == ' ') next++;
    if (g_ascii_isdigit(*next)) return TRUE;
  }
  return FALSE;
}

static gboolean has_digit(const char *words) {
  for (const char *at = words; *at != '\0'; at++)
    if (g_ascii_isdigit(*at)) return TRUE;
  return FALSE;
}

/* "17 times 23" */
static gboolean is_arithmetic(const char *words) {
  const char *times = strstr(words, " times ");
  if (times == NULL) times = strstr(words, " plus ");
  return times != NULL && times > words && g_ascii_isdigit(times[-1]) && g_ascii_isdigit(strchr(times + 1, ' ')[1]);
}

const char *route_of(const char *message) {
  guint count = 0;
  g_autofree char *words = padded_words(message, &count);
  gboolean trade = has_one(words, TRADE), summary = has_one(words, SUMMARY) || (begins_with_one(words, HOW_IT_FARED) && has_one(words, FARED) && count > TALK_WORDS - 2);
  if (has_one(words, NEVER)) return "out_of_scope";
  if ((begins_with_one(words, COMMANDS) && !summary) || is_arithmetic(words) || (!trade && has_operator(message))) return "out_of_scope";
  if (!trade && has_one(words, TOPICS)) return "out_of_scope";
  if (summary) return "summary";
  if (has_one(words, ANALYSIS)) return "analysis";
  gboolean short_talk = !trade && count <= TALK_WORDS && !has_digit(words);
  if (short_talk && begins_with_one(words, TALK) && !(has_one(words, FOLLOWS) && !has_one(words, FAREWELLS))) return "small_talk";
  if (short_talk && has_one(words, TALK) && !has_one(words, FOLLOWS) && !begins_with_one(words, OF_A_THING) && !has_one(words, PRODUCT) && !has_one(words, LIKE)) return "small_talk";
  if (has_one(words, PRODUCT) && !has_one(words, QUESTION_OF_TRADE)) return "product";
  if (!trade && (begins_with_one(words, OF_A_THING) || has_one(words, LIKE))) return "product";
  return "question";
}

AgentOutcome step_route(AgentRun *run) {
  AnswerRequest request = run->request->ask;
  request.id = run->id;
  request.after = run->after;
  run->answer = teaching_answer(run->service, &request);
  if (run->answer != NULL) {
    run->kind = "memory";
    run_note(run, "kind", json_string(run->kind));
    return OUTCOME_WHOLE;
  }
  run->kind = route_of(run->request->ask.question);
  run_note(run, "kind", json_string(run->kind));
  return OUTCOME_OK;
}
