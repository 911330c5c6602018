# Thousand. `make` alone says what there is.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
JOBS ?= 2
PY := .venv/bin/python
unexport PYTHONDONTWRITEBYTECODE # else each process of a market compiles Django and all of ours, for seconds

.DEFAULT_GOAL := help
.PHONY: help run test test-all bench chaos load scale lint fmt lock clean setup release
.SILENT:

help: ## what there is
	echo "make run        the whole site with a demo market: http://localhost:8000 (PORT=…, DATA_DIR=…)"
	echo "make release    packages, fonts, Dutch words, all compiled: what a live market starts from"
	echo "make test       the tests, without the slow ones (ARGS=… for pytest, JOBS=2)"
	echo "make test-all   all tests"
	echo "make bench      speed, one line of JSON per bench (ONLY=redirect, FULL=1)"
	echo "make chaos      a market under load whose parts are killed (MINUTES=10, REPORT=file.md)"
	echo "make load       a believable day, played by locust: failures, memory, p95 (MINUTES=30, PEOPLE=40, REPORT=file.md)"
	echo "make scale      one market on seven hosts, some of which die in a night (root, iproute2)"
	echo "make lint       style of Python and templates, import rules, migrations, translations"
	echo "make fmt        bring Python into shape"
	echo "make lock       pin the packages of requirements*.txt again"
	echo "make clean      remove what was installed and built; the data stays"

run: setup .env
	exec $(PY) manage.py up

setup: .venv/run.stamp .venv/fonts.stamp

# The users of the services may write nothing here: what they would compile at each start is compiled now.
release: setup
	place=$$(mktemp -d); trap 'rm -r "$$place"' EXIT; \
	  MARKET_MODE=demo DATA_DIR="$$place" $(PY) manage.py messages compile
	$(PY) -m compileall -qq affiliates config creators shop .venv/lib

test: .venv/dev.stamp .venv/fonts.stamp
	$(PY) -m pytest -n $(JOBS) -m "not slow" $(ARGS)

test-all: .venv/dev.stamp .venv/fonts.stamp
	THOROUGH=1 $(PY) -m pytest -n $(JOBS) $(ARGS)

bench: .venv/dev.stamp
	MARKET_MODE=demo ONLY="$(ONLY)" FULL="$(FULL)" $(PY) -m tests.benchmarks

chaos: .venv/dev.stamp
	$(PY) -m tests.chaos --minutes $(or $(MINUTES),10) $(if $(REPORT),--report $(REPORT))

load: .venv/dev.stamp .venv/load.stamp
	LOCUST=.venv/load/bin/locust $(PY) -m tests.load --minutes $(or $(MINUTES),30) --people $(or $(PEOPLE),40) \
	  $(if $(REPORT),--report $(REPORT))

scale: .venv/dev.stamp
	$(PY) -m tests.scale

lint: .venv/dev.stamp .env
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/djlint --lint --quiet templates
	$(PY) manage.py check
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py messages check
	$(PY) -m pytest -q tests/test_architecture.py

fmt: .venv/dev.stamp
	.venv/bin/ruff check --fix --quiet . || true
	.venv/bin/ruff format --quiet .

lock: .venv/dev.stamp
	for list in requirements requirements-dev; do \
	  .venv/bin/uv pip compile --quiet --generate-hashes --no-annotate --no-header --universal \
	    --python-version 3.11 $$list.txt -o $$list.lock; \
	done

clean:
	rm -rf .venv .ci-venv node_modules static/fonts .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path "./.data*" -prune -exec rm -rf {} +

.venv/load.stamp: requirements-load.txt .venv/dev.stamp
	$(PYTHON) -m venv .venv/load
	.venv/bin/uv pip install --quiet --python .venv/load/bin/python -r requirements-load.txt
	touch $@

.env:
	cp .env.example .env

.venv/pip.stamp:
	test -n "$(PYTHON)" && $(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	  || { echo "Thousand needs Python 3.11 or newer: make run PYTHON=/path/to/python3.11"; exit 2; }
	echo "Making the virtual environment …"
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv 2>/dev/null || true
	touch $@

# uv is quick; where it cannot reach an index, pip does the same with the same hashes.
define install
	echo "Installing the packages of $(1) …"
	.venv/bin/uv pip install --quiet --python $(PY) --require-hashes -r $(1) 2>/dev/null \
	  || $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
	touch $@
endef

.venv/run.stamp: requirements.lock | .venv/pip.stamp
	$(call install,requirements.lock)

.venv/dev.stamp: requirements-dev.lock | .venv/pip.stamp
	$(call install,requirements-dev.lock)
	touch .venv/run.stamp

# Two fonts, where npm is at hand; without them the system's fonts serve.
.venv/fonts.stamp: package.json | .venv/pip.stamp
	if command -v npm >/dev/null; then \
	  timeout 60 npm install --silent --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
	    >/dev/null 2>&1 && $(PY) -m config.fonts node_modules static/fonts >/dev/null || true; \
	fi
	touch $@
