# `make help` lists the targets. Each makes its own set-up, in .venv and beside it. It needs Python 3.11 or
# later; what SAM CLI builds needs the functions' own Python 3.13.

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/ready
BUILD_DIR ?= .aws-sam/build
AUDIT := .venv-audit
AUDIT_READY := $(AUDIT)/ready
SAM := .venv-sam
SAM_READY := $(SAM)/ready
REHEARSE := .venv-rehearse
REHEARSE_READY := $(REHEARSE)/ready
CLIENTS := .venv-clients
CLIENTS_READY := $(CLIENTS)/ready
# Put the locked SAM CLI and its Python before others on this machine.
WITH_SAM = PATH="$(CURDIR)/$(SAM)/bin:$$PATH"
export PYTHONPATH := layers/auth:layers/blog
export SAM_CLI_TELEMETRY := 0
# Keep bytecode, also where the environment says otherwise: the tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup doctor dev token check unit test test-long test-dynoxide ci test-sam-local torture coverage clients lint audit format openapi docs screenshots build rehearse deploy deploy-app app-variables build-app upload-app limits restore-drill restore smoke sam-local bench lock clean

help: ## List the targets
	@awk '/^##@/ {print "\n" substr($$0, 5)} /^[a-z-]+:.*##/ {split($$0, part, ":.*## "); printf "  make %-16s %s\n", part[1], part[2]}' \
		$(MAKEFILE_LIST)

##@ Set up

setup: $(READY) ## Make .venv, if it is missing or out of date

# Set-up prints to stderr, so that `make -s token` prints only a token.
define installed
python="$$($(or $(1),scripts/find-python))" && \
	echo "Setting up $(@D) with $$python (about half a minute) ..." >&2 && \
	"$$python" -m venv --clear $(@D) && \
	for lock in requirements-pip.txt $<; do \
		$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $$lock >&2 || exit; \
	done && \
	touch $@
endef

$(READY): requirements-dev.txt requirements-pip.txt scripts/find-python
	@$(call installed)

doctor: ## Say what is missing on this machine, what for, and how to get it
	@python="$$(scripts/find-python)" && "$$python" -m scripts.doctor

# The locks hold hashes for all platforms, and no registry's address.
LOCK = uv pip compile --quiet --universal --generate-hashes --no-strip-extras --python-version 3.11 \
	--custom-compile-command "make lock" pyproject.toml
lock: ## Renew the locks (needs uv); ARGS=--upgrade takes the newest of all
	@$(LOCK) $(ARGS) --extra dev -o requirements-dev.txt
	@$(LOCK) --extra auth -c requirements-dev.txt -o layers/auth/requirements.txt
	@$(LOCK) --extra blog -c requirements-dev.txt -o layers/blog/requirements.txt
	@$(LOCK) --extra images -c requirements-dev.txt -o layers/images/requirements.txt
	@for function in authorizer posts; do \
		$(LOCK) --extra tutorial-$$function -c requirements-dev.txt \
			-o tests/performance/tutorial/$$function/requirements.txt || exit; \
	done
	@$(LOCK) $(ARGS) --extra pip -o requirements-pip.txt
	@$(LOCK) $(ARGS) --extra audit -o requirements-audit.txt
	@$(LOCK) $(ARGS) --extra sam -o requirements-sam.txt
	@$(LOCK) $(ARGS) --extra rehearse -o requirements-rehearse.txt
	@$(LOCK) $(ARGS) --extra clients -o requirements-clients.txt

clean: ## Remove everything that can be made again
	@rm -rf $(VENV) $(AUDIT) $(SAM) $(REHEARSE) $(CLIENTS) .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis spa/node_modules spa/dist spa/.tests tests/clients/node_modules

##@ Run

dev: $(READY) ## Run the local stack: app, API, issuer, DynamoDB, S3
	@DEVSERVER_MAKE_PID=$$PPID exec $(PY) -m devserver

# The shell sets USER too, so only the one on the command line counts.
ifeq ($(origin USER),command line)
token: export TOKEN_USER := $(USER)
endif
token: $(READY) ## Print an access token: make -s token USER=alice (EXPIRES_IN=5, AUDIENCE=, TOKEN_TYPE=id)
	@$(PY) -m devserver.token

sam-local: $(READY) $(SAM_READY) ## Run the API in containers, by SAM CLI (needs Docker, Python 3.13)
	@DEVSERVER_MAKE_PID=$$PPID $(WITH_SAM) exec $(PY) -m devserver.sam_local

