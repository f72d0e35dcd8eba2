# Needs make and Python 3.11 or newer, nothing else: every target sets up what it uses.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
EXTRAS ?= all
PYTEST_ARGS ?=

VENV := .venv
OLDER := .venv-older
PROXY := .venv-proxy
OLDEST := .venv-litellm
CLEAN := .venv-wheel
BACKENDS := .venv-backends
RUN := $(VENV)/bin/python

# The clients of OpenAI before version 3 stand on another HTTP library.
OLDER_PINS := "langchain-core==1.7.2" "langchain==1.4.7" "langchain-openai==1.7.3" "langchain-anthropic==1.7.7" "openai<3"
# The oldest LiteLLM that is supported, with its proxy. It stands on a client of OpenAI before version 3.
OLDEST_PINS := "litellm[proxy]==1.102.4" "openai<3"
LITELLM_TESTS := tests/litellm_host tests/litellm_proxy tests/parity
# What no release of LangChain or of a provider's client can change, so that it runs once.
SAME_TESTS := $(addprefix tests/,stores cache policy registry signals decision quality learned learning reporting benchmarks emulator)

export LITELLM_LOCAL_MODEL_COST_MAP := True
export LANGSMITH_TRACING := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# $(call venv,FOLDER): a virtual environment with a current pip, and uv where it can be had.
define venv
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer found; install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	$(1)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(1)/bin/python -m pip install --quiet uv || echo "uv is not to be had; pip does it, more slowly"
endef

# $(call install,FOLDER,WHAT)
define install
	$(1)/bin/python -m uv pip install --quiet --python $(1)/bin/python $(2) || $(1)/bin/python -m pip install --quiet $(2)
endef

.DEFAULT_GOAL := help
.PHONY: help demo test test-resolved test-older test-proxy test-litellm test-backends pictures record record-live bench bench-quality stress rooms lint docs schema wheel clean

help: ## say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.made: pyproject.toml
	$(call venv,$(VENV))
	$(call install,$(VENV),-e ".[$(EXTRAS)]")
	@touch $@

$(VENV)/.dev: $(VENV)/.made
	$(call install,$(VENV),-e ".[$(EXTRAS)]" --group dev)
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(call install,$(VENV),-e ".[$(EXTRAS)]" --group dev --group bench)
	@touch $@

$(OLDER)/.made: pyproject.toml
	$(call venv,$(OLDER))
	$(call install,$(OLDER),-e ".[$(EXTRAS)]" --group test $(OLDER_PINS))
	@touch $@

$(PROXY)/.made: pyproject.toml
	$(call venv,$(PROXY))
	$(call install,$(PROXY),-e ".[$(EXTRAS)]" --group proxy)
	@touch $@

$(OLDEST)/.made: pyproject.toml
	$(call venv,$(OLDEST))
	$(call install,$(OLDEST),-e ".[$(EXTRAS)]" --group proxy $(OLDEST_PINS))
	@touch $@

# Phoenix and MLflow run in an environment of their own: their packages and those that are tested need not agree.
$(BACKENDS)/.made: pyproject.toml
	$(call venv,$(BACKENDS))
	$(call install,$(BACKENDS),--group backends)
	@touch $@

demo: $(VENV)/.made ## run the demonstration, no keys and no network needed
	$(VENV)/bin/taskroute demo

test: test-resolved test-older test-litellm test-proxy ## run the tests: with older releases, with LiteLLM's oldest and its proxy, with what resolves today

test-resolved: $(VENV)/.dev
	$(RUN) -m pytest $(PYTEST_ARGS)

test-older: $(OLDER)/.made
	$(OLDER)/bin/python -m pytest $(addprefix --ignore=,$(LITELLM_TESTS) $(SAME_TESTS)) $(PYTEST_ARGS)

test-proxy: $(PROXY)/.made
	$(PROXY)/bin/python -m pytest tests/litellm_proxy tests/parity $(PYTEST_ARGS)

