# make reproduce   set up, then every exact and simulated table and figure of the papers, beside the printed numbers
# make test        set up, then lint, types, import contract, tests, and the examples as two other machines compute them
# make test-elsewhere   the examples and all printed answers as several other machines compute them (minutes)
# make test-long   the same with the long profile: every property on a thousand examples, grids as a whole (hours)
# make test-interop   tests/interop with all packages that games come from, in an environment of their own (minutes)
# make reference   set up, then write docs/reference.md and docs/faults.md anew
# make notebooks   set up, then run the notebooks in docs/notebooks and write what they show
# make findings    set up, then write docs/findings.md anew from the ledger
# make reproductions   set up, then write docs/reproductions.md and README's table anew (minutes)
# make gallery     set up, then draw every figure (PNG, SVG, PDF) into gallery/, with a page that shows them
# make bench       set up, then speed as ratios against peers and limits
# make hard        set up, then hard games for each solver against answers of 200 digits (minutes)
# make release-check   build the wheel and the source distribution, and try each in an environment of its own (minutes)
# make peers       build Gambit and sgamesolver, which bench compares with, in an environment of their own (minutes)
PYTHON ?= python3
BIN := .venv/bin

reproduce: .venv/installed
	$(BIN)/mathrl reproduce

test: lint
	$(BIN)/python -m pytest -q -n 2 --dist loadfile
	$(BIN)/python tests/elsewhere.py

test-elsewhere: .venv/checks
	$(BIN)/python tests/elsewhere.py --all

test-long: lint
	MATHRL_PROFILE=long $(BIN)/python -m pytest -q -n 2 --dist loadfile

test-interop: .venv-interop/installed
	MATHRL_INTEROP=all .venv-interop/bin/python -m pytest -q tests/interop

lint: .venv/checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/checks
	$(BIN)/python -m benchmarks

hard: .venv/checks
	$(BIN)/python -m benchmarks.hard_sizes
	$(BIN)/python -m benchmarks.hard

gallery: .venv/installed
	$(BIN)/python -m mathrl.figures.gallery gallery

peers: .venv-peers/installed

release-check: .venv/checks .venv-release/installed
	$(BIN)/python tests/release.py .venv-release/bin/python

reference: .venv/checks
	$(BIN)/python -P tests/test_reference.py
	$(BIN)/python -m tests.test_faults_page

reproductions: .venv/installed
	$(BIN)/python -m mathrl.figures.page README.md docs/reproductions.md

notebooks: .venv/checks
	$(BIN)/python -P tests/test_notebooks.py

findings: .venv/checks
	$(BIN)/python -m mathrl.proofs_checks.findings docs/findings.md

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mathrl needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

.venv/installed: setup.cfg pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/checks: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

PEERS := benchmarks/peers

.venv-peers/installed: $(PEERS)/requirements.txt $(PEERS)/sources.txt
	@$(PYTHON) $(PEERS)/missing.py
	$(PYTHON) -m venv --clear .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r $(PEERS)/requirements.txt
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --no-cache-dir -r $(PEERS)/sources.txt
	touch $@

.venv-release/installed: constraints.txt
	$(PYTHON) -m venv --clear .venv-release
	.venv-release/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt build twine
	touch $@

.venv-interop/installed: tests/interop/requirements.txt setup.cfg
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mathrl needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear .venv-interop
	.venv-interop/bin/python -m pip install --quiet --disable-pip-version-check -r tests/interop/requirements.txt -e .
	touch $@

clean:
	rm -rf .venv .venv-peers .venv-release .venv-interop .venv-torch build dist *.egg-info .hypothesis .mypy_cache .ruff_cache .import_linter_cache .cache-elsewhere

.PHONY: reproduce test test-long test-elsewhere test-interop lint bench hard gallery peers release-check reference reproductions notebooks findings clean
