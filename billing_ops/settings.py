"""All settings, driven by the environment. README.md lists the variables.

Two shapes, one file. With nothing set this is the demo on one machine (`DEMO`): engines of our own, http,
mail to a file. With `DATABASE_URL` set it is production: https, a secret from the environment, and
everything `manage.py check --deploy` asks for.
"""

import importlib.util
import os
import secrets
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from billing_ops import __version__, embedded, logs

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").exists():
    environ.Env.read_env(BASE_DIR / ".env")

VERSION = env.str("VERSION", default=__version__)
# Everything the installation writes: database, queue, files, mail of the demo.
STATE_DIR = Path(env.str("STATE_DIR", default=str(BASE_DIR / "var"))).resolve()
EMBEDDED_POSTGRES = not env.str("DATABASE_URL", default="")
EMBEDDED_VALKEY = not env.str("REDIS_URL", default="")
# The visible switch: a demo company, no second factor asked, mail kept in a file. Never in production.
DEMO = env.bool("DEMO", default=EMBEDDED_POSTGRES)
DEBUG = env.bool("DEBUG", default=False)


def _kept_secret() -> str:
    """A random key made on first use and kept in the state folder, readable by its owner only."""
    path = STATE_DIR / "secret_key"
    STATE_DIR.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(64))
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", default="") or (_kept_secret() if DEMO else "")
if not SECRET_KEY:
    # Outside the demo a missing key is an error, not a surprise after the next restart.
    raise ImproperlyConfigured("Set SECRET_KEY to a long random text; all processes need the same one.")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# ---------------------------------------------------------------------------------------- addresses
# Links in mail and PDFs are made from this, never from a request's Host header.
BASE_URL = env.str("BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(BASE_URL)
HTTPS = env.bool("HTTPS", default=not DEMO)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["*"] if DEMO else [str(_public.hostname), "localhost", "127.0.0.1"]
)
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
# How many proxies in front of us append to X-Forwarded-For; 0: the header is not believed.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
ROOT_URLCONF = "billing_ops.urls"
WSGI_APPLICATION = "billing_ops.wsgi.application"
APPEND_SLASH = True
CSRF_FAILURE_VIEW = "core.views.csrf_failed"
BRAND = env.str("BRAND", default="Billing Ops")
# Whom the sign-in page of the demo names.
DEMO_LOGINS = "billing_ops.management.commands.up.demo_logins"

# --------------------------------------------------------------------------------------------- apps
# Lowest first; an app imports only those before it (see ARCHITECTURE.md).
PROJECT_APPS = [
    "core",
    "trail",
    "team",
    "entities",
    "work",
    "policies",
    "customers",
    "correspondence",
    "conversations",
    "catalogue",
    "ledger",
    "invoices",
    "contracts",
    "payments",
    "payouts",
    "feedback",
    "banking",
    "checkout",
    "closing",
    "charges",
    "statements",
    "reminders",
    "cases",
    "disputes",
    "notices",
    "portal",
    "metrics",
    "integrations",
]
INSTALLED_APPS = [
    "billing_ops",
    *reversed(PROJECT_APPS),
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "pgtrigger",
    "auditlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "anymail",
    "csp",
]
MIDDLEWARE = [
    "billing_ops.middleware.TrustedProxies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "billing_ops.middleware.ResponseHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "billing_ops.middleware.Requests",
    "billing_ops.middleware.SessionLimits",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "core.middleware.Reader",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "team.middleware.SecondFactor",
    "auditlog.middleware.AuditlogMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.Pages",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context.shell",
            ],
        },
    }
]
# The sidebar's table.
NAVIGATION = "billing_ops.navigation.NAVIGATION"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Office hours end at 17:00 by default; at that very minute Django takes the default for a forgotten now().
SILENCED_SYSTEM_CHECKS = ["fields.W161"]
# Which recorded facts are handed to which tasks: the whole wiring, one dict.
SUBSCRIPTIONS = "billing_ops.subscriptions.SUBSCRIPTIONS"

# ------------------------------------------------------------------------------------------- stores


