# Needs make and any Python from 3.11 up; everything else is installed into .venv from the hashed lock files.
# Paths are relative throughout, so that the checkout may lie in a folder with a space in its name.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?=
JOBS ?= 2
PYTEST_ARGS ?=
DEMO_ARGS ?=
BENCH_ARGS ?=

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input -qq
PYTEST := $(PY) -m pytest -n $(JOBS) $(PYTEST_ARGS)
# The oldest supported Python is named because uv would take the running one as the floor.
UV_COMPILE := $(PY) -m uv pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'
PACKAGES := models optimizer api
DEMO := us-vault-2026

##@ Start

.PHONY: help
help: ## List what one can do
	@awk 'BEGIN { FS = ":.*## "; print "Usage: make <target>   (PYTHON=python3.12 chooses the interpreter, JOBS=2 the test processes)" } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: .venv/.dev .venv/.project ## Make or update .venv with everything, development tools included
	@echo "Ready: .venv ($$($(PY) --version)), command .venv/bin/stockpile"

.PHONY: demo
demo: .venv/.project ## Solve the real case and write its report to out/
	@echo "Solving instances/$(DEMO) to a gap of 0.5 %, or for at most 7 minutes"
	@.venv/bin/stockpile solve instances/$(DEMO) --out out/$(DEMO) --gap 0.005 --time-limit 420 --profile $(DEMO_ARGS)
	@.venv/bin/stockpile report out/$(DEMO) --out out/$(DEMO)/report.html
	@echo "The report, for any browser: out/$(DEMO)/report.html"
	@echo "As text: out/$(DEMO)/summary.txt   as a workbook: out/$(DEMO)/plan.xlsx   all tables: out/$(DEMO)/tables/"

##@ Check

.PHONY: check
check: lint types layers test ## Lint, types, import layers and the quick tests

.PHONY: lint
lint: .venv/.dev ## Ruff: rules and formatting
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

.PHONY: types
types: .venv/.dev ## Mypy, strict
	@$(PY) -m mypy $(PACKAGES)

.PHONY: layers
layers: .venv/.dev ## Who may import whom
	@.venv/bin/lint-imports --no-logo

.PHONY: test
test: .venv/.dev ## Quick tests
	@$(PYTEST) -m "not slow and not deep and not browser and not cluster"

.PHONY: test-all
test-all: .venv/.dev ## The slow tests as well
	@$(PYTEST) -m "not deep and not browser and not cluster"

.PHONY: test-deep
test-deep: .venv/.dev ## Services broken for real: killed, frozen, without disk or database; takes long
	@$(PYTEST) -m deep

.PHONY: test-cluster
test-cluster: .venv/.dev ## Ray on several nodes of this machine, one of which is lost
	@$(PY) -m pytest $(PYTEST_ARGS) -m cluster tests/optimizer/decompose

.PHONY: test-browser
test-browser: .venv/.dev ## The pages in Chromium (STOCKPILE_CHROMIUM names it, if it is not on the PATH)
	@$(PY) -m pytest $(PYTEST_ARGS) -m browser tests/web

##@ Work

.PHONY: format
format: .venv/.dev ## Format, and fix what ruff can fix
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

.PHONY: docs
docs: .venv/.project ## Write the formulation page from the docstrings
	@$(PY) -m docs.build

.PHONY: bench
bench: .venv/.project ## Measure cases by methods into out/bench (BENCH_ARGS="--quick", more: docs/benchmarks.md)
	@$(PY) -m benchmarks.run $(BENCH_ARGS)

.PHONY: lock
lock: .venv/.dev ## Resolve the dependencies again into both lock files
	@$(UV_COMPILE) --upgrade --group build -o requirements.lock
	@$(UV_COMPILE) --upgrade --group build --group dev -c requirements.lock -o requirements-dev.lock
	@if grep -nE '://|^(-e|-f|-i|--)|^[^# ]+ @ ' requirements.lock requirements-dev.lock; then \
		echo "make lock: the lines above name an address; a lock file must not" >&2; exit 1; fi
	@$(MAKE) setup

.PHONY: clean
clean: ## Remove results and caches
	@rm -rf out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove .venv as well
	@rm -rf .venv

# The environment. A stamp newer than its lock means there is nothing to install.

.venv/bin/python:
	@set -e; found=; \
	for candidate in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3.14 python3 python); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "stockpile needs Python 3.11 or newer; $(if $(PYTHON),'$(PYTHON)' is not one,none is on the PATH)." >&2; \
		echo "Install one, or name it: make setup PYTHON=/path/to/python3.12" >&2; exit 1; fi; \
	echo "Making .venv with $$("$$found" --version)"; \
	"$$found" -m venv .venv || { rm -rf .venv; \
		echo "$$found cannot make an environment (Debian and Ubuntu: install python3-venv)." >&2; exit 1; }

.venv/.runtime: requirements.lock | .venv/bin/python
	@echo "Installing requirements.lock"
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

.venv/.project: pyproject.toml .venv/.runtime
	@$(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime | .venv/.project
	@echo "Installing requirements-dev.lock"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
