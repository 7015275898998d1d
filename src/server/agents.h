/* Handlers of the agents' routes (agents.c). */
#pragma once
#include "server/route.h"

void handle_agent(const Call *call, Reply *reply);
void handle_agent_events(const Call *call, Reply *reply);
void handle_trace(const Call *call, Reply *reply);
void handle_memory(const Call *call, Reply *reply);
void handle_memory_add(const Call *call, Reply *reply);
void handle_memory_forget(const Call *call, Reply *reply);
