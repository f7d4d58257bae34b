# Each target sets up .venv first if it is not there. Python 3.11 to 3.13; another one: make PYTHON=python3.12 run

PROFILE ?= quick
USB ?= build/usb
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run lab handouts homework grade usb check-usb test test-browser lint outputs lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/ready ## run all lessons on the built-in pictures, pages in build/ (PROFILE=class or full for more)
	$(BIN)/python -m helpers.series --profile $(PROFILE) --out build

lab: .venv/ready ## open the lessons in JupyterLab
	$(BIN)/jupyter lab notebooks

handouts: .venv/ready ## pages to print and slides of all lessons, in build/handouts/
	$(BIN)/python -m helpers.handouts

homework: .venv/ready ## write the student version of the homework into course/release
	$(BIN)/python -m helpers.homework make

grade: .venv/ready ## grade homework that was handed in: make grade HOMEWORK=03 FROM=FOLDER
	$(BIN)/python -m helpers.homework grade $(HOMEWORK) $(if $(FROM),--from "$(FROM)")

usb: .venv/ready ## make a folder for a room without internet (USB=DIR USB_OPTIONS="--platform … --data …")
	$(BIN)/python -m helpers.usb make "$(USB)" $(USB_OPTIONS)

check-usb: .venv/ready ## check that folder, and install from it for a try (USB=DIR CHECK_OPTIONS=--fast)
	$(BIN)/python -m helpers.usb check "$(USB)" $(CHECK_OPTIONS)

test: .venv/ready lint ## check and run everything: helpers, lessons, stored outputs
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-browser: .venv/ready ## run all lessons in JupyterLab in Chromium, check the handouts, screenshots in build/browser
	$(BIN)/python -m pytest tests/browser -m browser

lint: .venv/ready ## check the form of code and lessons
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

outputs: .venv/ready ## run the lessons and store their outputs in notebooks/
	$(BIN)/python -m helpers.outputs

lock: .venv/ready ## renew requirements.txt from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
		--no-emit-index-url --custom-compile-command "make lock" --quiet -o requirements.txt

clean: ## delete .venv and build, never course
	rm -rf .venv build

# setup_venv.sh picks the Python and says in one sentence what is missing. The file `ready` is written last,
# so that an interrupted installation is taken up again.
.venv/ready: requirements.txt pyproject.toml setup_venv.sh
	@sh setup_venv.sh $(PYTHON)
	@touch $@
