.DEFAULT_GOAL := help
.PHONY: help setup notes test check bench train ship clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

help: ## say what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP) ## put a virtual environment with the exact versions of configs/constraints.txt into .venv

$(STAMP): pyproject.toml configs/constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cnnviz needs Python 3.11 or newer; name one with make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c configs/constraints.txt -e '.[dev]'
	touch $(STAMP)

notes: $(STAMP) ## build the book into build/ (settings: make notes ARGS="model=alexnet seed=1")
	$(BIN)/cnnviz notes $(ARGS)

test: $(STAMP) ## run the tests
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(STAMP) ## format, lint and type check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(STAMP) ## measure speed against other libraries
	$(BIN)/cnnviz bench $(ARGS)

train: $(STAMP) ## train the nets that come with the package, by their committed recipes, into build/trained
	$(BIN)/cnnviz train refnet $(ARGS)
	$(BIN)/cnnviz train refnet_adv $(ARGS)

ship: ## make what was trained the weights that come with the package
	rm -rf cnnviz_core/models/shipped/refnet cnnviz_core/models/shipped/refnet_adv
	cp -r build/trained/refnet build/trained/refnet_adv cnnviz_core/models/shipped/

clean: ## remove all products; the environment in .venv stays
	find build -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
