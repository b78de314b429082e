# The project's commands; `make help` lists them. Each works on a fresh machine with Python 3.11+, pip and make.
PYTHON ?= python3
BIN := .venv/bin
LOCK := deploy/lock
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bulk-update-gateway
# Python keeps what it compiled, whatever the machine says: half of the start of a gateway is compiling, and tests start hundreds.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: compiled test-compiled help setup demo serve test test-all unit lint types layers checks format audit sbom lock reference bench bench-quick fuzz fuzz-api faults soak docs keycloak keycloak-test servers clients command coverage retest clean

##@ Start
demo: .venv/.demo ## Send one batch for each answer of the contract through the real service (half a minute the first time, then seconds; CORE=rpc or CORE=nested: another core)
	@$(BIN)/python -m sandbox demo $(SPOKEN)

SPOKEN = $(if $(filter command,$(origin CORE)),--core "$$CORE")
# What the command line sets is a setting of the gateway, but for these. Make exports it, so the shell quotes the values.
OWN := CORE PORT PYTHON CACHE PYTHONDONTWRITEBYTECODE SHELL
SERVED = $(foreach name,$(sort $(filter-out $(OWN) MAKE%,$(.VARIABLES))),$(if $(filter command,$(origin $(name))),--set "$(name)=$$$(name)"))
serve: .venv/.demo ## Keep core, identity provider and gateway running; prints a curl to paste, in half a minute (PORT=8080 CORE=rpc RATE_LIMIT=10/minute)
	@$(BIN)/python -m sandbox serve $(SPOKEN) $(if $(filter command,$(origin PORT)),--port "$$PORT") $(SERVED)

keycloak: setup ## Fetch the real Keycloak, start it with deploy/keycloak/realm.json, print who can log in
	@$(BIN)/python -m deploy.keycloak

test: checks ## Everything that must be green before a commit (10 minutes on two processors)
	$(BIN)/python -m pytest -m "not slow and not keycloak" -n 5 --dist loadfile

retest: checks ## Once more, one by one, what failed in make test: a failure that was the load's ends here
	$(BIN)/python -m pytest -m "not slow and not keycloak" --last-failed --last-failed-no-failures none

##@ Parts
setup: .venv/.locked ## Make .venv from the lock file (a minute)

.venv/.locked: $(LOCK)/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say PYTHON=python3.11")'
	@$(PYTHON) -m deploy.set_up .venv $(LOCK)/dev.txt
	@touch $@ .venv/.demo

# What a demo runs is a fifth of what a test needs, and part of it.
.venv/.demo: $(LOCK)/demo.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say PYTHON=python3.11")'
	@$(PYTHON) -m deploy.set_up .venv $(LOCK)/demo.txt --lean
	@touch $@

unit: setup ## The fast tests only, properties with few examples (a minute)
	$(BIN)/python -m pytest tests/unit -q -m "not slow" -n 3 --hypothesis-profile quick

lint: setup audit ## ruff (rules, the S ones included, and format) and the audit of what is locked (16 s)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy, strict (a minute the first time, then 2 s)
	$(BIN)/mypy

layers: setup ## Imports go one way (1 s)
	$(BIN)/lint-imports

# Side by side: mypy has one process, and the audit waits for the network.
checks: setup ## lint, types and layers at once (a minute the first time, then 20 s)
	@$(MAKE) --no-print-directory -j 4 lint types layers tests/__pycache__

# Once, or each process of a first `make test` compiles all tests for itself. What is wrong with one is said there.
tests/__pycache__: | .venv/.locked
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null || true

format: setup ## Let ruff mend what it can (2 s)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

##@ Longer
compiled: setup ## A copy of the tree with the hot path compiled: build/compiled, and make -C build/compiled serve (a minute the first time)
	@$(BIN)/python -m deploy.compiled build/compiled

# The copy has the same tests, and what they start runs compiled too.
test-compiled: compiled ## The tests once more over the compiled form (10 minutes)
	cd build/compiled && $(BIN)/python -m pytest tests/unit tests/contract tests/api tests/faults tests/e2e \
		-m "not slow and not keycloak" -n 3 --dist loadfile

test-all: test coverage test-compiled keycloak-test clients ## Slow properties, the OpenAPI-driven fuzz, generated clients and the real Keycloak as well
	$(BIN)/python -m pytest -m slow

coverage: setup ## The same tests once more, with the share of the code that they run: at least 95 % (12 minutes)
	$(BIN)/python -m pytest -m "not slow and not keycloak" -n 3 --dist loadfile --hypothesis-profile long \
		--cov --cov-report=term --cov-fail-under=95

servers: ## Debian's packages for tests that need a server or a browser: redis-server, chromium, prometheus, nginx (as root, a minute)
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends redis-server chromium prometheus nginx >/dev/null

clients: setup ## Generators and linters of the OpenAPI document for make test-all (Go, Java, Maven, Mono and Node are the machine's)
	@$(BIN)/python -m tests.clients.tools

keycloak-test: setup ## The gateway against the real Keycloak, which is fetched; skipped with the reason where it cannot be (2 minutes)
	$(BIN)/python -m pytest -m keycloak

bench: setup ## Workloads W1 to W5 against the peers, and what telemetry, keys, rates, streams and jobs cost; writes bench/results (an hour)
	$(BIN)/python -m bench

bench-quick: setup ## The same in about a minute
	$(BIN)/python -m bench --quick

fuzz: setup ## Ten minutes of random answers at the engine's parser
	$(BIN)/python -m tests.fuzz.answers --seconds 600

fuzz-api: setup ## Thousands of requests made from the OpenAPI document
	$(BIN)/python -m pytest tests/fuzz/test_openapi.py -m slow

faults: setup ## Inject each fault of docs/reliability.md on real sockets; prints how many rows are shown
	@$(BIN)/python -m tests.faults -n 3 --dist loadfile

soak: setup ## All faults at once for ten minutes, then half a minute without an answer of the core
	@$(BIN)/python -m tests.faults.soak --seconds 600
	@$(BIN)/python -m tests.faults.soak.black_hole --seconds 30

command: setup ## Build the partners' command as one wheel of its own: build/*.whl, for pipx (20 s)
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build ./cli
	@rm -rf cli/build cli/*.egg-info

##@ Supply chain
audit: setup ## Known weaknesses of what is locked; says so where the advisory service cannot be reached (16 s)
	$(BIN)/python deploy/audit.py

sbom: setup ## Bill of materials of what runs: build/sbom.cdx.json (CycloneDX) (9 s)
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements --validate --output-reproducible -o build/sbom.cdx.json $(LOCK)/runtime.txt

##@ Maintenance
reference: setup ## Write docs/reference from the code: its tables, and Postman's and Bruno's collections (5 s)
	$(BIN)/python -m gateway.reference docs/reference

docs: setup ## Build the docs into build/site, with warnings as errors (6 s)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -f deploy/docs/mkdocs.yml

lock: setup ## Compile the lock files anew
	$(BIN)/python -m pip install --quiet uv
	@for name in "runtime:" "demo:--extra cli" "traces:--extra traces" "jobs:--extra jobs --extra traces" "compile:--extra compile" "dev:--extra traces --extra jobs --extra cli --extra dev"; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			--no-annotate $${name#*:} setup.cfg -o $(LOCK)/$${name%%:*}.txt; done

clean: ## Remove what the commands above made (1 s)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage build site
	find . -name __pycache__ -prune -exec rm -rf {} +

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
