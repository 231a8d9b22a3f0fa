# Yimen 一门: `make run` starts everything, `make test` checks everything that CI checks.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin
PACKAGES := sdk registry host simulators $(patsubst %/pyproject.toml,%,$(wildcard extensions/*/pyproject.toml plugins/*/pyproject.toml))
CODE := $(PACKAGES) tests bench
STYLES := sdk/yimen_sdk/static/vendor/weui.min.css
# These measure what one supervisor does to the machine, so no second one may run beside them.
ALONE := tests/attacks/runtime/test_probes.py tests/host/runtime/supervisor/test_isolation.py tests/faults
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
.DEFAULT_GOAL := help
.PHONY: help run test check format bench simulate lock clean

help: ## show this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 10

run: .venv/run.stamp $(STYLES) ## set up and start everything on http://localhost:8080
	@YIMEN_DEMO=$${YIMEN_DEMO:-1} exec $(BIN)/yimen-host run

test: .venv/test.stamp $(STYLES) ## set up, then run everything that CI runs
	@sh deploy/browser.sh
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n $${YIMEN_TEST_WORKERS:-2} $(ALONE:%=--ignore=%)
	@$(BIN)/python -m pytest -n 0 $(ALONE)
	@sh deploy/browser.sh --said

check: .venv/test.stamp ## lint, format, types, import contracts, translations
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: .venv/test.stamp ## format the code
	@$(BIN)/ruff format $(CODE) && $(BIN)/ruff check --fix $(CODE)

bench: .venv/test.stamp ## run one benchmark, BENCH=name, or all
	@for name in $${BENCH:-$(patsubst bench/%.py,%,$(filter-out bench/__init__.py bench/measure.py bench/stage.py bench/generator.py,$(wildcard bench/*.py)))}; do \
		$(BIN)/python -m bench.$$name || exit 1; done

simulate: .venv/test.stamp ## live through HISTORIES=n simulated histories of payments from FIRST=seed, or replay SEED=n
	@$(BIN)/python -W ignore -m tests.simulation --histories $${HISTORIES:-1000} --first $${FIRST:-0} $${SEED:+--seed $$SEED}

lock: ## lock the requirements anew (needs uv)
	@for name in run test node; do uv pip compile --universal --python-version 3.11 --no-header --no-annotate \
		--no-emit-index-url --generate-hashes --upgrade -q requirements/$$name.in -o requirements/$$name.txt; done

clean: ## remove what set-up made; the data under var/ stays
	@rm -rf .venv node_modules assets/node_modules sdk/yimen_sdk/static/vendor

.venv/bin/python:
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || { \
		echo "Yimen needs Python 3.11, 3.12 or 3.13: install one, or name it with PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Python cannot make a virtual environment: install its venv package (Debian: python3-venv)." >&2; exit 1; }

.venv/run.stamp: requirements/run.txt $(PACKAGES:%=%/pyproject.toml) | .venv/bin/python
	@echo "Setting up (once; needs the network) …"
	@$(call install,run)
	@touch $@

.venv/test.stamp: requirements/test.txt .venv/run.stamp | .venv/bin/python
	@$(call install,test)
	@touch $@

# Mini-apps run as users of their own, so what they import must be readable, whatever the umask was.
define install
umask 022; $(PIP) install --require-hashes -r requirements/$(1).txt && \
$(PIP) install --no-deps --no-build-isolation $(PACKAGES:%=-e ./%) && chmod -R go+rX .venv sdk || { \
echo "The packages could not be installed: check the network and the free disk space, then run the same command again." >&2; exit 1; }
endef

$(STYLES): assets/package-lock.json | .venv/bin/python
	@command -v npm >/dev/null 2>&1 || $(PIP) install --require-hashes -r requirements/node.txt
	@cd assets && PATH="$$PATH:$(CURDIR)/.venv/bin" npm ci --ignore-scripts --no-audit --no-fund --silent || { \
		echo "The style sheets could not be fetched: check the network, then run the same command again." >&2; exit 1; }
	@mkdir -p $(@D) && cp assets/node_modules/weui/dist/style/weui.min.css $@ && chmod -R go+rX sdk
