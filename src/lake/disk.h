/* Moved a floor down, where objects on local disk use it too. */
#pragma once
#include "base/disk.h"