def _database(url: str) -> dict[str, Any]:
    """Django's settings from a URL; `?host=/folder` names a unix socket."""
    config: dict[str, Any] = env.db_url_config(url)
    options = config.setdefault("OPTIONS", {})
    config["HOST"] = options.pop("host", "") or config.get("HOST", "")
    # Nothing of ours waits this long on purpose: an end with a message beats a hung page.
    limits = {"idle_in_transaction_session_timeout": "300s", "lock_timeout": "30s"}
    options["options"] = " ".join(f"-c {name}={value}" for name, value in limits.items())
    options.setdefault("application_name", "billing-ops")
    return config | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def _queue(url: str, number: int) -> str:
    """The same server, database `number`; `url` is redis://, rediss:// or unix://."""
    if url.startswith("unix://"):
        return f"{url.partition('?')[0]}?db={number}"
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))


DATABASE_URL = env.str("DATABASE_URL", default="") or embedded.Postgres(STATE_DIR).url("billing_ops")
DATABASES = {"default": _database(DATABASE_URL)}

REDIS_URL = env.str("REDIS_URL", default="") or embedded.Valkey(STATE_DIR).url()
# The first of two databases on that server: jobs, then cache. Several copies may share one server.
REDIS_DB = env.int("REDIS_DB", default=0)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _queue(REDIS_URL, REDIS_DB + 1),
        # JSON, not pickle: what can write to the cache must not be able to run code here.
        "OPTIONS": {"serializer": "billing_ops.cache.JsonSerializer"},
    }
}

