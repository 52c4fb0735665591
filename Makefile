# `make` lists what there is. Needed: bash, git, make, Python 3.11 or newer with its venv module.

PYTHON ?= python3
DATA ?= ../shared/data
PYTHONS ?= 3.11 3.12 3.13

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BIN := .venv/bin
READY := .venv/.ready
PINS := pyproject.toml requirements/build.in requirements/test.in requirements/bench.in

.PHONY: help
help: ## this list
	sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# -- set-up --------------------------------------------------------------------------------------

# $(call set-up,PYTHON,FOLDER,PINS): an environment with exactly these pins and the project.
# Every step says what it does; what is there already is not fetched again.
define set-up
command -v "$(1)" >/dev/null || {
	echo "toctoc: there is no $(1); it needs Python 3.11 or newer: sudo apt-get install python3 python3-venv" >&2
	exit 1
}
"$(1)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
	echo "toctoc: needs Python 3.11 or newer, and $(1) is $$("$(1)" -V); name another: make PYTHON=python3.12 …" >&2
	exit 1
}
"$(1)" -c 'import ensurepip, venv' 2>/dev/null || {
	echo "toctoc: Python's venv module is missing: sudo apt-get install python3-venv" >&2
	exit 1
}
if ! "$(2)/bin/python" -m pip --version >/dev/null 2>&1; then
	echo "toctoc: 1 of 3: making $(2) with $$("$(1)" -V)"
	rm -rf "$(2)"
	"$(1)" -m venv "$(2)"
fi
total=$$(grep -c == "$(3)")
echo "toctoc: 2 of 3: installing $$total pinned packages of $(3); the first time takes a minute or two"
pip=("$(2)/bin/python" -m pip --disable-pip-version-check --no-input install --no-color --progress-bar off)
"$${pip[@]}" --require-hashes --requirement "$(3)" | awk -v total="$$total" '
	/^Ignoring / { total-- }
	/^(Collecting|Processing) / { sub(".*/", "", $$2); printf "  %d of %d  %s\n", ++n, total, $$2; fflush() }
	/^Installing / { print "  unpacking"; fflush() }'
echo "toctoc: 3 of 3: installing toctoc itself"
"$${pip[@]}" --quiet --no-deps --no-build-isolation --editable .
touch "$(2)/.ready"
endef

$(READY): pyproject.toml requirements/dev.txt
	$(call set-up,$(PYTHON),.venv,requirements/dev.txt)

.PHONY: setup
setup: $(READY) ## set up .venv; the other targets do it by themselves
	echo "toctoc: .venv is ready: $(BIN)/toctoc --help"

# -- what it is for ------------------------------------------------------------------------------

.PHONY: demo
demo: $(READY) ## a timetable, a server and three doors on this machine; the space bar is the button
	$(BIN)/toctoc demo

