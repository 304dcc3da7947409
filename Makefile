PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-cluster lint bench fuzz demo-runs locales clean setup setup-dev

run: setup
	$(BIN)/streamlit run app.py

# Two at a time, a file by one of them: half of the tests wait for a browser or another process. Such a one may fail for
# the machine's sake: what fails is run a second time and named at the end, and what fails twice has failed.
test: setup-dev lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --reruns 1 -r fER

# On two real Ray nodes. No part of `make test`: Ray is 70 MB, and only for clusters.
test-cluster: setup-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-cluster.txt
	$(BIN)/python -m pytest tests/core/jobs/test_ray_cluster.py

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup-dev
	$(BIN)/python -m bench charlm

fuzz: setup-dev
	HIDDEN_STATE_FUZZ=$(or $(CASES),10000) $(BIN)/python -m pytest tests/fuzz --timeout=0 --durations=0 --durations-min=1

locales: setup-dev
	$(BIN)/python locales/update.py

demo-runs: setup
	$(BIN)/python -m core.commands.demo_runs

setup: $(VENV)/.run-ready
setup-dev: $(VENV)/.dev-ready

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else "Python 3.11 to 3.13 is needed, this is %d.%d: make run PYTHON=python3.12" % v)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev-ready: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.run-ready

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis
