# Every target sets up what it needs in .venv first; nothing else is touched.
PYTHON ?= python3
BIN = .venv/bin
# How long `make soak` plays new schedules.
MINUTES ?= 5
export PYTHON
# Compiled modules are kept, also where the environment says otherwise: without them every worker
# and every program that a test starts compiles all of ours anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test test-all soak check deploy-check docs bench lock clean dev runtime

demo: runtime  ## a simulated company in three systems, the real connectors, a report in driftline-demo/
	@$(BIN)/driftline demo --out driftline-demo

# By module: what the tests of one share is made once.
test: dev  ## everything once, in a few minutes
	$(BIN)/python -m pytest -n 2 --dist loadscope --randomly-seed=1 -m "not full"

test-all: dev  ## the large numbers, and every property with many more examples
	HYPOTHESIS_PROFILE=full $(BIN)/python -m pytest -n 2 --randomly-seed=1 -m "full or hypothesis"

soak: dev  ## explore: new schedules for MINUTES, then other examples in another order; never a gate
	PYTHONPATH=tests $(BIN)/python -m convergence.soak --minutes $(MINUTES)
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -n 2 -m hypothesis \
		--randomly-seed=$$(date +%s)

check: dev  ## linters, types, import contracts, the configuration's schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/vulture
	$(BIN)/check-jsonschema --check-metaschema config.schema.json
	$(BIN)/check-jsonschema --schemafile config.schema.json config.example.toml

deploy-check:  ## linters of the container and of the Kubernetes job, in an environment of their own
	@test -x .venv-deploy/bin/hadolint || { $(PYTHON) -m venv .venv-deploy && \
		.venv-deploy/bin/pip --disable-pip-version-check install -qq --no-deps --require-hashes \
		-r requirements-deploy.txt; }
	.venv-deploy/bin/hadolint deploy/Containerfile
	.venv-deploy/bin/kubernetes-validate --strict deploy/kubernetes-cronjob.yaml

docs:  ## the pages as a site in build/site; a broken link fails
	@test -x .venv-docs/bin/mkdocs || { $(PYTHON) -m venv .venv-docs && \
		.venv-docs/bin/pip --disable-pip-version-check install -qq --no-deps --require-hashes \
		-r requirements-docs.txt; }
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet

bench:  ## speed, as ratios in one run
	@sh benchmarks/run

lock:  ## the lock files from pyproject.toml; needs uv
	@.ci/lock

clean:  ## remove what the targets made
	rm -rf .venv .venv-bench .venv-deploy .venv-docs build dist driftline-demo .coverage \
		.pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime:
	@.ci/bootstrap requirements.lock

dev:
	@.ci/bootstrap requirements-dev.lock
