# Every command of Segue. `make` alone lists them. Needs Python 3.11 or 3.12; the rest it fetches itself.

PYTHON ?= python3
PY := .venv/bin/python
STACK := $(PY) -m deploy.local

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-real up down status run test check bench-codebooks bench-model bench-path bench-surge bench-grpc bench-tokens \
        bench-freshness bench-converse faults-kill faults-poison parity protos sample checkpoint containers clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

setup: ## make .venv from requirements.lock (SEGUE_TORCH=cpu: without the CUDA libraries)
	@$(PYTHON) -m deploy.setup

demo: setup ## start everything, stream the sample, show recommendations, talk, measure, stop
	@$(STACK) demo

demo-real: setup ## the same on real playlists: make demo-real DATA=folder
	@$(STACK) demo --data "$(or $(DATA),$(error name the folder: make demo-real DATA=folder))"

up: setup ## start the stack and leave it running
	@$(STACK) up

down: ## stop the stack, or clean up after a crash
	@if [ -x $(PY) ]; then $(STACK) down; fi

status: ## what runs, and what is ready
	@if [ -x $(PY) ]; then $(STACK) status; else echo "nothing is installed here yet: make up"; exit 1; fi

run: setup ## run the stack in the foreground with its output, until Ctrl-C
	@$(STACK) run

test: check ## every check and every test
	@$(PY) -m pytest tests/unit tests/contract tests/quality tests/integration tests/end_to_end tests/faults

check: setup ## style, types, layers, schema
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@cd protos && ../.venv/bin/buf lint

bench-model: setup ## one answer of the model at three sizes of catalogue, against Hugging Face generate
	@$(PY) -m bench.model

bench-path: setup ## latency from Kafka to Kafka, against the bare parts
	@$(PY) -m bench.path

bench-surge: setup ## 1,000 listening events a second for a minute
	@$(PY) -m bench.surge

bench-grpc: setup ## Recommend on the idle stack, against the model's own time
	@$(PY) -m bench.grpc_latency

bench-tokens: setup ## playlist edits a second, and index swaps beside requests
	@OMP_NUM_THREADS=1 $(PY) -m bench.tokens

bench-freshness: setup ## from a playlist edit, a new track and a removal to the list that shows it
	@OMP_NUM_THREADS=1 $(PY) -m bench.freshness

bench-converse: setup ## Converse on the idle stack, to the tracks and to the whole reply
	@$(PY) -m bench.converse

bench-codebooks: setup ## codebooks of a catalogue of 2.2 million tracks, streamed from disk: make bench-codebooks SCALE=0.01
	@OMP_NUM_THREADS=1 $(PY) -m bench.codebooks --scale $(or $(SCALE),1)

faults-kill: setup ## kill -9 of sessions, ten times, during 5,000 events
	@$(PY) -m bench.faults_kill

faults-poison: setup ## bad events among good ones
	@$(PY) -m bench.faults_poison

parity: setup ## what track_tokens publishes against the backtest: shuffled, three workers, killed
	@$(PY) -m bench.parity

protos: setup ## generate segue/v1 from protos/
	@$(PY) -m grpc_tools.protoc -Iprotos --python_out=. --pyi_out=. protos/segue/v1/*.proto
	@$(PY) -m grpc_tools.protoc -Iprotos --grpc_python_out=. protos/segue/v1/services.proto

sample: setup ## make the bundled sample again
	@.venv/bin/segue world samples/world

checkpoint: setup ## train the bundled checkpoint again
	@.venv/bin/segue train samples/world --out checkpoints/world --until 2025-06-15 --width 128 --layers 3 --epochs 4 --most-codes 256 --text-epochs 0

containers: setup ## build and rehearse docker-compose.yml: make containers COMPOSE="docker compose" BUILD="docker build -t"
	@SEGUE_TEST_COMPOSE="$(or $(COMPOSE),docker compose)" SEGUE_TEST_BUILD="$(or $(BUILD),docker build -t)" $(PY) -m pytest -s tests/end_to_end/test_containers.py

clean: down ## remove what runs leave behind; the environment and the downloads stay
	@rm -rf .segue .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
