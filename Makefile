# What a contributor runs. Python and make are all it takes: every target makes the environment that it needs.
# Another Python: make clean test PYTHON=python3.13. One test: make newest PYTEST_ARGS='-k fork'.

PYTHON ?= python3
VENV ?= .venv
OLDEST_VENV ?= .venv-oldest
OLDEST_GOOGLE_VENV ?= .venv-oldest-google
PYTEST_ARGS ?=
RUN = $(VENV)/bin/python
PYTHONS = $(shell sed -n 's/.*Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml)

# Modules that write files which are checked in: without an argument they write, with --check they fail where a file is
# not what they would write.
GENERATORS = llmotel.prices.generate llmotel.alerts.generate llmotel.dashboards.generate \
  docs.readme docs.stack docs.dashboards.render docs.telemetry.render

# What reads the types in the comments of the viewer's JavaScript.
TYPESCRIPT = 5.9.3

# One process per core. Each begins with tests that stand together, as they share what is dear to make.
PARALLEL = -n auto --dist worksteal

# What runs on the oldest supported client libraries, OpenTelemetry and wrapt too: whatever depends on them. Not what
# calls nothing of theirs (prices, sentences, hosts, documents, the stack), nor what they lack (the Responses API), nor
# what takes long to show something of llmotel's own that no version of theirs changes (memory, many calls at once).
OLDEST_TESTS = tests/contract --ignore tests/contract/test_concurrency.py --ignore tests/contract/test_streams_memory.py \
  $(patsubst %,tests/test_%.py,activity agents breakers cli compatible_hosts console doctor loss messages_api outcome \
  pytest_plugin setup status supported_versions zero_code)

MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1
export PYTHONUNBUFFERED = 1

.PHONY: help demo test newest oldest stack-tests stack-extras test-all pythons newest-releases bump lock mutants environments \
  stack stack-all check format docs screenshots new-provider bench clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/ready ## A retrieval app on a local stand-in for OpenAI and Anthropic, and the telemetry of its calls
	@$(RUN) examples/demo.py

test: environments ## All tests of a change: on the newest client libraries, on the oldest supported, and the stack's
	@$(PYTHON) .ci/parts.py newest oldest stack-tests

newest: $(VENV)/ready ## Only the tests on the newest client libraries
	@echo "== tests, newest client libraries"
	@$(RUN) -m pytest $(PARALLEL) --ignore tests/stack --ignore tests/local/browser $(PYTEST_ARGS)
	@echo "== tests in a browser, in processes of their own: its driver keeps an event loop running in them"
	@$(RUN) -m pytest $(PARALLEL) tests/local/browser $(PYTEST_ARGS)

oldest: $(OLDEST_VENV)/ready $(OLDEST_GOOGLE_VENV)/ready ## Only the tests on the oldest supported client libraries
	@echo "== tests, oldest supported client libraries"
	@LLMOTEL_TEST_VERSIONS=oldest $(OLDEST_VENV)/bin/python -m pytest $(PARALLEL) -m 'not newest' $(OLDEST_TESTS) $(PYTEST_ARGS)
	@echo "== tests, oldest supported google-genai, which does not go with the oldest openai"
	@LLMOTEL_TEST_VERSIONS=oldest-google $(OLDEST_GOOGLE_VENV)/bin/python -m pytest $(PARALLEL) -m 'not newest' \
	  $(OLDEST_TESTS) tests/test_google_genai.py tests/test_generate_content.py tests/test_litellm.py \
	  -k 'gcp or google or generat or litellm' $(PYTEST_ARGS)

# They wait more than they work. Where the programs are required they are built first, or waited for.
stack-tests: $(VENV)/ready $(if $(LLMOTEL_STACK_REQUIRED),$(if $(LLMOTEL_TEST_ALL),stack-all,stack)) ## Only the tests of the stack, with its real programs
	@echo "== tests of the stack"
	@$(RUN) -m pytest -n 4 --dist worksteal tests/stack $(PYTEST_ARGS)

# For a change of what the small collector lacks: the rest of test-all's tests of it, without Jaeger.
stack-extras: $(VENV)/ready
	@$(RUN) tests/stack/programs.py otelcol-llmotel prometheus
	@LLMOTEL_TEST_ALL=1 $(RUN) -m pytest -n 4 -m everything $(PYTEST_ARGS) \
	  tests/stack/test_collector_config.py tests/stack/test_remote_write.py tests/stack/test_tiers.py

test-all: export LLMOTEL_TEST_ALL = 1
test-all: environments ## Everything: every crossing of every library, all programs, all Pythons that are installed here
	@$(PYTHON) .ci/parts.py --all check newest oldest stack-tests pythons mutants

pythons: ## Only the tests under each other supported Python that is installed here
	@parts=; for version in $(PYTHONS); do \
	  for python in python$$version $(HOME)/.pyenv/versions/$$version.*/bin/python missing; do \
	    if $$python -c pass 2>/dev/null; then break; fi; \
	  done; \
	  if [ $$python = missing ]; then echo "== Python $$version: not installed here"; continue; fi; \
	  if [ $$version != $$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])') ]; then parts="$$parts python$$version"; fi; \
	done; \
	if [ -n "$$parts" ]; then $(PYTHON) .ci/parts.py --all $$parts; fi

