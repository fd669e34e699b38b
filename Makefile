PYTHON ?= python3
VENV := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test test-vllm test-docker check format unit bench clean

help: ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install everything that running needs
	@$(PYTHON) infra/set_up.py

setup-dev:
	@$(PYTHON) infra/set_up.py --dev

run: setup ## Start Caseloop on this machine; Ctrl-C stops it
	@exec $(VENV)/caseloop run

test: setup-dev check ## Run every check and test
	@$(VENV)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(PYTEST_ARGS)
	@$(PYTHON) infra/set_up.py --npm test --silent

test-vllm: setup-dev ## Test against the real vLLM server with a tiny model, on the CPU; installs 2 GB
	@$(PYTHON) tests/vllm/environment.py
	@$(VENV)/python -m pytest tests/vllm $(PYTEST_ARGS)

test-docker: setup-dev ## Test learners' containers on a Docker engine, with images made here; none is pulled
	@$(PYTHON) tests/docker/machine_image.py
	@$(VENV)/python -m pytest tests/docker $(PYTEST_ARGS)

check: setup-dev ## ruff, mypy, import contracts
	@$(VENV)/ruff format --check .
	@$(VENV)/ruff check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports --no-logo

format: setup-dev ## Format and sort imports
	@$(VENV)/ruff check --fix-only .
	@$(VENV)/ruff format .

bench: setup-dev ## The five shortest measurements of speed; docs/reference/command-line.md lists all
	@for name in check startup firewall lint realtime; do $(VENV)/python -m benchmarks.$$name || exit $$?; done

clean: ## Remove environments, builds and caches; keeps your data in .caseloop
	rm -rf .venv .venv-learner .cache .mypy_cache .ruff_cache .pytest_cache web/node_modules web/labextension/caseloop_lab/labextension web/labextension/lib web/dashboard/dist
