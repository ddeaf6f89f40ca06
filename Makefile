# Everything a fresh machine needs: Python, git and make. `make test` runs what CI runs; `make demo` shows what it is for.

PYTHON ?= python3
VENV ?= .venv
# Where torch comes from. PyTorch's own index has CPU builds; set it empty to take what pip finds by itself.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
PYTEST_WORKERS ?= 2

BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
INSTALLED := $(VENV)/.installed

# torch with more threads than cores is slower, and two test workers share the machine
export OMP_NUM_THREADS ?= 1
export TORCH_INDEX

.PHONY: help install lint test demo pictures requirements rules clean

help:
	@echo "make test      lint, types, floors and all tests"
	@echo "make lint      the first three alone"
	@echo "make demo      an example pull request, checked with both exporters"
	@echo "make pictures  the report as GitHub shows it, as PNG (needs Chromium)"
	@echo "make requirements  the hashes of what the actions install (tool/requirements.txt), from pyproject.toml"
	@echo "make rules     the pages and the table of the static rules, from the rules themselves"
	@echo "make clean     removes what these make: $(VENV), .environments, .demo"

install: $(INSTALLED)

# torch by itself first: a plain requirement takes the newest release with gigabytes of CUDA packages
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --no-deps $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(INSTALL) --editable '.[onnx,dev]'
	@touch $@

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: lint
	$(BIN)/pytest -n $(PYTEST_WORKERS)

demo: install
	$(BIN)/python examples/demo.py .demo

pictures: install
	$(BIN)/python docs/pictures.py

# Universal: one file for every system and Python from 3.10 on, with the hashes of all their wheels.
requirements: install
	$(BIN)/uv pip compile pyproject.toml --extra action --universal --python-version 3.10 --constraints constraints.txt \
		--generate-hashes --only-binary :all: --no-annotate --custom-compile-command "make requirements" --quiet \
		--output-file tool/requirements.txt

rules: install
	$(BIN)/python docs/rules.py

clean:
	rm -rf $(VENV) .environments .demo