test-litellm: $(OLDEST)/.made
	$(OLDEST)/bin/python -m pytest $(LITELLM_TESTS) $(PYTEST_ARGS)

test-backends: $(VENV)/.dev $(BACKENDS)/.made ## send traces to Phoenix and MLflow, started here, and read them back
	TASKROUTE_BACKENDS=$(BACKENDS) $(RUN) -m pytest tests/backends $(PYTEST_ARGS)

pictures: $(VENV)/.dev $(BACKENDS)/.made ## make the pictures in docs/pictures anew; needs Chromium
	TASKROUTE_BACKENDS=$(BACKENDS) $(RUN) -m tests.backends.pictures docs/pictures

record: $(VENV)/.dev ## make all cassettes anew, from the emulator; no network needed
	rm -rf .cassettes
	$(RUN) -m pytest tests/wire -m vcr -q --record-mode=rewrite --record-from=emulator --cassettes=.cassettes
	rm -rf cassettes/test_*
	mv .cassettes/test_* cassettes/
	rmdir .cassettes
	$(RUN) -m tests.wire.table

record-live: $(VENV)/.dev ## record answers from the providers whose keys are set; costs money
	rm -rf .cassettes
	mkdir .cassettes
	$(RUN) -m pytest tests/wire/test_answers.py tests/wire/test_embeddings.py --record-mode=rewrite --record-from=providers \
		--cassettes=.cassettes
	cp -R .cassettes/. cassettes
	rm -rf .cassettes
	$(RUN) -m tests.wire.table

bench: $(VENV)/.bench $(PROXY)/.made $(OLDEST)/.made ## measure
	$(RUN) -m benchmarks decide litellm invoke imports failover load telemetry
# The latest LiteLLM has no cache on disk, and its other caches give no hits without its proxy.
	$(OLDEST)/bin/python -m benchmarks cache
	$(PROXY)/bin/python -m benchmarks.proxy_load

bench-quality: $(VENV)/.bench ## measure how well models are chosen and tasks are told, beside baselines; takes long
	$(RUN) -m benchmarks.quality --jobs 2
	$(RUN) -m benchmarks.quality.classifier
	$(RUN) -m benchmarks.quality.classifier_clinc
	$(RUN) -m benchmarks.quality.helpdesk
	$(RUN) -m benchmarks.quality.own_tasks
	$(RUN) -m benchmarks.quality.classifier_speed

stress: $(VENV)/.dev ## try to make the cache give a wrong answer, with many processes, kill -9, and a Redis that goes away
	$(RUN) -m benchmarks.stress_cache

rooms: $(VENV)/.bench ## list the files and functions that one routed call enters
	$(RUN) -m benchmarks.rooms

lint: $(VENV)/.dev ## check style, types and the direction of imports
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pyright --pythonpath $(RUN)
	$(VENV)/bin/lint-imports

docs: $(VENV)/.dev ## run the code in README and docs, check the links
	$(RUN) -m pytest tests/docs

schema: $(VENV)/.made ## write docs/policy.schema.json anew
	$(VENV)/bin/taskroute schema > docs/policy.schema.json.new
	mv docs/policy.schema.json.new docs/policy.schema.json

wheel: $(VENV)/.made ## build the wheel and use it in an environment of its own
	rm -rf dist $(CLEAN)
	$(RUN) -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(PYTHON) -m venv $(CLEAN)
	$(CLEAN)/bin/python -m pip install --quiet dist/*.whl
	cd $(CLEAN) && bin/python -I -c 'import taskroute, importlib.util as u; assert ".venv-wheel" in taskroute.__file__; \
		assert u.find_spec("taskroute_langchain"); print("the wheel works:", taskroute.__file__.rsplit("/", 2)[1])'
	$(CLEAN)/bin/taskroute --help > /dev/null

clean: ## remove what the other targets made
	rm -rf $(VENV) $(OLDER) $(PROXY) $(OLDEST) $(CLEAN) $(BACKENDS) .cassettes dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
