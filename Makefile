# The commands of the project; CONTRIBUTING.md says more. Nothing has to be installed beforehand but Python 3, pip and make.

PORT ?= 8000
CORPUS ?=
WORKERS ?= 2

PYTHON := .venv/bin/python
PACKAGES := newsroom newsletters paywall articles subscriptions accounts stripe_sandbox
BROWSERS := chromium chromium-browser google-chrome
export UV_PROJECT_ENVIRONMENT := .venv

# What a server on the internet has to set beside DATABASE_URL, for the checks that only then say something.
PRODUCTION := \
	SITE_URL=https://news.example.org \
	SECRET_KEY=check-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ \
	EMAIL_URL=smtp+tls://newsroom:check-only@mail.example.org:587 \
	DEFAULT_FROM_EMAIL=post@news.example.org \
	TRUSTED_PROXIES=1 \
	STRIPE_SECRET_KEY=sk_test_check_only \
	STRIPE_WEBHOOK_SECRET=whsec_check_only

# Leaves the path of uv in $uv. Asked for its version, since a shim of that name may be there and fail. Otherwise it is
# fetched into .uv/: as an environment or, where Python comes without venv or is managed by the system, as a folder.
define find-uv
if uv --version >/dev/null 2>&1; then uv=uv; \
elif .uv/bin/uv --version >/dev/null 2>&1; then uv=.uv/bin/uv; \
else \
	echo "Fetching uv into .uv/ ..."; rm -rf .uv; uv=.uv/bin/uv; \
	if ! { python3 -m venv .uv && .uv/bin/python -m pip install --quiet uv; } >/dev/null 2>&1; then \
		rm -rf .uv; \
		if ! PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --target .uv uv; then \
			rm -rf .uv; \
			echo "uv is missing and cannot be fetched with python3. Install it (https://docs.astral.sh/uv/), or python3-pip, and try again." >&2; \
			exit 1; \
		fi; \
	fi; \
fi
endef

# $(call fetch-tool,FOLDER,WHAT HAPPENS WITHOUT): what tests/tools/FOLDER/package-lock.json names, with npm and without
# running anything of it.
define fetch-tool
cd tests/tools/$(1) && if cmp -s package-lock.json node_modules/.fetched; then exit 0; \
elif command -v npm >/dev/null && npm install --silent --ignore-scripts --legacy-peer-deps --no-audit --no-fund; then \
	cp package-lock.json node_modules/.fetched; \
else echo "npm is missing or cannot fetch tests/tools/$(1): $(2)." >&2; \
fi
endef

.PHONY: help demo sync browser nginx wrk java html-checker lighthouse lint lint-with-database test bench audit screenshots

help:
	@echo "make demo [PORT=8123] [CORPUS=file]   the site with its demo publication, until Ctrl-C"
	@echo "make test                             everything that must hold: lint, then all tests"
	@echo "make lint                             style, types, layers, migrations, production settings"
	@echo "make audit                            Lighthouse on the front page, an article and the gate"
	@echo "make screenshots                      each kind of page at four widths, by day and by night, in .local/screenshots/"
	@echo "make bench                            how fast pages, search, decisions, imports and more are: docs/benchmarks.md"

# exec: the shell gives way to the demo, so that a signal to make reaches it. The development tools are not fetched for it.
demo:
	@began=$$(date +%s); $(find-uv) && \
	$$uv sync --locked --quiet --no-group dev --inexact && \
	exec $(PYTHON) manage.py demo --port "$(PORT)" --since $$began $(if $(CORPUS),--corpus "$(CORPUS)")

sync:
	@$(find-uv) && $$uv sync --locked --quiet

browser: sync
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else \
		$(PYTHON) -m playwright install chromium; \
	fi

# Without it the tests that need it are skipped. It is there to be started by them alone, so the service that the package
# would start (on port 80, with its own page) is not: not by init (RUNLEVEL), nor by systemd.
nginx:
	@PATH="$$PATH:/usr/sbin"; command -v nginx >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
		RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx >/dev/null; then \
		if [ -d /run/systemd/system ]; then systemctl disable --now --quiet nginx; fi; \
	else \
		echo "nginx is missing and cannot be fetched with apt-get: tests/nginx/ is skipped." >&2; \
	fi

wrk:
	@command -v wrk >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk >/dev/null; then :; \
	else \
		echo "wrk is missing and cannot be fetched with apt-get: apt-get install wrk" >&2; \
	fi

lint: sync
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	find templates -name '*.html' -exec .venv/bin/djade --check --target-version 6.1 {} +
	$(PYTHON) -m mypy $(PACKAGES) manage.py
	.venv/bin/lint-imports --no-logo
	$(PYTHON) manage.py embedded_postgres run $(MAKE) --no-print-directory lint-with-database

lint-with-database:
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PYTHON) manage.py check --deploy --fail-level WARNING

# Without Java and npm the one test that needs the Nu HTML checker is skipped; docs/adr/0038 says why it comes this way.
java:
	@command -v java >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends default-jre-headless >/dev/null; then :; \
	else \
		echo "Java is missing and cannot be fetched with apt-get: tests/test_markup.py is skipped." >&2; \
	fi

html-checker: java
	@$(call fetch-tool,html-checker,tests/test_markup.py is skipped)

lighthouse:
	@$(call fetch-tool,lighthouse,nothing is audited)

test: browser nginx html-checker lint
	$(PYTHON) -m pytest -n $(WORKERS)

audit: browser nginx lighthouse
	$(PYTHON) -m tests.audit

screenshots: browser
	$(PYTHON) -m pytest -n $(WORKERS) -q tests/browser/screenshots.py

bench: sync nginx wrk
	$(PYTHON) -m tests.bench
