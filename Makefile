# Each of the first two targets sets up all it needs: Python 3.11+, make and (for the browser) apt are enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
SOURCES := pyproject.toml constraints.txt

.PHONY: run test lint bench site clean

run: $(VENV)/zoos.done  ## Measure this machine's default set, validate it, build the site, say where it is
	$(BIN)/zoodata run

test: $(VENV)/dev.done  ## All checks: style, types, tests (with the zoos and a browser)
	.ci/browser
	$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n auto --dist loadgroup

lint: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/dev.done  ## Speed, as ratios within one run, beside the tools people use today
	$(PIP) --editable '.[zoos,site,dev,bench]'
	$(BIN)/python -m tests.bench

site: $(VENV)/zoos.done
	$(BIN)/zoodata site build

clean:
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache

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
