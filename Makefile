# Doorbell's commands; `make help` lists them. Portable to GNU make 3.81, which macOS has.

SHELL  := /bin/sh
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-compile
# For the end of a recipe's line: what to do when pip's own words do not say it.
OR_SAY := || { echo 'The packages could not be installed. Is there no connection to a package index? See the lines above;' \
	'pip takes a proxy from HTTPS_PROXY and another index from PIP_INDEX_URL.' >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help run psql env test test-faults test-hosts test-postgres lint bench bench-report docs pictures vendor lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  Variables: PORT=8000  DATA_DIR=var  DEMO=0 (no demo customer)  PYTHON=python3.12"
	@echo "  DATABASE_URL and REDIS_URL, when set, are used instead of the embedded PostgreSQL and Redis."

run: $(VENV)/embedded.stamp ## start everything, with a demo, on http://127.0.0.1:$PORT
	@exec $(BIN)/python -m webapp.launcher

psql: ## psql on the running database
	@.ci/running psql

env: ## print `export DATABASE_URL=… REDIS_URL=…` of the running Doorbell: eval "$(make -s env)"
	@.ci/running env

test: lint ## lint, types and all tests, the browser's included
	@$(BIN)/python -m tests.support.install.chromium
	@$(BIN)/python -m tests.support.install.redis
	@$(BIN)/python -m pytest -m "not faults and not hosts" -n 4 --dist worksteal

test-faults: $(VENV)/dev.stamp ## the slow tests: everything dies, stalls or stops in turn, midnights, all currencies
	@$(BIN)/python -m tests.support.install.chromium
	@$(BIN)/python -m pytest -m faults --timeout 240

test-hosts: $(VENV)/dev.stamp ## six hosts as network namespaces, cut off in turn; needs root and Linux
	@$(BIN)/python -m tests.hosts.install_iproute2
	@$(BIN)/python -m pytest -m hosts -rs

test-postgres: $(VENV)/dev.stamp ## triggers, listener, rollups, migrations … on PostgreSQL 14 to 18 (npm's); VERSIONS="14 15"
	@VERSIONS="$(VERSIONS)" $(BIN)/python -m tests.support.all_versions

lint: $(VENV)/dev.stamp ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo 'Format with: .venv/bin/ruff format .'; exit 1; }
	@$(BIN)/mypy

bench: $(VENV)/dev.stamp ## every benchmark; one JSON object a line
	@failed=; for file in bench/[a-z]*.py; do \
		grep -q '^def main' "$$file" || continue; \
		$(BIN)/python -m "bench.$$(basename "$$file" .py)" || failed="$$failed $$file"; \
	done; test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

bench-report: $(VENV)/dev.stamp ## docs/performance.md and its charts, from a run of all, or from the lines in $LINES
	@$(BIN)/python -m bench.report $(LINES)

docs: $(VENV)/embedded.stamp ## docs/events.md anew, from webapp/events/catalog.py
	@$(BIN)/python -m webapp.events.catalog.docs > docs/events.md

pictures: $(VENV)/dev.stamp ## the README's pictures anew, from the running demo
	@$(BIN)/python -m tests.support.install.chromium
	@$(BIN)/python docs/pictures.py

vendor: ## the vendored scripts, icons and reduced style sheet again; after a template uses a new class (needs Node.js)
	@tools/vendor/refresh.sh

lock: ## pin the newest versions anew (needs uv)
	@for name in app embedded dev; do \
		UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 --upgrade \
			--generate-hashes --no-annotate --no-emit-index-url --output-file "requirements/$$name.txt" "requirements/$$name.in" || exit 1; \
	done

clean: ## remove .venv and caches; the data in $DATA_DIR stays
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is touched last, so what was cut short is done again, and a changed list of pins is installed anew. While
# packages are installed made.stamp is away: a package installed by half would pass for installed, so then .venv is made anew.
$(VENV)/made.stamp:
	@.ci/venv $(VENV)

$(VENV)/embedded.stamp: requirements/embedded.txt | $(VENV)/made.stamp
	@echo 'Installing pinned packages into .venv (the first time takes up to a minute) …'
	@rm $(VENV)/made.stamp && $(PIP) -r requirements/embedded.txt && touch $(VENV)/made.stamp $@ $(OR_SAY)

$(VENV)/dev.stamp: requirements/dev.txt | $(VENV)/made.stamp
	@echo 'Installing pinned packages for the tests into .venv …'
	@rm $(VENV)/made.stamp && $(PIP) -r requirements/dev.txt && touch $(VENV)/made.stamp $(VENV)/embedded.stamp $@ $(OR_SAY)