.PHONY: test
test: $(READY) ## lint, format, types, import rules and all tests
	missing=()
	command -v Xvfb >/dev/null || missing+=(xvfb)
	command -v xdotool >/dev/null || missing+=(xdotool)
	command -v chromium >/dev/null || missing+=(chromium)
	command -v systemd-analyze >/dev/null || missing+=(systemd)
	for program in npm tmux weston; do
		command -v "$$program" >/dev/null || missing+=("$$program")
	done
	$(MAKE) --no-print-directory --keep-going var/asyncapi/3.0.0.json var/axe/axe.min.js ||
		echo "toctoc: what npm could not bring is not compared with"
	if (( $${#missing[@]} )); then
		echo "toctoc: tests that need what this machine lacks are skipped: sudo apt-get install $${missing[*]}"
	fi
	echo "toctoc: 1 of 5: ruff check";          $(BIN)/ruff check .
	echo "toctoc: 2 of 5: ruff format --check"; $(BIN)/ruff format --check .
	echo "toctoc: 3 of 5: mypy";                $(BIN)/mypy
	echo "toctoc: 4 of 5: lint-imports";        $(BIN)/lint-imports --no-logo
	echo "toctoc: 5 of 5: pytest";              $(BIN)/pytest -n 2

# What tests compare with, by npm: AsyncAPI's own schema of a description, and axe, which looks for barriers.
var/asyncapi/3.0.0.json: NPM = @asyncapi/specs@6.11.1
var/asyncapi/3.0.0.json: MEMBER = package/schemas/3.0.0-without-$$id.json
var/asyncapi/3.0.0.json: SHA256 = abe96881dbfaad495ccbb6bd8d3fb43ca18a13b9d7564849ccb66f39d5e5b20f
var/axe/axe.min.js: NPM = axe-core@4.14.1
var/axe/axe.min.js: MEMBER = package/axe.min.js
var/axe/axe.min.js: SHA256 = 29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c
var/asyncapi/3.0.0.json var/axe/axe.min.js:
	command -v npm >/dev/null || {
		echo "toctoc: $@ comes by npm: sudo apt-get install npm" >&2
		exit 1
	}
	mkdir -p $(@D)
	folder=$$(mktemp -d)
	trap 'rm -rf "$$folder"' EXIT
	npm pack --silent --pack-destination "$$folder" $(NPM) >/dev/null
	tar --extract --gzip --to-stdout --file "$$folder"/*.tgz '$(MEMBER)' >"$$folder/found"
	echo "$(SHA256)  $$folder/found" | sha256sum --check --quiet
	mv "$$folder/found" $@

.PHONY: acceptance
acceptance: $(READY) ## every page, feed and truth of DATA (default ../shared/data), compared
	$(BIN)/python tests/acceptance.py --live $(DATA)
	PYTHONPATH=. $(BIN)/python tests/rehearsal.py $(DATA)
	PYTHONPATH=. $(BIN)/python tests/audit_acceptance.py $(DATA)

.PHONY: soak
soak: $(READY) ## damaged pages and feeds for ten minutes (what is found stays in var/fuzz), floods, storms, ten rounds of properties
	PYTHONPATH=. $(BIN)/python tests/fuzz.py --seconds 600 --corpus var/fuzz
	PYTHONPATH=. $(BIN)/python tests/flood.py --seconds 300
	for round in {1..5}; do $(BIN)/python tests/storm.py --seconds 60; done
	for round in {1..10}; do $(BIN)/pytest -q -n auto -m hypothesis; done

.venvs/bench/.ready: pyproject.toml requirements/bench.txt
	$(call set-up,$(PYTHON),.venvs/bench,requirements/bench.txt)

.PHONY: bench
bench: .venvs/bench/.ready ## every benchmark beside its floor, and the gateway beside other people's servers
	shopt -s nullglob
	ulimit -n 8192 || echo "toctoc: 2,000 clients need more open files than this shell may have"
	for file in tests/benchmarks/bench_*.py; do
		echo "toctoc: $$file"
		PYTHONPATH=. .venvs/bench/bin/python "$$file"
	done

.PHONY: pictures
pictures: $(READY) ## draws the pictures anew that doors are compared with; look at them before you commit
	$(BIN)/python -m tests.kiosk.pictures

.PHONY: words
words: $(READY) ## brings the catalogues of words up to date with the French template
	$(BIN)/python -m tests.kiosk.catalogues

# -- other Pythons, other versions ---------------------------------------------------------------

.venvs/lowest/.ready: pyproject.toml requirements/lowest.txt
	$(call set-up,$(PYTHON),.venvs/lowest,requirements/lowest.txt)

.venvs/%/.ready: pyproject.toml requirements/dev.txt
	$(call set-up,python$*,.venvs/$*,requirements/dev.txt)

.PHONY: test-lowest
test-lowest: .venvs/lowest/.ready ## the tests with the lowest versions that pyproject.toml allows
	# But for what no library has a part in (thousands of pictures described, not drawn), for pictures drawn with the
	# pinned SDL_ttf (others set letters at other distances), and for whole processes.
	.venvs/lowest/bin/pytest -n 2 -p no:cacheprovider --ignore tests/kiosk/test_view.py --ignore tests/kiosk/drawing/test_palette.py \
		--ignore tests/kiosk/test_pictures.py \
		--ignore tests/system/test_board.py --ignore tests/system/test_door.py --ignore tests/system/test_console.py

.PHONY: test-all
test-all: ## the tests with every Python there is, and with the lowest versions
	for version in $(PYTHONS); do
		if "python$$version" -c '' 2>/dev/null; then
			$(MAKE) --no-print-directory ".venvs/$$version/.ready"
			echo "toctoc: pytest with Python $$version"
			".venvs/$$version/bin/pytest" -n 2 -p no:cacheprovider
		else
			echo "toctoc: there is no python$$version here: skipped"
		fi
	done
	$(MAKE) --no-print-directory test-lowest

# -- pins ----------------------------------------------------------------------------------------

.venvs/uv/bin/uv:
	"$(PYTHON)" -m venv .venvs/uv
	.venvs/uv/bin/python -m pip --disable-pip-version-check install --quiet uv

# $(call pin,FILE,WHAT IT IS,ARGUMENTS)
define pin
echo "toctoc: requirements/$(1).txt"
{
	echo "# $(2)"
	echo '# Made by `make pins` from pyproject.toml and the .in files here: do not edit.'
	.venvs/uv/bin/uv pip compile --quiet --no-header --no-annotate --generate-hashes --universal \
		--no-emit-index-url --no-emit-find-links --python-version 3.11 pyproject.toml requirements/build.in $(3)
} >requirements/$(1).txt.new
! grep -nE '^-|://|file:' requirements/$(1).txt.new
mv requirements/$(1).txt.new requirements/$(1).txt
endef

.PHONY: pins
pins: .venvs/uv/bin/uv $(PINS) ## takes the newest versions that pyproject.toml allows
	$(call pin,dev,All of it: server$(comma) door and the tools of development.,--extra server --extra kiosk --extra desk --extra audit --group dev)
	$(call pin,server,What a server installs.,--extra server --constraint requirements/dev.txt)
	$(call pin,door,What a door installs.,--extra kiosk --constraint requirements/dev.txt)
	$(call pin,bench,What benchmarks run with: all of it$(comma) and the servers beside which it is measured.,--extra server --extra kiosk --extra desk --extra audit --group dev requirements/bench.in --constraint requirements/dev.txt)
	tools=$$(mktemp)
	grep -oE "^($$(grep -hoE '^[a-z-]+' requirements/test.in requirements/build.in | paste -sd'|'))==[^ ]+" \
		requirements/dev.txt >"$$tools"
	$(call pin,lowest,The lowest versions that pyproject.toml allows$(comma) with the newest tools of test.,\
		requirements/test.in --extra server --extra kiosk --extra desk --extra audit --resolution lowest-direct --constraint "$$tools")
	rm "$$tools"

comma := ,

.PHONY: clean
clean: ## removes what make has made
	rm -rf .venv .venvs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
