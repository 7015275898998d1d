# The few commands people type. Meson and ninja do the work; this file only names it.
BUILD ?= build
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
# Tests may take so many times as long as usual.
PATIENCE ?= 1
FUZZ_SECONDS ?= 600
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

.PHONY: all demo test test-cluster test-rollups bench bench-lake bench-ai lint api-types format check check-asan check-tsan fuzz fuzz-api install hooks clean

all: ## build build/aisle, installing what is missing
	@scripts/setup.sh build
	@scripts/build.sh $(BUILD) -Dprefix=$(PREFIX)

demo: all ## six questions over real data, on the terminal
	@AISLE=$(BUILD)/aisle scripts/demo.sh

test: ## build and run every test
	@scripts/setup.sh test
	@scripts/build.sh $(BUILD) -Dprefix=$(PREFIX)
	@python3 scripts/run_tests.py --build $(BUILD) --jobs $(JOBS) --patience $(PATIENCE)

check: lint test check-asan check-tsan ## what CI runs

lint: ## includes, forbidden things, and both compilers without a warning
	@scripts/setup.sh check
	@scripts/lint.sh

api-types: ## write the page's types of the API anew from what the program describes
	@TARGETS=describe_api scripts/build.sh $(BUILD)
	@scripts/api_types.py $(BUILD)/describe_api web/src/api/types.ts

format: ## lay out C sources as .clang-format says
	@scripts/setup.sh check
	@git ls-files '*.c' '*.h' | xargs -r clang-format -i

check-asan: ## unit tests under the address and undefined-behaviour sanitizers
	@scripts/setup.sh test
	@scripts/sanitize.sh asan --jobs $(JOBS)

check-tsan: ## unit tests under the thread sanitizer
	@scripts/setup.sh test
	@scripts/sanitize.sh tsan --jobs $(JOBS)

test-cluster: all ## Spark and Trino read our tables and we read theirs (needs Java and Maven)
	@scripts/cluster.sh $(BUILD)

fuzz: ## every fuzz target for FUZZ_SECONDS each
	@scripts/setup.sh check
	@scripts/fuzz.sh $(FUZZ_SECONDS)

fuzz-api: all ## hold the server against its own description with Schemathesis (10-20 minutes)
	@scripts/setup.sh fuzzer
	@scripts/fuzz_api.sh $(BUILD)/aisle

test-rollups: all ## 10,000 generated queries with and without rollups and pruning
	@TARGETS=test_query_rollup scripts/build.sh $(BUILD)
	@ROLLUP_QUERIES=5000 $(BUILD)/test_query_rollup

bench: all ## what the README claims, measured beside peers
	@scripts/setup.sh bench
	@AISLE=$(BUILD)/aisle .venv-bench/bin/python bench/run.py

bench-lake: all ## ingestion, rules, pruning, rollups and merges, measured beside Spark, DuckDB, Great Expectations, pandas, delta-rs
	@scripts/setup.sh lake
	@AISLE=$(BUILD)/aisle .venv-lake/bin/python bench/lake.py $(BENCH_LAKE)

bench-ai: all ## the model gateway, agents, question cache and text encoder, measured beside peers
	@scripts/setup.sh bench
	@scripts/setup.sh weights
	@TARGETS=bench/measure_agent scripts/build.sh $(BUILD) -Dprefix=$(PREFIX)
	@AISLE=$(BUILD)/aisle .venv-bench/bin/python bench/agents.py
	@TARGETS=bench/model_upstream scripts/build.sh $(BUILD) -Dprefix=$(PREFIX)
	@AISLE=$(BUILD)/aisle python3 bench/gateway.py

install: all
	@meson install -C $(BUILD) --no-rebuild

hooks: ## lint before each commit
	@install -m 755 scripts/pre-commit "$$(git rev-parse --git-path hooks)/pre-commit"
	@echo "pre-commit hook installed"

clean:
	rm -rf $(BUILD) build-*
