# Everything a person or CI runs. `make` alone lists the targets.
PY ?= python3
OLDER_POSTGRES ?= /usr/lib/postgresql/15/bin

BIN := .venv/bin
UV_VERSION := 0.13.9
UV := .tools/uv-$(UV_VERSION)/bin/uv

# uv reads neither pip's index nor its certificates, and must not fetch interpreters of its own.
UV_ENV := export UV_SYSTEM_CERTS="$${UV_SYSTEM_CERTS:-1}" UV_PYTHON_DOWNLOADS="$${UV_PYTHON_DOWNLOADS:-never}"; \
	index="$${PIP_INDEX_URL:-$$($(PY) -m pip config get global.index-url 2>/dev/null || true)}"; \
	test -z "$$index" || export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$index}"

FETCH_UV := test -x $(UV) || $(PY) -m pip install -qq --disable-pip-version-check \
	--root-user-action=ignore --target .tools/uv-$(UV_VERSION) "uv==$(UV_VERSION)"

# $(call install,<install or sync>,<lock>): a virtual environment from a hashed lock. uv does it in seconds;
# where uv cannot be had, pip does. No ensurepip is needed, so a bare Debian python3 with pip will do.
define install
@set -e; $(UV_ENV); \
$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "Touchline needs Python 3.11 or newer: make PY=/path/to/python3" >&2; exit 1; }; \
test -x $(BIN)/python || rm -rf .venv; \
$(FETCH_UV) || true; \
python=$$($(PY) -c 'import sys; print(sys.executable)'); \
if test -x $(UV) && { test -x $(BIN)/python || $(UV) venv -q --python "$$python" .venv; } \
	&& $(UV) pip $(1) -q --python $(BIN)/python --require-hashes $(if $(filter install,$(1)),-r) $(2); then :; else \
	echo "uv could not install $(2); taking pip instead (slower)" >&2; \
	test -x $(BIN)/python || $(PY) -m venv --without-pip .venv; \
	$(PY) -m pip --python $(BIN)/python install -q --disable-pip-version-check --require-hashes -r $(2); \
fi; \
$(LINK)
endef

# The checkout itself, without a build: its folder on the path, and the script that pyproject.toml names.
define LINK
site=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
printf '%s\n' '$(CURDIR)' > "$$site/touchline.pth"; \
printf '%s\n' '#!/bin/sh' \
	'exec "$(CURDIR)/$(BIN)/python" -P -c "import sys; from app.cli import main; sys.argv[0] = \"touchline\"; main()" "$$@"' \
	> $(BIN)/touchline; \
chmod +x $(BIN)/touchline
endef

.DEFAULT_GOAL := help
.PHONY: help run test check format lock openapi bench bench-matching bench-scoring scorecard

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' $(MAKEFILE_LIST) | while read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

# The lock of `run` is a part of the lock of `test`, so installing it never takes anything away.
.venv/.run: requirements.lock
	$(call install,install,requirements.lock)
	@touch $@

.venv/.dev: requirements-dev.lock
	$(call install,sync,requirements-dev.lock)
	@touch .venv/.run $@

run: .venv/.run ## serve, with a Postgres of its own unless TOUCHLINE_DATABASE_URL names one
	@exec $(BIN)/touchline serve

test: check ## all checks and tests, as CI runs them
	@OLDER_POSTGRES=$(OLDER_POSTGRES) bash .ci/packages
	$(BIN)/python -m pytest -n 2
	@if test -x $(OLDER_POSTGRES)/postgres; then \
		echo "Smoke tests on $$($(OLDER_POSTGRES)/postgres --version)"; \
		$(BIN)/python -m pytest -n 2 -m smoke --postgres-bin=$(OLDER_POSTGRES); \
	else \
		echo "SKIPPED: smoke tests on an older Postgres, for there is no $(OLDER_POSTGRES)/postgres"; \
	fi

check: .venv/.dev ## formatting, lint, types, import contracts, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(wildcard app migrations tests benchmarks)
	$(BIN)/lint-imports
	$(BIN)/deptry .

format: .venv/.dev ## format and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## write both locks anew from pyproject.toml
	@set -e; $(UV_ENV); $(FETCH_UV); \
	compile="$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header"; \
	$$compile pyproject.toml -o requirements.lock; \
	$$compile -c requirements.lock --group dev pyproject.toml -o requirements-dev.lock

openapi: .venv/.dev ## write openapi.yaml from the app
	$(BIN)/touchline openapi

bench: .venv/.dev ## measure against the floor (a few minutes)
	$(BIN)/python -m benchmarks

bench-matching: .venv/.dev ## precision and recall of matching, and how long it takes
	$(BIN)/python -m benchmarks.matching

bench-scoring: .venv/.dev ## how well scores and predictions find who converts
	$(BIN)/python -m benchmarks.scoring

scorecard: .venv/.dev ## kill, freeze and cut off real processes, with every n in full (two hours)
	$(BIN)/python -m tests.crash.scorecard
