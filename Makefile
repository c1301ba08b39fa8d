# `make` alone prints the menu: each target's line is the comment behind its "##".
.DEFAULT_GOAL := menu
BIN := .venv/bin
READY := .venv/.ready
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header pyproject.toml $(ARGS)

.PHONY: menu setup demo test long planted gpio check bench firmware lock clean

menu:
	@echo "Lisière. Type make and one of these words; more can follow as ARGS=\"...\""
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## prepare this folder (the other words do it by themselves)
	@echo "Ready. Next: make demo"

$(READY): requirements.lock pyproject.toml tools/setup
	@bash tools/setup

demo: $(READY)  ## show a simulated workshop, without any hardware
	$(BIN)/lisiere demo $(ARGS)

test: $(READY)  ## run the tests, the long ones left out
	$(BIN)/python -m pytest -n auto $(ARGS)

long: $(READY)  ## run the long tests
	$(BIN)/python -m pytest -m long $(ARGS)

planted: $(READY)  ## plant faults one by one, see who finds them, write docs/planted-bugs.md
	$(BIN)/python -m tests.planted.campaign $(ARGS)

gpio: $(READY)  ## run the relay on a real GPIO chip (needs the kernel of tools/gpio-kernel)
	$(BIN)/python -m pytest -rs tests/hardware/test_gpiochip.py $(ARGS)

check: $(READY)  ## check style, types and the arrows between the folders
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(READY)  ## measure how fast the decisions are
	$(BIN)/lisiere bench $(ARGS)

firmware:  ## build the board's program into build/firmware
	@$(MAKE) --no-print-directory -C firmware_bridge/firmware OUT=$(CURDIR)/build/firmware

lock: $(READY)  ## pin the Python packages anew (ARGS=--upgrade takes the newest versions)
	$(UV_COMPILE) --extra build --extra dev --extra kiosk --extra twin --extra unit -o requirements.lock
	$(UV_COMPILE) --extra build --extra unit -c requirements.lock -o requirements-unit.lock
	$(UV_COMPILE) --extra build --extra kiosk -c requirements.lock -o requirements-kiosk.lock
	$(UV_COMPILE) --extra build --extra twin -c requirements.lock -o requirements-twin.lock
	$(UV_COMPILE) --extra build --extra pcsc -c requirements.lock -o requirements-pcsc.lock

clean:  ## remove what was made here: .venv, caches, builds
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
