"""All settings of the site, read from the environment once. README.md lists the variables; `.env.example` explains
them.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf.global_settings import LANGUAGES
from django.utils.csp import CSP

from newsroom import log_lines, sentry
from newsroom.billing_rules import read_billing_rules
from newsroom.database_pool import pool_options
from newsroom.embedded_postgres import Cluster
from newsroom.env import (
    LOOPBACK_HOSTS,
    Environment,
    EnvironmentRefused,
    is_embedded_database,
    is_local_mode,
    parse_cache_url,
    parse_contact,
    parse_database_url,
    parse_email_url,
    parse_header,
    parse_hook_url,
    parse_policy_url,
    parse_site_url,
    parse_time_zone,
)
from newsroom.local_secret import local_secret
from newsroom.stripe_account import STRIPE_API, STRIPE_PAGES, read_stripe_account

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = BASE_DIR / ".local"

env = Environment(os.environ)

# --- Which site this is -------------------------------------------------------------------------------------------
LOCAL_MODE = is_local_mode(env)
DEBUG = env.flag("DEBUG")
PORT = env.integer("PORT", 8000, least=1, most=65535)
SITE_URL = env.parsed("SITE_URL", f"http://localhost:{PORT}", parse_site_url)
SITE_NAME = env.text("SITE_NAME", "The Meridian Review")
SITE_NOTE = env.text(
    "SITE_NOTE", "A demonstration publication. Its authors and events are invented." if LOCAL_MODE else ""
)
ALLOWED_HOSTS = env.listed("ALLOWED_HOSTS") or [urlsplit(SITE_URL).hostname or "localhost"]
if LOCAL_MODE:
    ALLOWED_HOSTS = list(LOOPBACK_HOSTS)
    SECRET_KEY = env.text("SECRET_KEY") or local_secret(LOCAL_DIR / "secret_key")
else:
    SECRET_KEY = env.required(
        "SECRET_KEY",
        "a long random text that signs sessions; python -c 'import secrets; print(secrets.token_urlsafe(50))'",
    )
    env.required("EMAIL_URL", "where mail goes, like smtp+tls://user:password@mail.example.org:587")
    env.required("DEFAULT_FROM_EMAIL", "the sender of the site's mail, like 'The Review <post@example.org>'")
IS_HTTPS = SITE_URL.startswith("https://")
IS_DEMO = LOCAL_MODE and env.flag("DEMO")
if not LOCAL_MODE and env.flag("DEMO"):
    env.problems.append("DEMO=1 is for this machine alone, since it asks staff for no second factor: unset it")
if not LOCAL_MODE and not IS_HTTPS and not any(problem.startswith("SITE_URL") for problem in env.problems):
    env.problems.append("SITE_URL is missing or not https: it must be like https://news.example.org on a public host")

# --- Applications -------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "newsroom",
    "newsletters",
    "paywall",
    "articles",
    "subscriptions",
    "accounts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_prose_editor",
    "django_tasks_db",
    "pictures",
]

MIDDLEWARE = [
    "newsroom.request_log.RequestLogMiddleware",
    # Outside of the next, which answers by itself where a host is unknown or a request came without TLS.
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "newsroom.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "articles.page_cache.PageCacheMiddleware",
    "accounts.middleware.NeverStoredMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "newsroom.refusals.RefusalsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.devices.ActivityMiddleware",
    "accounts.second_factor.SecondFactorMiddleware",
    "paywall.middleware.PaywallMiddleware",
]

ROOT_URLCONF = "newsroom.urls"
WSGI_APPLICATION = "newsroom.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# HSTS for subdomains and preloading would bind hosts of the publisher that this site knows nothing of.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "newsroom.context_processors.site",
            ],
        },
    }
]

# --- Data ---------------------------------------------------------------------------------------------------------
# A web process asks for its pool with DATABASE_POOL=1 (as the demo does); commands and workers use one
# connection.
DATABASES: dict[str, dict[str, Any]] = {}
if is_embedded_database(os.environ):
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "newsroom",
        "USER": "postgres",
        "HOST": str(Cluster(BASE_DIR).socket_dir),
        "PORT": "5432",
        "OPTIONS": {},
    }
elif env.has("DATABASE_URL"):
    DATABASES["default"] = env.parsed("DATABASE_URL", "postgresql:///newsroom", parse_database_url)
else:
    env.required("DATABASE_URL", "postgresql://user:password@host:5432/newsroom (or ALLOW_EMBEDDED_DATABASE=1)")
if DATABASES and env.flag("DATABASE_POOL"):
    DATABASES["default"]["OPTIONS"] |= {"pool": pool_options()}

CACHES = {"default": env.parsed("CACHE_URL", "db://site_cache", parse_cache_url)}
CDN_PURGE_URL = env.parsed("CDN_PURGE_URL", "", parse_hook_url)  # is told the surrogate keys of what has changed
CDN_PURGE_HEADER = env.parsed("CDN_PURGE_HEADER", "", parse_header)  # says who we are, like "Fastly-Key: secret"
PAGE_CACHE_MB = env.integer("PAGE_CACHE_MB", 64, most=4096)  # in each web process; 0 keeps nothing
SESSION_ENGINE = "accounts.sessions"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

TASKS = {
    "default": {"BACKEND": "django_tasks_db.DatabaseBackend"},
}

# --- Files --------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT") or LOCAL_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = env.text("MEDIA_URL", "/media/")
MEDIA_ROOT = Path(env.text("MEDIA_ROOT") or LOCAL_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o644
PICTURES = {
    "BREAKPOINTS": {"phone": 480, "tablet": 768, "laptop": 1024, "desktop": 1280},
    "GRID_COLUMNS": 4,
    "CONTAINER_WIDTH": 1600,
    "FILE_TYPES": ["AVIF", "WEBP"],
    "PIXEL_DENSITIES": [1],
    "USE_PLACEHOLDERS": False,
    "PICTURE_CLASS": "articles.renditions.Rendition",
    "PROCESSOR": "articles.renditions.leave_to_photo",
}

# --- People -------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AUDIT_DAYS = env.integer("AUDIT_DAYS", 730, least=367, most=36_500)  # how long the log of what staff did is kept
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account"
LOGOUT_REDIRECT_URL = "articles:front"
SESSION_COOKIE_AGE = int(timedelta(days=60).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
PASS_COOKIE_NAME = "pass"  # noqa: S105 - of the browser that paid; signed, and read by subscriptions alone
CSRF_FAILURE_VIEW = "newsroom.refusals.csrf_failure"

TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0, most=9)  # how many proxies of ours stand before the site
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# By code, never by link: a mail scanner opens links, and a link logs its owner into a stranger's account.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 900  # seconds
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = 2
ACCOUNT_LOGIN_TIMEOUT = 1800  # seconds; must not end before the code does
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 900  # seconds
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed address, password or passkey is told to the owner
# A name that is not listed here has no limit at all, so every action that accounts/limits.py names is.
ACCOUNT_RATE_LIMITS = {
    "gate": "20/m/ip,60/h/ip",
    "feed_guess": "60/m/ip",  # addresses of feeds, gifts and mail links that are none
    "feed_key": "10/h/key",
    "anonymous_meter": "10/d/ip",  # meters that strangers begin; whoever removes the cookie begins another
    "search": "120/m/ip",  # strangers' searches; whole offices and libraries are one network
    "own_search": "120/m/key",  # of who is logged in, by account
    "welcome": "30/m/key",  # looks at Stripe for one checkout
    "own_lists": "60/m/key",  # what a reader saves, follows and stops following
    "subscription": "20/m/key",  # a reader's changes of their own
    "login_code_mail": "5/h/key",  # by address and network together
    "login_code_mail_address": "20/h/key",
    "login_code_mail_network": "30/h/key",
    "confirm_login_code": "5/10m/key",
    "spend_login_code": "1/h/key",
    "resend_login_code": "3/15m/key",
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "read_as": "30/h/key",  # two rows each in the log of staff, which are kept for long
    "refused_entry": "30/h/key",  # rows of the log of staff about one account that admin is closed to
    "confirm_email": "20/h/key",
    "manage_email": "10/m/user",
    "change_password": "5/m/user",
    "reset_password": "20/m/ip",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "second_factor": "5/5m/key",
    "new_device_mail": "5/d/key",
}
USERSESSIONS_TRACK_ACTIVITY = True
USERSESSIONS_ADAPTER = "accounts.ended_sessions.SessionsAdapter"
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_FORMS = {
    "activate_totp": "accounts.forms.ConnectAppForm",
    "add_webauthn": "accounts.forms.AddPasskeyForm",
    "authenticate": "accounts.forms.SecondFactorForm",
    "authenticate_webauthn": "accounts.forms.PasskeyForm",
    "login_webauthn": "accounts.forms.LoginPasskeyForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "reauthenticate_webauthn": "accounts.forms.ReauthenticatePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True

# --- Mail ---------------------------------------------------------------------------------------------------------
MAIL_DIR = LOCAL_DIR / "mail"
HAS_DEMO_INBOX = LOCAL_MODE and not env.has("EMAIL_URL")
MAILERS = {"default": env.parsed("EMAIL_URL", MAIL_DIR.as_uri(), parse_email_url)}
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"{SITE_NAME} <post@localhost>")
SECURITY_CONTACT = env.parsed("SECURITY_CONTACT", "", parse_contact)  # for security.txt
SECURITY_POLICY = env.parsed("SECURITY_POLICY", "", parse_policy_url)

# --- Language and time --------------------------------------------------------------------------------------------
LANGUAGE_CODE = env.choice("LANGUAGE_CODE", tuple(code for code, _name in LANGUAGES), "en-gb")
TIME_ZONE = env.parsed("TIME_ZONE", "UTC", parse_time_zone)
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]  # translations of our own: see CONTRIBUTING.md
FORMAT_MODULE_PATH = "newsroom.formats"
USE_TZ = True

# --- The paywall --------------------------------------------------------------------------------------------------
DEFAULT_TIER = env.choice("DEFAULT_TIER", ("free", "registered", "premium"), "premium")
MONTHLY_ALLOWANCE = env.integer("MONTHLY_ALLOWANCE", 5, most=1000)  # articles of a registered reader

# --- Payments -----------------------------------------------------------------------------------------------------
# The account, or in local mode without a key the stand-in that the demo starts. An empty key: payments are not open.
stripe_account = read_stripe_account(env, is_local=LOCAL_MODE, site_port=PORT, secrets_folder=LOCAL_DIR)
STRIPE_SECRET_KEY = stripe_account.secret_key
STRIPE_WEBHOOK_SECRETS = stripe_account.webhook_secrets
STRIPE_API_BASE = stripe_account.api_base
STRIPE_LIVEMODE = stripe_account.is_live
HAS_STRIPE_SANDBOX = stripe_account.is_sandbox
STRIPE_APP = urlsplit(SITE_URL).hostname or "localhost"  # marks what is ours in an account that others use too
billing_rules = read_billing_rules(env)
GRACE_DAYS = billing_rules.grace_days
RENEWAL_SLACK = billing_rules.renewal_slack
FIRST_PAYMENT_GRACE = billing_rules.first_payment_grace
PAUSED_COLLECTION_READS = billing_rules.paused_collection_reads
UNPAID_READS = billing_rules.unpaid_reads
REFUND_SECOND_SUBSCRIPTION = billing_rules.refund_second_subscription
STRIPE_TAX = billing_rules.stripe_tax
PAUSE_MONTHS = billing_rules.pause_months
WITHDRAWAL_DAYS = billing_rules.withdrawal_days
REFUND_WHEN_LEAVING = billing_rules.refund_when_leaving
TRIAL_NOTICE_DAYS = billing_rules.trial_notice_days
RENEWAL_NOTICE_DAYS = billing_rules.renewal_notice_days

# --- Sizes ---------------------------------------------------------------------------------------------------------
# Bytes of a form without its files. The longest body that is kept has a million characters, of which a browser sends
# each as twelve bytes at worst; only staff may send as much (newsroom/refusals.py).
DATA_UPLOAD_MAX_MEMORY_SIZE = 14_000_000
MOST_BYTES_OF_A_READER = 1_000_000

# --- Security -----------------------------------------------------------------------------------------------------
SECURE_CSP: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    # A form may lead on to a hosted page of Stripe's, and the policy holds for where it is redirected to.
    "form-action": [CSP.SELF, *(STRIPE_PAGES if STRIPE_API_BASE == STRIPE_API else (STRIPE_API_BASE,))],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "upgrade-insecure-requests": IS_HTTPS,
}
if MEDIA_URL.startswith("https://"):
    SECURE_CSP["img-src"].append(f"https://{urlsplit(MEDIA_URL).netloc}")
X_FRAME_OPTIONS = "DENY"
# Everything that browsers let a page use and that no page of ours does. Passkeys are made and shown by our own alone.
UNUSED_FEATURES = """
accelerometer autoplay bluetooth browsing-topics camera clipboard-read cross-origin-isolated display-capture
encrypted-media fullscreen gamepad geolocation gyroscope hid identity-credentials-get idle-detection keyboard-map
local-fonts magnetometer microphone midi otp-credentials payment picture-in-picture screen-wake-lock serial
storage-access sync-xhr usb window-management xr-spatial-tracking
""".split()
PERMISSIONS_POLICY: dict[str, list[str]] = {feature: [] for feature in UNUSED_FEATURES} | {
    "publickey-credentials-create": ["self"],
    "publickey-credentials-get": ["self"],
    "web-share": ["self"],  # the article page hands its own address on
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if IS_HTTPS else 0
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_SECURE = IS_HTTPS
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Health, logs, numbers ----------------------------------------------------------------------------------------
MIN_FREE_DISK_MB = env.integer("MIN_FREE_DISK_MB", 200)  # with less the site is not ready
METRICS_PORT = env.integer("METRICS_PORT", 0, most=65535)  # on 127.0.0.1 alone; 0 counts nothing
METRICS_DIR = Path(env.text("METRICS_DIR") or LOCAL_DIR / "metrics")  # the web processes count in files there
# A line for each request is for a machine to read; in local mode there is none, and other lines are for people.
LOG_JSON = not LOCAL_MODE or env.flag("LOG_JSON")
LOGGING = log_lines.configuration(is_json=LOG_JSON)
SENTRY_DSN = env.text("SENTRY_DSN")
if SENTRY_DSN and not env.problems:
    env.problems.extend(sentry.start(SENTRY_DSN, site=urlsplit(SITE_URL).hostname or "localhost"))

try:
    env.refuse_problems()
except EnvironmentRefused as error:
    # Whatever is being started ends here, with these lines and no traceback before them.
    sys.exit(str(error))