##@ Check

check: $(READY) ## Run lint and unit tests: before each commit
	@$(MAKE) --no-print-directory -j 2 unit $(LINTS)

# The parts of `make lint`, two at a time.
LINTS := lint-types lint-code lint-template lint-generated lint-app
.PHONY: $(LINTS)
lint: $(READY) ## Check form, types, template, generated files and the app
	@$(MAKE) --no-print-directory -j 2 $(LINTS)

lint-types: $(READY)
	@$(PY) -m mypy

lint-code: $(READY)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

lint-template: $(READY)
	@$(PY) -m scripts.lint_template

lint-generated: $(READY)
	@for page in openapi refusals permissions roles cost; do $(PY) -m scripts.docs.$$page --check || exit; done

lint-app: $(READY)
	@$(PY) -m scripts.lint_spa

format: $(READY) ## Format the code
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@$(PY) -m scripts.lint_spa --fix

# These tools need other versions than the tests.
$(AUDIT_READY): requirements-audit.txt requirements-pip.txt scripts/find-python
	@$(call installed)

$(SAM_READY): requirements-sam.txt requirements-pip.txt scripts/find-python
	@$(call installed,scripts/find-python 3.13)

audit: $(READY) $(AUDIT_READY) $(SAM_READY) ## Check advisories, template and workflows (AUDIT=insist: fail when a service is away)
	@$(PY) -m scripts.release.audit $(CURDIR)/$(AUDIT)/bin:$(CURDIR)/$(SAM)/bin

$(CLIENTS_READY): requirements-clients.txt requirements-pip.txt scripts/find-python
	@$(call installed)

clients: $(READY) $(CLIENTS_READY) ## Generate clients from openapi.json, and compile them (needs Node.js, Java, Maven)
	@$(PY) -m scripts.clients $(CURDIR)/$(CLIENTS)/bin

coverage: $(READY) ## Check that the tests take every branch of blog_auth
	@$(PYTEST) -q $$(grep -l "from blog_auth" tests/unit/test_*.py) tests/integration/test_key_server_faults.py \
		--cov=layers/auth/blog_auth --cov-branch --cov-report=term-missing --cov-fail-under=100

ci: ## Run all that must pass before a change lands: .ci/run
	@.ci/run

##@ Test

# Workers of pytest-xdist. 0 runs all tests in one process, as a debugger needs it.
WORKERS ?= 3
PYTEST = $(PY) -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

unit: $(READY) ## Run the unit tests
	@$(PYTEST) -q tests/unit $(ARGS)

test: $(READY) ## Run all tests, also over HTTP and in a browser (ARGS=, WORKERS=)
	@$(PYTEST) $(ARGS)

# Random examples, many of them, and all points of interruption.
test-long: $(READY) ## Run the property tests with many random examples (SEED=)
	@HYPOTHESIS_PROFILE=long EXAMPLES=200 SEED=$${SEED:-$$(date +%s)} $(PYTEST) \
		tests/unit tests/integration/test_posts_as_a_model.py tests/integration/test_people_as_a_model.py \
		tests/integration/accounts/test_concurrent_requests.py tests/integration/accounts/test_interruptions.py \
		tests/integration/test_image_uses.py tests/integration/test_pages_xss.py \
		tests/e2e/test_conformance.py $(ARGS)

# They test no behaviour of the engine, or bring their own.
SAME_ON_ENGINES := key_server_faults.py late_reads.py recordings.py saved_queries.py

test-dynoxide: $(READY) ## Run what can differ between engines on Dynoxide (needs Cargo, once)
	@$(PY) -m devserver.aws.dynoxide
	@DYNAMODB=dynoxide $(PYTEST) tests/integration tests/torture tests/e2e/test_ownership.py tests/e2e/test_races.py tests/e2e/test_kept_data.py \
		$(addprefix --ignore tests/integration/test_,$(SAME_ON_ENGINES)) $(ARGS)

test-sam-local: $(READY) $(SAM_READY) ## Run the end-to-end tests against sam local (needs Docker, Python 3.13)
	@$(WITH_SAM) $(PY) -m tests.support.sam_local $(ARGS)

torture: $(READY) ## Run races, faults, killed processes and a flood, and check the results (ARGS= some parts, OPERATIONS=, FAULTS=, SECONDS=, RATE=, SEED=)
	@$(PY) -m devserver.aws.dynoxide >/dev/null
	@$(PY) -m tests.torture $(ARGS)

