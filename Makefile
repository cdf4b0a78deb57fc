# `make` and `make test` are all that most people need; `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SITE := _build/html/index.html
START := $(shell date +%s)
WEB := node_modules/.ready
EXERCISES := $(wildcard exercises/source)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: all test test-lab lab book bench lock help

# refresh looks for faults of the evidence itself before it executes anything; check then looks at all of it.
all: $(READY)  ## Set up, check the evidence, execute the notebooks, build the site (`make` alone does this)
	@$(BIN)/skinmet refresh
	@$(BIN)/skinmet check
	@$(build_site)
	@echo "Done in $$(( $$(date +%s) - $(START) )) s. Open $(SITE) in a browser, or the notebooks with make lab."

test: $(READY) $(WEB)  ## Set up; test the package, then compare every notebook's outputs with a fresh run
	$(BIN)/pytest tests
	$(BIN)/pytest --nbval --nbval-current-env --nbval-cell-timeout=120 notebooks $(EXERCISES)

test-lab: $(READY) $(WEB)  ## Fetch Python for the browser (106 MB, once), run notebooks there; axe on every page
	$(BIN)/pytest -m lab tests

lab: $(READY)  ## Open the notebooks in JupyterLab
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

book: $(READY)  ## Build the site from the notebooks as they are
	@$(build_site)
	@echo "Open $(SITE) in a browser."

bench: $(READY)  ## Measure; bench/README.md says what (some minutes)
	@set -e; for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script; done

lock:  ## Write requirements.lock for pyproject.toml; versions that still fit stay (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--override lock-overrides.txt --no-emit-index-url --custom-compile-command "make lock" \
		--quiet --output-file requirements.lock

help:  ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

# Set-up: the versions of requirements.lock, each checked against its hash, and this package as it stands here.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "skinmet needs Python 3.11 or newer; '$(PYTHON)' is not. Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) can't make environments. Debian, Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv (a minute or two, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# What the tests of pages and of the classroom's hub take from npm, by the hashes of package-lock.json.
$(WEB): package-lock.json
	@command -v npm >/dev/null || { echo "The tests need npm. Debian, Ubuntu: apt-get install npm" >&2; exit 1; }
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# The site is built only when a part of it is newer than the last build (a folder is newer when a file left it;
# Python's own caches don't count). The mark is made before the build: what is saved meanwhile counts as newer.
define build_site
mkdir -p _build && touch _build/.site-begun && \
if test -e $(SITE) && test -z "$$(find book notebooks data references src $(EXERCISES) $(READY) -newer _build/.site \
	-not -path '*/.ipynb_checkpoints*' -not -name '*.pyc' -not '(' -type d -path 'src*' ')' 2>&1)"; \
then echo "The site is up to date."; \
else $(BIN)/skinmet book && $(BIN)/skinmet lab && mv _build/.site-begun _build/.site; fi
endef
