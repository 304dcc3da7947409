PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-all test-cluster lint bench fuzz demo-runs locales clean setup setup-dev

run: setup
	$(BIN)/streamlit run app.py

# Three at a time on two cores: many tests wait for a browser or another process. The tests of a file share their
# fixtures, which train networks, so a file stays in one process. A browser test that fails is run once more.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -r fER

test: setup-dev
	$(PYTEST) -m "not exhaustive"

# Lint, types and import rules, then all tests: also every control of every lab view in the browser, every moment of a kill, 500 fuzz cases a reader.
test-all: setup-dev lint
	HIDDEN_STATE_FUZZ=500 $(PYTEST)

# On two real Ray nodes. No part of `make test`: Ray is 70 MB, and only for clusters.
test-cluster: setup-dev
	$(BIN)/python .ci/install.py cluster
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

# pyproject.toml says what is needed, constraints.txt at which versions.
$(VENV)/.run-ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python .ci/install.py
	@touch $@

$(VENV)/.dev-ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python .ci/install.py dev
	@touch $@ $(VENV)/.run-ready

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis
