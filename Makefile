# Each of the first two targets sets up all it needs: Python 3.11+, make and (for the browser) apt are enough.
PYTHON ?= python3
VENV ?= .venv
LIGHT ?= .venv-light
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
SOURCES := pyproject.toml constraints.txt

.PHONY: run test lint test-fast checks bench site clean help

run: $(VENV)/zoos.done  ## Measure this machine's default set, validate it, build the site, say where it is
	$(BIN)/zoodata run

test: $(VENV)/dev.done  ## All checks: style, types, workflows, tests (with the zoos and a browser)
	.ci/browser
	$(MAKE) --no-print-directory checks
	$(BIN)/pytest -n auto --dist loadgroup

lint: $(LIGHT)/light.done  ## Style, types and workflows, in an environment without ML frameworks
	$(MAKE) --no-print-directory checks VENV=$(LIGHT)

test-fast: $(LIGHT)/light.done  ## The tests that need neither a framework nor a browser, in under two minutes
	$(LIGHT)/bin/pytest -n auto --dist loadgroup -m "not zoos and not browser and not slow"

checks:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/actionlint
	$(BIN)/zizmor --quiet --offline --no-progress .github/workflows

bench: $(VENV)/dev.done  ## Speed, as ratios within one run, beside the tools people use today
	$(PIP) --editable '.[zoos,site,dev,bench]'
	$(BIN)/python -m tests.bench

site: $(VENV)/zoos.done  ## The site alone, from the dataset as it is
	$(BIN)/zoodata site build

clean:  ## Remove environments and whatever was built
	rm -rf $(VENV) $(LIGHT) build dist site .pytest_cache .mypy_cache .ruff_cache

help:  ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-10s %s\n", $$1, $$2 }'

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "zoodata needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/zoos.done: $(VENV)/bin/python $(SOURCES)
	@echo "Installing the zoos (torch, TensorFlow, ONNX; some 9 GB, a few minutes)"
	$(PIP) --editable '.[zoos,site]'
	touch $@

$(VENV)/dev.done: $(VENV)/zoos.done
	$(PIP) --editable '.[zoos,site,dev]'
	touch $@

$(LIGHT)/light.done: $(SOURCES)
	$(MAKE) --no-print-directory $(LIGHT)/bin/python VENV=$(LIGHT)
	$(LIGHT)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[light]'
	touch $@