python3.%: # e.g. make python3.12
	@for python in $@ $(HOME)/.pyenv/versions/$(@:python%=%).*/bin/python; do \
	  if $$python -c pass 2>/dev/null; then break; fi; \
	done; $(MAKE) newest PYTHON=$$python VENV=.venv-$(@:python%=%)

newest-releases: .venv-newest/ready ## The contract on the newest releases of the client libraries, unpinned, and which they are
	@.venv-newest/bin/python .ci/newest.py

bump: .venv-newest/ready ## Moves the pins of the client libraries whose newest releases pass
	@.venv-newest/bin/python .ci/newest.py --bump

lock: ## Writes .ci/locks again, the versions of all that the environments of the tests have (needs uv)
	@for group in dev oldest oldest-google; do \
	  uv pip compile --quiet --universal --upgrade --no-header --no-annotate --python-version 3.11 \
	    --group $$group pyproject.toml --output-file .ci/locks/$$group.txt || exit 1; \
	done

mutants: $(VENV)/ready stack ## Whether the tests notice bugs: a list of plausible ones, put into a copy one at a time
	@$(RUN) tests/mutants.py

environments: $(VENV)/ready $(OLDEST_VENV)/ready $(OLDEST_GOOGLE_VENV)/ready ## The environments of the tests

stack: $(VENV)/ready ## The real collector, Prometheus and Alertmanager, into a cache, for tests/stack
	@$(RUN) tests/stack/programs.py

stack-all: $(VENV)/ready ## All programs that tests/stack knows, for make test-all
	@$(RUN) tests/stack/programs.py --all

check: $(VENV)/ready ## Lint, format, types, and whether generated files are up to date
	@echo "== ruff"
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@echo "== mypy"
	@$(RUN) -m mypy
	@echo "== pyright"
	@$(RUN) -m pyright --pythonpath $(RUN)
	@echo "== llmotel.local.viewer"
	@$(RUN) -m llmotel.local.viewer.vendor --check
	@if command -v npx >/dev/null; then npx --yes --package typescript@$(TYPESCRIPT) -- tsc -p llmotel/local/viewer; \
	  else echo "no npx here: the types of its JavaScript are not checked"; fi
	@for generator in $(GENERATORS); do echo "== $$generator"; $(RUN) -m $$generator --check || exit 1; done

format: $(VENV)/ready ## Put code into the project's format
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

docs: $(VENV)/ready ## Write the generated files again
	@for generator in $(GENERATORS); do echo "== $$generator"; $(RUN) -m $$generator || exit 1; done

screenshots: $(VENV)/ready ## Takes the pictures of docs/viewer again (needs Chromium)
	@PYTHONPATH=tests $(RUN) -m local.browser.screenshots

new-provider: $(VENV)/ready ## The skeleton of a client library's instrumentation: NAME=its distribution [MODULE=its import name]
	@$(RUN) -m docs.new_provider $(NAME) $(MODULE)

bench: $(VENV)/ready ## What llmotel costs a call, a chunk and a start, beside a bare client and other packages
	@$(RUN) -m benchmarks

clean: ## Remove environments, caches and whatever else the targets made
	rm -rf .venv .venv-* build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is made from nothing when pyproject.toml has changed since: what is left over never hides what is missing.
$(VENV)/ready .venv-newest/ready: GROUP = dev
$(OLDEST_VENV)/ready: GROUP = oldest
$(OLDEST_GOOGLE_VENV)/ready: GROUP = oldest-google
$(VENV)/ready $(OLDEST_VENV)/ready $(OLDEST_GOOGLE_VENV)/ready .venv-newest/ready: pyproject.toml .ci/environment $(wildcard .ci/locks/*.txt)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "llmotel takes Python 3.10 or newer; $(PYTHON) is not. Name another: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@PYTHON=$(PYTHON) bash .ci/environment $(@D) $(GROUP)
	@touch $@
