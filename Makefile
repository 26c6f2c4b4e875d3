# Every target sets up what it needs in .venv first; nothing else is touched.
PYTHON ?= python3
BIN = .venv/bin
export PYTHON

.PHONY: demo test test-all check bench clean dev runtime

demo: runtime  ## a simulated company, the real connector, a report in driftline-demo/
	@$(BIN)/driftline demo --out driftline-demo

test: dev  ## everything once, in a few minutes
	$(BIN)/python -m pytest -n 2 -m "not full"

test-all: dev  ## the large numbers
	$(BIN)/python -m pytest -n 2 -m full

check: dev  ## linters, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/vulture
	$(BIN)/check-jsonschema --check-metaschema config.schema.json

bench:  ## speed, as ratios in one run
	@sh benchmarks/run

clean:  ## remove what the targets made
	rm -rf .venv .venv-bench build dist driftline-demo .pytest_cache .mypy_cache .ruff_cache *.egg-info

runtime:
	@.ci/bootstrap requirements.lock

dev:
	@.ci/bootstrap requirements-dev.lock
