# make run     the app on http://localhost:7860
# make test    every test              make check    style, types, import direction, README commands
# make bench   side-by-side timings    make screenshots    the pictures in README.md
# make train-forms    train, convert and install the forms adapter; so do train-resume, train-pages, train-email
# make train-tone    train and convert the tone model
# make train-smoke    the loop on tiny models: check, train, kill, resume, convert, merge, compare, push, fill

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet
LOCATE := from smartform.engines import models; print(models.locate("gemma-3-270m-latin"))
LLAMA := $(shell sed -n 's/^\(llama-cpp-python==[^ ]*\).*/\1/p' requirements.txt)

.DEFAULT_GOAL := run
.PHONY: run env fetch-models test check test-env test-tools bench
.PHONY: train-forms train-resume train-pages train-email train-tone train-smoke screenshots

run: env
	$(BIN)/python app.py

env: $(VENV)/.installed fetch-models

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) 'pip>=23.1'  # Debian's is older and knows no build settings in a requirements file

# llama.cpp is built for this processor (a portable build is slower), without what the app does not load.
NATIVE := -DGGML_NATIVE=ON -DLLAVA_BUILD=OFF -DCMAKE_PROJECT_llama_cpp_INCLUDE=$(CURDIR)/requirements/llama.cmake
$(VENV)/.installed: requirements.txt requirements/llama.cmake | $(BIN)/python
	CMAKE_ARGS="$(NATIVE)" $(INSTALL) $(LLAMA)
	$(INSTALL) -r requirements.txt
	touch $@

fetch-models: $(VENV)/.installed
	$(BIN)/python -m smartform models fetch

test-env: $(VENV)/.installed-dev
$(VENV)/.installed-dev: $(VENV)/.installed $(wildcard requirements/*.txt)
	$(INSTALL) -r requirements.txt -r requirements/train.txt -r requirements/studies.txt -r requirements/dev.txt
	touch $@

# What the browser tests and the README's examples call.
test-tools:
	@command -v chromium > /dev/null && command -v curl > /dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	    apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium curl; \
	  else \
	    echo "The tests need Chromium and curl: sudo apt-get install chromium curl" >&2; exit 1; \
	  fi; }

# In two processes; pytest alone runs the same tests in one.
test: env test-env test-tools
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

check: env test-env test-tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/test_readme.py

bench: env test-env
	$(BIN)/python -m bench

# Check the data, train, convert, fit the thresholds on held-out texts, evaluate, write the card.
FORMS := training/configs/forms.yaml
train-forms: env test-env
	$(BIN)/python -m training.train_forms --config $(FORMS)
	$(BIN)/python -m convert.to_gguf runs/forms/best --base "$$($(BIN)/python -c '$(LOCATE)')" \
	  --task forms --out models/forms.gguf
	$(BIN)/python -m convert.record forms
	$(BIN)/python -m training.calibrate --config $(FORMS)
	$(BIN)/python -m training.evaluate forms --data training/data/forms/dev.jsonl --report runs/forms/report
	$(BIN)/python -m training.card --config $(FORMS) --adapter models/forms.gguf --report runs/forms/report \
	  --again 'make train-forms' --out models/forms.md

# Read on from the forms adapter; what tells how well, by the adapter's name.
MEASURE.resume := resume
MEASURE.pages := metadata
train-resume train-pages: train-%: env test-env
	$(BIN)/python -m training.train_forms --config training/configs/$*.yaml --start models/forms.gguf
	$(BIN)/python -m convert.to_gguf runs/$*/best --base "$$($(BIN)/python -c '$(LOCATE)')" \
	  --task $* --out models/$*.gguf
	$(BIN)/python -m convert.record $*
	$(BIN)/python -m training.evaluate $(MEASURE.$*) --data training/data/calibration/$(MEASURE.$*).jsonl

EMAIL := training/configs/email.yaml
train-email: env test-env
	$(BIN)/python -m training.train_email --config $(EMAIL)
	$(BIN)/python -m convert.to_gguf runs/email/best --base "$$($(BIN)/python -c '$(LOCATE)')" \
	  --task email --out models/email.gguf
	$(BIN)/python -m convert.record email
	$(BIN)/python -m training.calibrate_email --config $(EMAIL)

train-smoke: env test-env
	$(BIN)/python -m pytest tests/training/test_loop.py tests/convert tests/training/test_check_data.py \
	  tests/training/test_train_lora.py tests/training/test_train_forms.py tests/training/test_notebook.py

# Train and convert; the hashes it prints belong into smartform/engines/models.toml.
train-tone: env test-env
	$(BIN)/python -m training.tone --config training/configs/tone.yaml
	$(BIN)/python -m convert.tone_to_onnx runs/tone --out models/tone.onnx
	$(BIN)/python -m training.evaluate tone

screenshots: env test-env test-tools
	$(BIN)/python -m tests.browser.screenshots
