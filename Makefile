# The commands a person types. `make run` and `make test` need nothing but Python 3.11+ and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The tests start hundreds of Pythons: each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast check format bench screenshots dist clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(VENV)/.run ## make the environment; .venv/bin/plum-emulator is then there

run: $(VENV)/.run ## start the emulator on http://127.0.0.1:7586; options: make run ARGS="--clock manual"
	@exec $(BIN)/plum-emulator serve $(ARGS)

test: $(VENV)/.dev ## bring what the tests need, and run all of them
	@sh tests/bring-tools.sh
	@$(BIN)/python -m pytest -n 2

test-fast: $(VENV)/.dev ## the inner loop: no real programs, no docs, few examples of each law; half a minute
	@$(BIN)/python -m pytest -n 2 -m 'not journey and not slow' --hypothesis-profile few \
		--ignore tests/docs --ignore tests/journeys --ignore tests/browser

check: $(VENV)/.dev ## formatting, lint, types, imports, docs
	@$(BIN)/ruff format --check --quiet . || { echo 'some files want formatting: make format' >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/docs

format: $(VENV)/.dev ## format the code and mend what lint can mend
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

bench: $(VENV)/.dev ## measure, and write bench/RESULTS.md
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@$(BIN)/python -m bench

screenshots: $(VENV)/.dev ## take the manual's pictures anew, into docs/images/
	@sh tests/bring-tools.sh
	@PYTHONPATH=tests $(BIN)/python -m screenshots

dist: $(VENV)/.dev ## build the wheel and the source archive into dist/
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	@$(BIN)/python -m build --quiet

clean: ## remove the environment and all caches
	@rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
