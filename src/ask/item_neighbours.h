/* Second half of items_build: what neighbouring items say of each other. */
#pragma once
#include "ask/item.h"

/* Settles which field a value belongs to, which numbers are values, which words are part of a name. */
void items_join_neighbours(Items *items);
