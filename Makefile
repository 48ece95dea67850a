# make dev · make test · make lint · make build · make sam-local · make bench
# Each target makes its own set-up, in .venv and beside it; all that it needs is Python 3.11 or later, and
# what SAM CLI builds, the functions' own 3.13.

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/ready
BUILD_DIR ?= .aws-sam/build
AUDIT := .venv-audit
AUDIT_READY := $(AUDIT)/ready
SAM := .venv-sam
SAM_READY := $(SAM)/ready
# The locked SAM CLI, and the Python that it builds with, go before what else the machine has.
WITH_SAM = PATH="$(CURDIR)/$(SAM)/bin:$$PATH"
export PYTHONPATH := layers/auth:layers/blog
export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.PHONY: help setup doctor dev token test test-dynoxide test-sam-local torture coverage lint audit format openapi docs screenshots build deploy deploy-app restore-drill restore smoke sam-local bench lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/'

setup: $(READY) ## Make the virtual environment, if it is not there or not up to date

# What set-up prints goes to stderr, so that `make -s token` prints a token and nothing else.
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

doctor: ## What is missing on this machine, what for, and how to get it
	@python="$$(scripts/find-python)" && "$$python" -m scripts.doctor

dev: $(READY) ## The whole stack on this machine: app, API, issuer, DynamoDB, S3
	@exec $(PY) -m devserver

# USER is also what the shell calls you, so only the one on the command line counts.
ifeq ($(origin USER),command line)
token: export TOKEN_USER := $(USER)
endif
token: $(READY) ## An access token: make -s token USER=alice (EXPIRES_IN=5, AUDIENCE=, TOKEN_TYPE=id)
	@$(PY) -m devserver.token

test: $(READY) ## All tests, the end-to-end suite among them
	@$(PY) -m pytest $(ARGS)

# Without the tests in a browser, which are of the app.
test-dynoxide: $(READY) ## Storage, integration and end-to-end tests again, on Dynoxide (needs Cargo, once)
	@$(PY) -m devserver.aws.dynoxide
	@DYNAMODB=dynoxide $(PY) -m pytest tests/integration tests/e2e tests/torture --ignore tests/e2e/browser $(ARGS)

test-sam-local: $(READY) $(SAM_READY) ## The end-to-end tests against sam local (needs Docker, Python 3.13)
	@$(WITH_SAM) $(PY) -m tests.support.sam_local $(ARGS)

torture: $(READY) ## Races, faults and killed processes, checked as a history (OPERATIONS=, FAULTS=, SEED=)
	@$(PY) -m devserver.aws.dynoxide >/dev/null
	@$(PY) -m tests.torture

lint: $(READY) ## ruff, mypy, cfn-lint, the app (tsc, prettier, eslint, unit tests), and whether openapi.json and docs/ are up to date
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) $(VENV)/bin/cfn-lint template.yaml .github/deploy-role.yaml
	@$(PY) -m scripts.docs.openapi --check
	@$(PY) -m scripts.docs.refusals --check
	@$(PY) -m scripts.docs.permissions --check
	@$(PY) -m scripts.docs.roles --check
	@$(PY) -m scripts.docs.cost --check
	@$(PY) -m scripts.lint_spa

# Tools that ask for other versions than the tests do.
$(AUDIT_READY): requirements-audit.txt requirements-pip.txt scripts/find-python
	@$(call installed)

$(SAM_READY): requirements-sam.txt requirements-pip.txt scripts/find-python
	@$(call installed,scripts/find-python 3.13)

audit: $(READY) $(AUDIT_READY) $(SAM_READY) ## sam validate, checkov, actionlint, and what advisories say of what is locked (needs Python 3.13; AUDIT=insist: fail without them)
	@$(PY) -m scripts.release.audit $(CURDIR)/$(AUDIT)/bin:$(CURDIR)/$(SAM)/bin

format: $(READY) ## Put the code into ruff's and prettier's format
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@$(PY) -m scripts.lint_spa --fix

openapi: $(READY) ## Write openapi.json from the handlers
	@$(PY) -m scripts.docs.openapi

