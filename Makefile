# Every target calls the newswire command or a tool. Start with: make demo, or make help.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COVERAGE := $(BIN)/python -W ignore -m coverage# a process that a test kills leaves a broken file, which is warned about
LOCKS := requirements/uv.txt requirements/dev.txt
COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"

.PHONY: help demo up down status logs test check format golden lock bench chaos clean
.DEFAULT_GOAL := demo

$(STAMP): $(LOCKS) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Newswire needs Python 3.11 or newer; run make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt requirements/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP)  ## start everything, crawl the demo press, compare the result with the truth
	@$(BIN)/newswire demo run

up: $(STAMP)  ## start the servers, Airflow and the stages
	@$(BIN)/newswire up

down:  ## stop everything that demo or up started
	@test ! -x $(BIN)/newswire || $(BIN)/newswire down

status: $(STAMP)  ## show what runs, where, and how far behind it is
	@$(BIN)/newswire status

logs: $(STAMP)  ## show the last lines of every process
	@$(BIN)/newswire logs

test: $(STAMP)  ## run every test, real servers included, and measure branch coverage
	@$(COVERAGE) erase
	@$(BIN)/python -m coverage run -m pytest
	@$(COVERAGE) combine --quiet
	@total=$$($(COVERAGE) report --format=total); status=$$?; \
	echo "Branch coverage of newswire, consumers and schemas: $$total %"; exit $$status

check: $(STAMP)  ## run linters, types, import rules, dependency rules and unit tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/python -m pytest -q tests/unit

format: $(STAMP)  ## apply ruff's fixes and formatting
	@$(BIN)/ruff check --fix-only . ; $(BIN)/ruff format .

golden: $(STAMP)  ## show where parse differs from the golden pages; GOLDEN='--accept NAME' takes a result over
	@$(BIN)/python tests/golden/review.py $(GOLDEN)

lock: $(STAMP)  ## resolve requirements/*.txt from pyproject.toml again, keeping versions that still fit
	@$(COMPILE) pyproject.toml --extra airflow -o requirements/airflow.txt
	@$(COMPILE) pyproject.toml -c requirements/airflow.txt -o requirements/consumers.txt
	@$(COMPILE) --group pyproject.toml:build -c requirements/airflow.txt -o requirements/build.txt
	@$(COMPILE) pyproject.toml --extra airflow --extra stack --group dev -c requirements/airflow.txt -o requirements/dev.txt
	@awk '/^uv==/{p=1;print;next} p&&/^ /{print;next} p{exit}' requirements/dev.txt > requirements/uv.txt

bench: $(STAMP)  ## measure throughput and quality against the committed baselines
	@$(BIN)/python -m benchmarks

chaos: $(STAMP)  ## kill, break and poison everything for MINUTES (10), then audit what is left from outside
	@$(BIN)/python -m benchmarks.chaos --minutes $(or $(MINUTES),10)

clean: down  ## stop everything and delete .venv and the stack's data
	@rm -rf $(VENV) .newswire
