/* Handlers of the model gateway's routes (models.c): what `aisle gateway` gives, on this listener. */
#pragma once
#include "ai/exchange.h"
#include "server/route.h"

/* Starts an exchange with the gateway of this process; its end finishes the call. */
void handle_models_exchange(const Call *call, Reply *reply);
