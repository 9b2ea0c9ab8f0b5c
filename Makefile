# `make` lists what can be made.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help quickstart test lint docs serve clean

help:  ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

quickstart: $(READY)  ## Install, then run one complete transfer between artificial languages (3 minutes, offline)
	$(BIN)/ctl transfer --config configs/transfer/quickstart.yaml
	$(BIN)/ctl tag --model runs/quickstart --format pretty docs/tagging.txt
	@printf '%s\n' 'next: $(BIN)/ctl inspect runs/quickstart --students  # soft labels, word by word, in one HTML page' \
	  '      $(BIN)/ctl report runs/quickstart  # tables and figures' \
	  '      $(BIN)/ctl sources --help  # your own languages: which to learn from'

test: $(READY) lint docs  ## Install, then check style and types, build the docs and run all tests; says what is skipped
	$(BIN)/python -m pytest -rs --numprocesses auto --dist loadfile

lint: $(READY)  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)  ## Build the documentation into site/, without network; open site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

serve: $(READY)  ## Show the documentation at http://localhost:8000, anew after every change
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

clean:  ## Remove the environment and the runs
	rm -rf .venv runs site

# The environment is made anew only when the lock or the project's metadata change.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ctl needs Python 3.11 or newer: make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	-$(BIN)/python -m ctl.commands.help  # help of the commands with many options, which takes long the first time
	@touch $@
