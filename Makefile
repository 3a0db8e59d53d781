PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed
RESULTS := benchmarks/results.jsonl

.PHONY: demo test test-backends notebooks parity parity-avx2 parity-tfa bench lint format clean

demo: $(INSTALLED)  ## a tour in a few minutes; pictures go to demo_output/
	$(VENV)/bin/psp-keras demo

test: $(INSTALLED)  ## the test suite, in two processes: most of it is Python, which uses one processor
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile

test-backends: $(VENV)/.backends  ## layers, models, losses, parity and fit on JAX and PyTorch; KERAS_BACKEND picks one
	for backend in $${KERAS_BACKEND:-jax torch}; do \
		KERAS_BACKEND=$$backend $(VENV)/bin/python -m pytest tests/test_layers.py tests/test_losses.py \
			tests/test_models.py tests/test_parity.py tests/test_psp.py || exit 1; \
	done
	$(VENV)/bin/python -m pytest tests/test_backends.py tests/test_several_devices.py \
		tests/test_without_tensorflow.py

bench: $(VENV)/.backends  ## how fast networks and training of the published size are here (40 minutes, 14 GB): docs/speed.*
	rm -f $(RESULTS)
	$(VENV)/bin/python benchmarks/inference.py --results $(RESULTS)
	$(VENV)/bin/python benchmarks/inference.py --frozen --results $(RESULTS)
	$(VENV)/bin/python benchmarks/training.py --results $(RESULTS)
	$(VENV)/bin/python benchmarks/training.py --dtype mixed_bfloat16 --results $(RESULTS)
	$(VENV)/bin/python benchmarks/peer_torch.py --results $(RESULTS)
	$(VENV)/bin/python benchmarks/scaling.py --resolutions 64 256 1024 --batches 1 4 16 --results $(RESULTS)
	$(VENV)/bin/python benchmarks/commands.py --results $(RESULTS)
	$(VENV)/bin/python benchmarks/report.py $(RESULTS) docs

notebooks: $(INSTALLED)  ## runs every notebook from top to bottom
	$(VENV)/bin/python -m pytest tests/test_notebooks.py -m notebook

parity: $(INSTALLED)  ## every comparison with the published PyTorch models, full size too, and its table
	$(VENV)/bin/python -m pytest tests/test_parity.py tests/test_parity_full.py tests/test_parity_encoders.py \
		tests/test_parity_training.py \
		-m "heavy or not heavy" --parity-table

parity-avx2: $(INSTALLED)  ## a short comparison as a processor without AVX-512 computes it (seconds)
	ONEDNN_MAX_CPU_ISA=AVX2 XLA_FLAGS=--xla_cpu_max_isa=AVX2 $(VENV)/bin/python -m pytest tests/test_onednn.py \
		tests/test_parity.py tests/test_parity_full.py \
		-k "fused or upsampling or plain_ones or modulated_conv or fir or map2style or ir_se_block or generator_32 or moco"

parity-tfa:  ## writes the tensorflow-addons reference anew (needs Python 3.9 to 3.11), in an environment of its own
	$(PYTHON) -m venv $(VENV)-tfa
	$(VENV)-tfa/bin/python -m pip install --quiet --requirement tests/parity_tfa/requirements.txt
	$(VENV)-tfa/bin/python tests/parity_tfa/write_reference.py tests/data/tfa_lookahead_radam.npz

lint: $(INSTALLED)  ## ruff: format and lint
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .

format: $(INSTALLED)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

$(INSTALLED): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --requirement requirements.txt
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.backends: $(INSTALLED) requirements-backends.txt
	$(VENV)/bin/python -m pip install --quiet --requirement requirements-backends.txt
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-tfa demo_output
