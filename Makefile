# Each target sets up .venv first if it is not there. Python 3.11 to 3.13; another one: make PYTHON=python3.12 run

PROFILE ?= quick
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run lab test test-browser lint lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/ready ## run all lessons on the built-in images, and make the book of it (PROFILE=class or full for more)
	$(BIN)/lessons run --profile $(PROFILE) --out build

# Homework with its solutions, in folders of its own, stays out of sight; a learner's copy has it without.
lab: .venv/ready ## open the lessons in JupyterLab
	$(BIN)/jupyter trust notebooks/*.ipynb > /dev/null
	$(BIN)/jupyter lab notebooks $(if $(wildcard notebooks/homework/*/),--ContentsManager.hide_globs=homework)

test: .venv/ready-dev lint ## check and run everything: helpers, lessons, stored outputs
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-browser: .venv/ready-dev ## run all lessons in JupyterLab in Chromium, look at the book, screenshots in build/browser
	$(BIN)/python -m pytest tests/browser -m browser

lint: .venv/ready-dev ## check the form of code and lessons
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lock: .venv/ready-dev ## renew requirements.txt from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
		--no-emit-index-url --custom-compile-command "make lock" --quiet -o requirements.txt

clean: ## delete .venv and build, never course
	rm -rf .venv build

# setup_venv.sh picks the Python and says in one sentence what is missing. The stamps are written last,
# so that an interrupted installation is taken up again. They hold the path of the checkout: in one that was
# copied or moved, .venv would run the code of the old place.
ifneq ($(shell cat .venv/ready 2>/dev/null),$(CURDIR))
.PHONY: .venv/ready .venv/ready-dev
endif

.venv/ready: requirements.txt pyproject.toml setup_venv.sh
	@sh setup_venv.sh "$(PYTHON)"
	@pwd -P > $@

.venv/ready-dev: requirements.txt pyproject.toml setup_venv.sh
	@sh setup_venv.sh "$(PYTHON)" dev
	@pwd -P > .venv/ready
	@touch $@