MEDIA_ROOT = STATE_DIR / "media"
MEDIA_URL = ""  # private: files leave only through a view that checks who asks
STATIC_URL = "/static/"
STATIC_ROOT = None if DEMO or DEBUG else env.str("STATIC_ROOT", default=str(STATE_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"] if (BASE_DIR / "static").is_dir() else []
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {
        # The demo serves the files where they lie; production collects, fingerprints and compresses them.
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEMO or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_USE_FINDERS = DEMO or DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_PERMISSIONS = 0o600

# ------------------------------------------------------------------------------------------ sign-in
AUTH_USER_MODEL = "team.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "billing_ops.sign_in.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an administrator makes the accounts
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_USER_DISPLAY = str
ALLAUTH_TRUSTED_PROXY_COUNT = 0  # billing_ops.middleware.TrustedProxies has settled the address before
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_TOTP_ISSUER = "Billing operations"

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_IDLE = timedelta(minutes=env.int("SESSION_IDLE_MINUTES", default=60))
SESSION_ABSOLUTE = timedelta(hours=env.int("SESSION_ABSOLUTE_HOURS", default=12))
SESSION_COOKIE_AGE = int(SESSION_ABSOLUTE.total_seconds())
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = False  # htmx reads it for its header
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"

# ------------------------------------------------------------------------------------------ headers
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by the orchestrator inside its network
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Own files only, nothing inline. A page that shows a document of ours in a frame says so at its view.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# -------------------------------------------------------------------------------------------- trail
AUDITLOG_LOGENTRY_MODEL = "trail.Entry"
AUDITLOG_CID_GETTER = "billing_ops.logs.correlation_id"
AUDITLOG_CID_HEADER = None
AUDITLOG_STORE_JSON_CHANGES = True

# --------------------------------------------------------------------------------------------- jobs
# kombu spells a unix socket redis+socket://
CELERY_BROKER_URL = (
    f"redis+socket://{urlsplit(REDIS_URL).path}?virtual_host={REDIS_DB}"
    if REDIS_URL.startswith("unix://")
    else _queue(REDIS_URL, REDIS_DB)
)
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A task ends before the queue would hand its message to somebody else.
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 600
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": env.int("VISIBILITY_TIMEOUT", default=900)}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A child reads the fonts of the documents before it says that it is up.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 60
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # in memory: due rows decide what runs, ticks only ask
HEARTBEAT_SECONDS = env.int("HEARTBEAT_SECONDS", default=15)
RELAY_SECONDS = env.int("RELAY_SECONDS", default=5)

# ---------------------------------------------------------------------------------------- reminders
# Least days between two reminders to a customer; least amount worth one, in the invoice's currency;
# the hours in which they are sent, where the customer is.
REMINDER_GAP_DAYS = env.int("REMINDER_GAP_DAYS", default=3)
REMINDER_SMALL_BALANCE = Decimal(env.str("REMINDER_SMALL_BALANCE", default="5.00"))
REMINDER_HOURS = (env.int("REMINDER_FROM_HOUR", default=8), env.int("REMINDER_TO_HOUR", default=18))
# After what a customer is asked how it went; empty: only when somebody asks by hand.
SURVEY_OCCASIONS = env.list("SURVEY_OCCASIONS", default=["payment", "dispute", "inquiry"])
REMINDER_SECONDS = env.int("REMINDER_SECONDS", default=300)
DISPUTE_SECONDS = env.int("DISPUTE_SECONDS", default=60)

# --------------------------------------------------------------------------------------------- mail
MAIL_DIR = STATE_DIR / "mail"
if EMAIL_URL := env.str("EMAIL_URL", default=""):
    vars().update(env.email_url_config(EMAIL_URL))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(MAIL_DIR)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="billing@localhost.localdomain")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Mail to us that another program drops as files (Maildir). Empty: nobody looks.
MAILDIR = env.str("MAILDIR", default=str(STATE_DIR / "maildir") if DEMO else "")
# Its WEBHOOK_SECRET ("user:password") also opens /inquiries/mail/PROVIDER/ for mail that comes in, and
# /mail/reports/PROVIDER/ for what became of mail that left. A service that cannot watch openings still sends.
ANYMAIL = {"IGNORE_UNSUPPORTED_FEATURES": True} | env.json("ANYMAIL", default={})

# ---------------------------------------------------------------------------------- online payments
# Company's code -> its gateway: {"NWE": {"key": "sk_…", "webhook_secrets": ["whsec_…"]}}.
# Two secrets hold while one is exchanged. `api`, `pages` and `timeout` (s) are rarely needed.
CHECKOUT: dict[str, Any] = env.json("CHECKOUT", default={})
# Companies of the demo without a gateway get a page of our own that says so; no money moves there.
CHECKOUT_DEMO = env.bool("CHECKOUT_DEMO", default=DEMO)

# ---------------------------------------------------------------------------------------------- API
# Of one key, or of one person without a key.
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", default=1200)
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "team.api_keys.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["team.api_keys.MayAct"],
    "DEFAULT_THROTTLE_CLASSES": ["team.api_keys.KeyRate"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.rest.reading.StrictJSON"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.rest.reading.AlwaysJSON",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.rest.problems.handle",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNICODE_JSON": True,
    "NUM_PROXIES": 0,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Billing operations",
    "DESCRIPTION": "Customers, items, policies, invoices and payments.\n\n"
    "Amounts are strings at the exponent of their currency; days are YYYY-MM-DD. Fields that are not listed "
    "are refused. Refusals are problem+json: decide by `type` or `status`, and by `problems[].rule`. "
    "An edit sends the ETag it is based on in If-Match. A POST with an Idempotency-Key happens once in 24 "
    "hours; a refused one may be sent again under the same key. What was done although it is better not done "
    "(a posting into a month that is being closed) is answered with `warnings`, a list of sentences.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": False,
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,
    "ENUM_NAME_OVERRIDES": {
        "CustomerKind": "customers.models.Customer.Kind",
        "DocumentType": "invoices.models.Invoice.Type",
        "WrittenDocumentType": "invoices.api_shapes.WRITTEN",
        "ItemKind": "catalogue.models.Item.Kind",
        "AllocationKind": "ledger.models.Allocation.Kind",
        "ApprovalState": "work.models.Approval.State",
        "PaymentState": "payments.models.Payment.State",
        "ConversationChannel": "conversations.models.Channel",
        "MessageChannel": "correspondence.models.Channel",
        "DeliveryState": "correspondence.models.Delivery.State",
        "CallChannel": "cases.models.Call.Channel",
        "ReminderOutcome": "reminders.models.Decision.Outcome",
        "CallOutcome": "cases.models.Call.Outcome",
        "DisputeOutcome": "disputes.models.Outcome",
        "ProposableOutcome": "disputes.api.PROPOSABLE",
    },
}

# ------------------------------------------------------------------------------------- language, time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("fr", _("French")), ("hi", _("Hindi"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --------------------------------------------------------------------------------------------- logs
LOG_FORMAT = env.str("LOG_FORMAT", default="console" if DEMO or DEBUG else "json")
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = logs.configure(LOG_FORMAT, LOG_LEVEL)
LOGGING_CONFIG = "logging.config.dictConfig"
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = 10
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = 20

if DEBUG and importlib.util.find_spec("zeal"):
    INSTALLED_APPS += ["zeal"]
    MIDDLEWARE += ["zeal.middleware.zeal_middleware"]
    ZEAL_RAISE = False
