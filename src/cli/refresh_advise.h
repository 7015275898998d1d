/* aisle refresh --advise: rollups that would have answered what was asked here. */
#pragma once
#include "base/base.h"

/* Prints them as they would stand in model/aisle.yaml. */
gboolean refresh_advise(const char *workspace, GError **error);