##@ Generate

openapi: $(READY) ## Write openapi.json from the handlers
	@$(PY) -m scripts.docs.openapi

docs: $(READY) ## Write what the pages in docs/ take from the code
	@$(PY) -m scripts.docs.refusals
	@$(PY) -m scripts.docs.permissions
	@$(PY) -m scripts.docs.roles
	@$(PY) -m scripts.docs.cost

screenshots: $(READY) ## Take docs/images from the running app (needs Node.js and Chromium)
	@$(PY) -m tests.support.screenshots

##@ Build and deploy

build: $(READY) $(SAM_READY) ## Build what is deployed, into .aws-sam (needs Python 3.13)
	@$(WITH_SAM) sam build --build-dir $(BUILD_DIR) $(ARGS)
	@$(SAM)/bin/python scripts/release/trim.py $(BUILD_DIR)
	@$(SAM)/bin/python scripts/release/bytecode.py $(BUILD_DIR)
	@$(PY) -m scripts.release.sbom $(dir $(BUILD_DIR))sbom

$(REHEARSE_READY): requirements-rehearse.txt requirements-pip.txt scripts/find-python
	@$(call installed,scripts/find-python 3.13)

REHEARSAL_DIR := .aws-sam/rehearsal
rehearse: $(READY) $(SAM_READY) $(REHEARSE_READY) ## Deploy to an emulator of AWS, by the real SAM CLI (needs Python 3.13)
	@$(WITH_SAM) sam build --build-dir $(REHEARSAL_DIR) --parameter-overrides \
		Architecture=$$($(PY) -m scripts.rehearsal.template) >/dev/null
	@$(SAM)/bin/python scripts/release/trim.py $(REHEARSAL_DIR) >/dev/null
	@$(SAM)/bin/python scripts/release/bytecode.py $(REHEARSAL_DIR) >/dev/null
	@$(WITH_SAM) $(PY) -m scripts.rehearsal $(REHEARSAL_DIR) $(REHEARSE)/bin/ministack

# STAGE is an environment of samconfig.toml.
STAGE ?= staging
deploy: $(READY) $(SAM_READY) ## Deploy the build to STAGE=staging or production (PARAMETERS="Key=Value ..."; needs Python 3.13)
	@$(WITH_SAM) $(PY) -m scripts.release.deploy $(STAGE) $(BUILD_DIR)

deploy-app: $(READY) ## Build the app for STAGE and upload it to its CloudFront (CLIENT_ID=)
	@$(PY) -m scripts.release.deploy_app all $(STAGE)

# The pipeline runs the steps of deploy-app in jobs of their own.
APP_DIR = .aws-sam/app

app-variables: $(READY)
	@$(PY) -m scripts.release.deploy_app variables $(STAGE)

build-app: $(READY)
	@$(PY) -m scripts.release.deploy_app build $(APP_DIR)

upload-app: $(READY)
	@$(PY) -m scripts.release.deploy_app upload $(STAGE) $(APP_DIR)

limits: $(READY) ## Print how much of each limit of AWS the template uses
	@$(PY) -m scripts.release.limits

smoke: $(READY) ## Run the end-to-end tests against API_URL, as two users of TENANT (docs/deployment.md)
	@test -n "$(API_URL)" || { echo "make smoke: API_URL names no API" >&2; exit 1; }
	@test -n "$(ISSUER_URL)$(TENANT)$(and $(ALICE_TOKEN),$(BOB_TOKEN))" || \
		{ echo "make smoke: nobody to log in as, so most would be skipped: set TENANT" >&2; exit 1; }
	@$(PY) -m pytest tests/e2e --ignore tests/e2e/browser $(ARGS)

restore-drill: $(READY) ## Try whether STAGE's table can be restored, and how fast
	@env -u AT $(PY) -m scripts.release.restore $(STAGE)

restore: $(READY) ## Restore STAGE's table as it was AT=2026-01-31T09:30:00Z, beside the one in use
	@AT="$(AT)" $(PY) -m scripts.release.restore $(STAGE)

##@ Measure

bench: $(READY) ## Measure ratios (ARGS= some parts, BENCH_POSTS= of the largest blog)
	-@$(MAKE) --no-print-directory $(SAM_READY) # without it, cold starts are left out
	@$(WITH_SAM) $(PY) -m tests.performance $(ARGS)
