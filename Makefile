# README.md says what each of these is for. `make PYTHON=/path/to/python3.12 run` chooses another Python.
PYTHON ?= python3
PY = .venv/bin/python
DONE = .venv/installed
PYTEST = $(PY) -m pytest -n 3 --no-loadscope-reorder
# uv does not read pip's configuration, so a mirror set there, or a platform without uv, falls back to pip: the same hashes, only slower.
INSTALL = $(PY) -m uv pip install --quiet --no-config --require-hashes --python $(PY) -r $(1) || \
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
LOCK = $(PY) -m uv pip compile --no-config --universal --python-version 3.11 --generate-hashes --quiet

# Compiled modules are kept whatever the environment says: else each of the many processes compiles everything anew, for seconds.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup run test lint lock bench

setup: $(DONE)/requirements.txt

run: setup
	@exec $(PY) manage.py up

# An empty DATABASE_URL is SQLite. Both engines run even when the first fails.
test: $(DONE)/requirements-dev.txt
	@$(PY) manage.py messages compile
	@echo "== SQLite"; DATABASE_URL= REDIS_URL= $(PYTEST); first=$$?; \
	echo "== PostgreSQL, with a Redis-protocol server"; $(PY) -W ignore -m config.tests.servers $(PYTEST) && exit $$first

lint: $(DONE)/requirements-dev.txt
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .

bench: $(DONE)/requirements-bench.txt
	$(PY) -m bench

lock: $(DONE)/requirements-uv.txt
	for name in requirements requirements-dev requirements-bench requirements-uv; do $(LOCK) $$name.in -o $$name.txt || exit 1; done

# Each stamp is made after its installation has ended well, so an interrupted one is taken up again.
$(DONE)/requirements.txt: requirements.txt $(DONE)/requirements-uv.txt
	@echo "Installing $<"
	@$(call INSTALL,$<)
	@touch $@

$(DONE)/requirements-%.txt: requirements-%.txt $(DONE)/requirements.txt
	@echo "Installing $<"
	@$(call INSTALL,$<)
	@touch $@

$(DONE)/requirements-uv.txt: requirements-uv.txt $(DONE)/venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $< || echo "uv does not install here; pip does its work."
	@touch $@

$(DONE)/venv:
	@command -v $(PYTHON) >/dev/null || { echo "Regulars needs Python 3.11 or later: install it (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Regulars needs Python 3.11 or later, and $(PYTHON) is older: name a newer one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make a virtual environment: apt-get install python3-venv" >&2; exit 1; }
	@echo "Making .venv"
	@$(PYTHON) -m venv .venv
	@mkdir -p $(DONE) && touch $@
