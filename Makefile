# The two commands for newcomers are `make demo` and `make test`; each prepares what it needs.
.DEFAULT_GOAL := demo
.PHONY: install demo test check format bench chaos lock clean

BIN := .venv/bin

install: .venv/installed

.venv/installed: pyproject.toml requirements.lock deploy/prepare.sh
	sh deploy/prepare.sh environment
	touch $@

demo: install
	@sh deploy/prepare.sh demo
	@$(BIN)/python deploy/demo.py

# Three workers on two processors: half of the time a test waits for a server.
test: install
	@sh deploy/prepare.sh test
	$(BIN)/pytest -n 3 --dist worksteal
	@sh deploy/prepare.sh report

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install
	@sh deploy/prepare.sh bench
	$(BIN)/python -m tests.bench

chaos: install
	@sh deploy/prepare.sh test
	$(BIN)/python -m tests.chaos.run --kills 300

lock: install
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-header --no-annotate pyproject.toml deploy/build.in -o requirements.lock

clean:
	rm -rf .venv .venv-synapse .venv-peers var build
