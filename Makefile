# `make run` and `make test` need only Python 3.11+, make and git (and, for the browser tests, Chromium).
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9
PORT ?= 8000
DATA ?= data
# tests wait for servers and browsers as much as they compute
TEST_PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(2 * os.cpu_count())')

.PHONY: run demo test lint bench screenshots clients format clean

run: .venv/run
	@$(BIN)/ashiato serve --port $(PORT) --data $(DATA)

demo: .venv/dev
	@$(BIN)/ashiato demo

test: .venv/dev
	$(PYTHON) tests/browser_setup.py
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadfile

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev
	$(BIN)/python -m tests.bench

# every page in both languages, both themes, on a desk and a phone
screenshots: .venv/dev
	$(PYTHON) tests/browser_setup.py
	$(BIN)/python -m tests.screenshots

# the Python and the TypeScript client into build/clients; the second needs Node and npm
clients: .venv/dev
	$(BIN)/python -m clients.make

# what the locked packages are made of (CycloneDX), our code by bandit, and known weaknesses of the packages. The last step asks
# public services; where they cannot be reached it says so and fails, since nothing was checked
audit: .venv/dev .venv/audit
	@mkdir -p build
	.venv/audit-tools/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --of JSON \
		-o build/sbom.json requirements/run.txt
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml api frontend marketplace certificates offset_calc
	.venv/audit-tools/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements/run.txt

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv build data

# the virtual environment, with uv bootstrapped by pip: hashed requirements, no lock file of registry addresses
.venv/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "python3 -m venv failed; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/run: .venv/uv requirements/run.txt pyproject.toml
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/run.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q api frontend marketplace certificates offset_calc
	@touch $@

.venv/dev: .venv/run requirements/dev.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

.venv/audit: .venv/uv requirements/audit.txt
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/audit-tools
	@$(BIN)/uv pip install --quiet --python .venv/audit-tools/bin/python --require-hashes -r requirements/audit.txt
	@touch $@
