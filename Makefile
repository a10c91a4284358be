# One word per chore. Every chore sets up its own environment first; nothing but git, make and python3 has to be there.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

# Explicit in every process: Ray turns token authentication on by itself in some of them and not in others.
export RAY_AUTH_MODE := token
# Without compiled bytecode every agent's process imports its libraries twice as slowly.
export UV_COMPILE_BYTECODE := 1

python := .venv/bin/python
# Tests with processes of Ray stay in one: under load its start takes long, and hung agents are told by the clock.
two := --numprocesses 2 --dist loadfile

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## run the example plan with the local model; no key, no bill
	./mnemosyne run examples/briefing/plan.yaml --model local

.PHONY: setup
setup: ## make or update the locked environment
	@./mnemosyne --setup

.PHONY: test
test: setup browser watchers database lint types contracts ## everything CI runs; stops at the first chore that fails
	$(python) -m pytest $(two) -m "not faults" tests/unit tests/services tests/test_architecture.py
	$(python) -m pytest -m "not faults" tests/integration tests/test_examples.py

.PHONY: browser
browser: ## install Chromium for the tests of the page, if it is missing and this is Debian's root
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update && \
	    apt-get -qq install --no-install-recommends chromium fonts-dejavu-core >/dev/null; } || \
	  echo "there is no Chromium here: the tests of the page are skipped"

.PHONY: watchers
watchers: ## install Prometheus for the tests of metrics, if it is missing and this is Debian's root
	@{ command -v prometheus && command -v promtool && command -v prometheus-alertmanager; } >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update && \
	    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends prometheus prometheus-alertmanager \
	    >/dev/null; } || \
	  echo "there is no Prometheus here: the tests over it are skipped"

.PHONY: database
database: ## install PostgreSQL for the tests of the store, if it is missing and this is Debian's root
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update && \
	    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends postgresql >/dev/null; } || \
	  echo "there is no PostgreSQL here: the tests over it are skipped"

.PHONY: machines
machines: ## install iproute2 and Redis for the tests over several machines, if one is missing and this is Debian's root
	@{ command -v ip && command -v redis-server; } >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update && \
	    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends iproute2 redis-server >/dev/null; } || \
	  echo "there is no iproute2 or no Redis here: tests over several machines are skipped"

.PHONY: picture
picture: setup ## draw the README's picture of the terminal from a run's journal: make picture run=RUN seconds=20 home=DIR
	$(python) -m docs.picture $(or $(home),.mnemosyne) $(run) $(seconds)

.PHONY: pictures
pictures: setup browser ## take the README's pictures of the page
	$(python) -m docs.pictures

.PHONY: boards
boards: setup browser watchers ## take pictures of Grafana's boards, drawn by its npm libraries over a real Prometheus
	$(python) -m docs.boards

.PHONY: lint
lint: setup ## ruff: rules and format, changes nothing
	$(python) -m ruff check .
	$(python) -m ruff format --check .

.PHONY: format
format: setup ## ruff: mend what can be mended
	$(python) -m ruff check --fix .
	$(python) -m ruff format .

.PHONY: types
types: setup ## mypy, strict
	$(python) -m mypy

.PHONY: contracts
contracts: setup ## import contracts: cluster -> dashboards -> actors
	.venv/bin/lint-imports --no-logo

.PHONY: unit
unit: setup ## tests without Ray
	$(python) -m pytest $(two) tests/unit

.PHONY: services
services: setup browser watchers ## tests over real servers, models and browsers, without Ray
	$(python) -m pytest $(two) -m "not faults" tests/services

.PHONY: integration
integration: setup ## tests on one embedded Ray
	$(python) -m pytest -m "not faults" tests/integration

.PHONY: faults
faults: setup browser watchers database machines ## long proofs with killed processes
	$(python) -m pytest -m faults

.PHONY: campaign
campaign: setup ## strike a fleet at work for a while: make campaign seconds=1800 seed=7 store=postgres json=FILE
	$(python) -m tests.campaign --seconds $(or $(seconds),60) $(if $(seed),--seed $(seed)) \
	  --store $(or $(store),sqlite) $(if $(json),--json $(json)) $(if $(keep),--keep $(keep))

.PHONY: docs
docs: setup ## draw the pages that are made from tables
	$(python) -m dashboards.wire.docs
	$(python) -m dashboards.metrics.docs
	$(python) -m dashboards.grafana.generate
	$(python) -m cluster.docs.states_doc
	$(python) -m cluster.docs.failures_doc
	$(python) -m cluster.docs.plan_doc
	$(python) -m cluster.cli.docs

parts := bench-graphs bench-calls bench-limits bench-kills bench-growth bench-talks bench-cache

.PHONY: bench
bench: $(parts) ## W1-W9, ours beside peers in environments of their own, into benchmarks/RESULTS.md; 25 minutes

.PHONY: $(parts)
bench-graphs: ## W1-W3: what an item costs that does nothing: Ray, asyncio, LangGraph, DBOS, Prefect, Dask
bench-calls: ## W4: what a call to Claude costs: the SDK alone, Ray, LangGraph, DBOS, Prefect
bench-limits: ## W5: calls at the limit of an API: the SDK's retries, LangGraph's, ours
bench-kills: ## W6: SIGKILL in the middle of a fan-out of calls: what is paid twice
bench-growth: ## W7: what grows with the items of a plan: time, memory, journal
bench-talks: ## W8: what the turns of a conversation take on disk
bench-cache: ## W9: what a fan-out pays for the beginning that its prompts share
$(parts): setup database
	$(python) -m benchmarks.$(@:bench-%=%)
	$(python) -m benchmarks.report

.PHONY: bench-governor
bench-governor: setup ## W5, too: two runs on one fleet, and the governor killed; six minutes
	$(python) -m benchmarks.limits "mnemosyne, two runs with a driver each" "mnemosyne, the governor killed"
	$(python) -m benchmarks.report

.PHONY: bench-lock
bench-lock: setup ## write the peers' requirements.txt anew from their requirements.in
	$(python) -m benchmarks.peers.environments

.PHONY: spine
spine: setup ## what the product costs per item, against raw Ray calls and without Ray
	$(python) -m benchmarks.spine

.PHONY: recovery
recovery: setup ## how soon faults are found and work goes on; about an hour, most of it waiting
	$(python) -m benchmarks.recovery

.PHONY: idle
idle: setup ## how long `up` takes, and the memory of a fleet that does nothing
	$(python) -m benchmarks.idle

.PHONY: scale
scale: setup ## what grows with items and agents: driver, store, governor
	for part in items agents governor; do $(python) -m benchmarks.scale $$part || exit 1; done

.PHONY: lock
lock: setup ## write requirements.lock anew from pyproject.toml (newer versions: make lock args=--upgrade)
	PATH="$$PATH:$(CURDIR)/.tools/uv/bin" uv pip compile --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --group dev pyproject.toml --output-file requirements.lock --quiet $(args)

.PHONY: clean
clean: ## remove the environment and every cache; homes of fleets stay
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
