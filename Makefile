PYTHON ?= python3
VENV := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test test-web test-vllm test-docker check style types imports format unit bench clean

help: ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install everything that running needs
	@$(PYTHON) infra/set_up.py

setup-dev:
	@$(PYTHON) infra/set_up.py --dev

run: setup ## Start Caseloop on this machine; Ctrl-C stops it
	@exec $(VENV)/caseloop run

test: setup-dev ## Run every check and test
	@$(MAKE) --no-print-directory --jobs=2 --output-sync check test-web
	@$(VENV)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(PYTEST_ARGS)

test-web: setup-dev
	@$(PYTHON) infra/set_up.py --npm test --silent

test-vllm: setup-dev ## Test against the real vLLM server with a tiny model, on the CPU; installs 2 GB
	@$(PYTHON) tests/vllm/environment.py
	@$(VENV)/python -m pytest tests/vllm $(PYTEST_ARGS)

test-docker: setup-dev ## Test learners' containers on a Docker engine, with images made here; none is pulled
	@$(PYTHON) tests/docker/machine_image.py
	@$(VENV)/python -m pytest tests/docker $(PYTEST_ARGS)

check: style types imports ## ruff, mypy, import contracts

style: setup-dev
	@$(VENV)/ruff format --check .
	@$(VENV)/ruff check .

types: setup-dev
	@$(VENV)/mypy

imports: setup-dev
	@$(VENV)/lint-imports --no-logo

format: setup-dev ## Format and sort imports
	@$(VENV)/ruff check --fix-only .
	@$(VENV)/ruff format .

bench: setup-dev ## The five shortest measurements of speed; docs/reference/command-line.md lists all
	@for name in check startup firewall lint realtime; do $(VENV)/python -m benchmarks.$$name || exit $$?; done

clean: ## Remove environments, builds and caches; keeps your data in .caseloop
	rm -rf .venv .venv-learner .cache .mypy_cache .ruff_cache .pytest_cache web/node_modules web/labextension/caseloop_lab/labextension web/labextension/lib web/dashboard/dist
