/*
 * base: what every other floor stands on. Errors, text, dates, JSON, deadlines, access scope.
 * Includes nothing of Aisle. GLib is the standard library under it.
 */
#pragma once
#include "base/date.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/json.h"
#include "base/scope.h"
#include "base/settings.h"
#include "base/text.h"