docs: $(READY) ## Write what the pages in docs/ take from the code
	@$(PY) -m scripts.docs.refusals
	@$(PY) -m scripts.docs.permissions
	@$(PY) -m scripts.docs.roles
	@$(PY) -m scripts.docs.cost

screenshots: $(READY) ## Take docs/images from the running app (needs Node.js and Chromium)
	@$(PY) -m tests.support.screenshots

coverage: $(READY) ## Fail unless the tests take every branch of blog_auth
	@$(PY) -m pytest -q tests/unit tests/integration/test_key_server_faults.py \
		--cov=layers/auth/blog_auth --cov-branch --cov-report=term-missing --cov-fail-under=100

build: $(READY) $(SAM_READY) ## What is deployed, into .aws-sam: sam build, bytecode, bills of materials (needs Python 3.13)
	@$(WITH_SAM) sam build --build-dir $(BUILD_DIR) $(ARGS)
	@$(SAM)/bin/python scripts/release/bytecode.py $(BUILD_DIR)
	@$(PY) -m scripts.release.sbom $(dir $(BUILD_DIR))sbom

# STAGE is an environment of samconfig.toml.
STAGE ?= staging
deploy: $(READY) $(SAM_READY) ## What `make build` made, to STAGE=staging or production (PARAMETERS="Key=Value ..."; needs Python 3.13)
	@$(WITH_SAM) $(PY) -m scripts.release.deploy $(STAGE) $(BUILD_DIR)

deploy-app: $(READY) ## The app, built for what STAGE has deployed, to its CloudFront (CLIENT_ID=)
	@$(PY) -m scripts.release.deploy_app $(STAGE)

restore-drill: $(READY) ## Whether STAGE's table can be restored from its backup, and how fast
	@env -u AT $(PY) -m scripts.release.restore $(STAGE)

restore: $(READY) ## STAGE's table as it was AT=2026-01-31T09:30:00Z, beside the one in use
	@AT="$(AT)" $(PY) -m scripts.release.restore $(STAGE)

smoke: $(READY) ## The end-to-end tests against API_URL, as two users of TENANT (docs/deployment.md)
	@test -n "$(API_URL)" || { echo "make smoke: API_URL names no API" >&2; exit 1; }
	@test -n "$(ISSUER_URL)$(TENANT)$(and $(ALICE_TOKEN),$(BOB_TOKEN))" || \
		{ echo "make smoke: nobody to log in as, so most would be skipped: set TENANT" >&2; exit 1; }
	@$(PY) -m pytest tests/e2e --ignore tests/e2e/browser $(ARGS)

sam-local: $(READY) $(SAM_READY) ## The same API in containers, by SAM CLI (needs Docker, Python 3.13)
	@$(WITH_SAM) exec $(PY) -m devserver.sam_local

bench: $(READY) ## Ratios, measured here and now (ARGS= some parts, BENCH_POSTS= of the largest blog)
	-@$(MAKE) --no-print-directory $(SAM_READY) # without it, cold starts are left out
	@$(WITH_SAM) $(PY) -m tests.performance $(ARGS)

# Hashes of every platform's wheels, and no address of any registry.
LOCK = uv pip compile --quiet --universal --generate-hashes --no-strip-extras --python-version 3.11 \
	--custom-compile-command "make lock" pyproject.toml
lock: ## Renew the locks (needs uv); ARGS=--upgrade takes the newest of all
	@$(LOCK) $(ARGS) --extra dev -o requirements-dev.txt
	@$(LOCK) --extra auth -c requirements-dev.txt -o layers/auth/requirements.txt
	@$(LOCK) --extra blog -c requirements-dev.txt -o layers/blog/requirements.txt
	@for function in authorizer posts; do \
		$(LOCK) --extra tutorial-$$function -c requirements-dev.txt \
			-o tests/performance/tutorial/$$function/requirements.txt || exit; \
	done
	@$(LOCK) $(ARGS) --extra pip -o requirements-pip.txt
	@$(LOCK) $(ARGS) --extra audit -o requirements-audit.txt
	@$(LOCK) $(ARGS) --extra sam -o requirements-sam.txt

clean: ## Remove what can be made again
	@rm -rf $(VENV) $(AUDIT) $(SAM) .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis spa/node_modules spa/dist spa/.tests
