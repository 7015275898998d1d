/* What planted events do to orders. */
#pragma once
#include "generate/world.h"

/* Takes lines, or all of the order, and changes prices; what that costs is added to `effects` (may be NULL). */
void events_apply(const World *world, Random *random, Order *order, EventEffects *effects);
/* Whether the event keeps a visit of that kind from happening. */
gboolean events_stop_visit(const World *world, guint day, guint region, int campaign);
