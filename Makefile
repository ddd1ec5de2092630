# Every target is one call of the newswire command or of a tool. Start with: make demo

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCKS := requirements/uv.txt requirements/dev.txt
COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"

.PHONY: demo up down status logs test check format lock bench clean
.DEFAULT_GOAL := demo

$(STAMP): $(LOCKS) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Newswire needs Python 3.11 or newer; run make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt requirements/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: $(STAMP)  ## start everything, crawl the demo press, compare with the truth
	@$(BIN)/newswire demo run

up: $(STAMP)  ## start the servers, Airflow and the stages
	@$(BIN)/newswire up

down:  ## stop all of it
	@test ! -x $(BIN)/newswire || $(BIN)/newswire down

status: $(STAMP)  ## what runs, where, how far behind
	@$(BIN)/newswire status

logs: $(STAMP)  ## the last lines of every process
	@$(BIN)/newswire logs

test: $(STAMP)  ## everything, real servers included
	@$(BIN)/python -m pytest

check: $(STAMP)  ## linters, types, import rules, unit tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/unit

format: $(STAMP)
	@$(BIN)/ruff check --fix-only . ; $(BIN)/ruff format .

lock: $(STAMP)  ## renew requirements/*.txt from pyproject.toml
	@$(COMPILE) pyproject.toml --extra airflow -o requirements/airflow.txt
	@$(COMPILE) pyproject.toml -c requirements/airflow.txt -o requirements/consumers.txt
	@$(COMPILE) --group pyproject.toml:build -c requirements/airflow.txt -o requirements/build.txt
	@$(COMPILE) pyproject.toml --extra airflow --extra stack --group dev -c requirements/airflow.txt -o requirements/dev.txt
	@awk '/^uv==/{p=1;print;next} p&&/^ /{print;next} p{exit}' requirements/dev.txt > requirements/uv.txt

bench: $(STAMP)  ## throughput and quality, against the committed baselines
	@$(BIN)/python -m benchmarks

clean: down
	@rm -rf $(VENV) .newswire
