"""The one settings module: read once from the environment (and `.env`), checked at start.

Nothing here needs a server: the addresses of the embedded engines follow from DATA_DIR.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from config import addresses, connections, contentpolicy, embedded, keys, logs, schedule
from config.environment import Environment, check_live

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
env.read_env(BASE_DIR / ".env")  # what the environment says wins

# ---------------------------------------------------------------- mode
MARKET_MODE = env.choice("MARKET_MODE", ("demo", "live"), "live")
DEMO = MARKET_MODE == "demo"
LIVE = not DEMO
DEBUG = env.flag("DEBUG")
PART = env.word("THOUSAND_PART")  # which part of `up` this process is: web, worker, beat, drain
DATA_DIR = Path(env.word("DATA_DIR") or BASE_DIR / ".data").expanduser().absolute()
PORT = env.whole("PORT", 8000)
PAYMENT_GATEWAY = env.choice("PAYMENT_GATEWAY", ("fake", "stripe"), "fake" if DEMO else "stripe")

if LIVE:
    check_live(env)

# ---------------------------------------------------------------- site
SITE_URL = (env.word("SITE_URL") or f"http://localhost:{PORT}").rstrip("/")
SECRET_KEY = env.word("SECRET_KEY") or keys.key_in(DATA_DIR)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "config",
    "affiliates",
    "shop",
    "creators",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "template_partials",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "django.forms",
]

MIDDLEWARE = [
    "config.logs.request_ids",
    "config.middleware.machines_speak_tls",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.headers",
    "affiliates.api.doors.machines_only",
    "config.middleware.no_nul",
    "config.middleware.no_cross_site",
    "config.middleware.others_hold_it",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.signedin.ends",
    "config.lib.replica.pins",
    "config.audit.told",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "config.middleware.staff_need_a_second_factor",
    "config.carried.Carried",
    "affiliates.middleware.referral",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ],
        },
    }
]
FORM_RENDERER = "config.forms.Renderer"

# ---------------------------------------------------------------- engines
DATABASE_URL = env.word("DATABASE_URL")
DATABASE_OWNER_URL = env.word("DATABASE_OWNER_URL")
DATABASE_REPLICA_URL = env.word("DATABASE_REPLICA_URL")
REDIS_URL = addresses.redis("REDIS_URL", env.word("REDIS_URL"))
CLICKS_REDIS_URL = addresses.redis("CLICKS_REDIS_URL", env.word("CLICKS_REDIS_URL")) or REDIS_URL
EMBEDDED = {
    name
    for name, address in {
        "postgres": DATABASE_URL,
        "redis": REDIS_URL,
        "clicks": CLICKS_REDIS_URL,
    }.items()
    if not address
}
ENGINES = embedded.Engines(DATA_DIR)
REDIS_URL = REDIS_URL or ENGINES.redis_url("redis")
CLICKS_REDIS_URL = CLICKS_REDIS_URL or ENGINES.redis_url("clicks")

# Commands that change the schema, or fill and empty whole tables, work as the owner of the
# tables. Everything else is the application's role, which owns nothing.
OWNER_COMMANDS = {
    "backup", "demo", "flush", "makemigrations", "migrate", "restore", "showmigrations",
    "sqlmigrate",
}  # fmt: skip
IS_OWNER = Path(sys.argv[0]).name == "manage.py" and bool(OWNER_COMMANDS & set(sys.argv[1:2]))
APP_ROLE = embedded.APP  # whom each migrate grants rights; of DATABASE_URL if that is set
# The application may only read and add here.
APPEND_ONLY_TABLES = [
    "affiliates_ledgerentry",
    "affiliates_switchchange",
    "affiliates_taxlook",
    "config_auditentry",
    "config_auditlink",
]

if "postgres" in EMBEDDED:
    database = ENGINES.database(owner=IS_OWNER)
else:
    address = "DATABASE_OWNER_URL" if IS_OWNER and DATABASE_OWNER_URL else "DATABASE_URL"
    database = addresses.database(address, env.str(address))
if DATABASE_URL:
    APP_ROLE = addresses.database("DATABASE_URL", DATABASE_URL)["USER"]
DATABASES = {"default": connections.limited(database, connections.part(PART, sys.argv))}
if DATABASE_REPLICA_URL:
    copy = addresses.database("DATABASE_REPLICA_URL", DATABASE_REPLICA_URL)
    DATABASES["replica"] = connections.replica(copy, PART)
DATABASE_ROUTERS = ["config.lib.replica.Router"]

REDIS_LIMITS = {"socket_timeout": 1, "socket_connect_timeout": 1}
CACHES = {
    "default": {  # answers "not there" while Redis is away
        "BACKEND": "config.cache.ForgivingRedisCache",
        "LOCATION": addresses.next_database(REDIS_URL),
        "KEY_PREFIX": "thousand",
        "OPTIONS": REDIS_LIMITS,
    },
    "strict": {  # raises while Redis is away: for limits that must fail closed
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": addresses.next_database(REDIS_URL),
        "KEY_PREFIX": "thousand",
        "OPTIONS": REDIS_LIMITS,
    },
    "beside": {  # PostgreSQL, for the limits of sign-in while Redis is away
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "config_beside",
        "KEY_FUNCTION": "config.cache.hashed",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# ---------------------------------------------------------------- queue
CELERY_BROKER_URL = addresses.broker(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,  # a lost machine's tasks come back after this
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    # A worker waits for what comes; a page that rings for one waits no longer than this.
    "socket_timeout": 30 if PART not in ("web", "beat", "drain") else 2,
    "socket_connect_timeout": 5 if PART not in ("web", "beat", "drain") else 1,
    **connections.redis_alive(),
}
CELERY_TIMEZONE = "UTC"  # in local time Celery skips an hour on the autumn night
CELERY_ENABLE_UTC = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_QUEUES = {
    name: {"exchange": name, "routing_key": name}
    for name in (schedule.DEFAULT, schedule.CATALOGUES)
}
CELERY_TASK_DEFAULT_QUEUE = schedule.DEFAULT
CELERY_TASK_ROUTES = schedule.ROUTES
CATALOGUES_AT_ONCE = env.whole("CATALOGUES_AT_ONCE", 1)  # in the whole market
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 270  # below the visibility timeout, or a task would run twice
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 2,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 25
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
SECURITY_CONTACT = env.word("SECURITY_CONTACT") or f"security@{urlsplit(SITE_URL).hostname}"
METRICS_TOKEN = env.word("METRICS_TOKEN")
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")
CELERY_BEAT_SCHEDULE = schedule.BEAT

# ---------------------------------------------------------------- accounts
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "config.passwords.NoSiteWords"},
    {"NAME": "config.passwords.NotLeaked"},
]
# Asked with five characters of a hash whether a password leaked; "none": nobody is.
LEAKED_PASSWORDS_URL = env.word("LEAKED_PASSWORDS_URL") or (
    "none" if DEMO else "https://api.pwnedpasswords.com/range/"
)
LEAKED_PASSWORDS_URL = "" if LEAKED_PASSWORDS_URL == "none" else LEAKED_PASSWORDS_URL
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "start"
ACCOUNT_ADAPTER = "config.accountmail.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(SITE_URL).scheme
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
PASSWORD_RESET_TIMEOUT = 3_600  # of the link in a mail; Django's default is three days
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# The header in which a trusted proxy tells a shopper's country, such as CF-IPCountry; empty: none.
COUNTRY_HEADER = env.word("COUNTRY_HEADER").upper().replace("-", "_")
COUNTRY_HEADER = f"HTTP_{COUNTRY_HEADER}" if COUNTRY_HEADER else ""
ALLAUTH_TRUSTED_PROXY_COUNT = env.whole("TRUSTED_PROXY_COUNT", 0)
MFA_ADAPTER = "config.secondfactor.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO
MFA_TOTP_ISSUER = "Thousand"
SOCIALACCOUNT_ADAPTER = "creators.platforms.adapter.ConnectOnly"
SOCIALACCOUNT_STORE_TOKENS = (
    False  # creators keeps them, sealed, for as long as a channel is connected
)
USERSESSIONS_TRACK_ACTIVITY = False

# ---------------------------------------------------------------- the market
MARKET_TIME_ZONE = env.time_zone("MARKET_TIME_ZONE", "Europe/Amsterdam")
TIME_ZONE = MARKET_TIME_ZONE
USE_TZ = True
FAKE_PLATFORM_PORT = env.whole("FAKE_PLATFORM_PORT", PORT + 1)
FAKE_PLATFORM_URL = env.word("FAKE_PLATFORM_URL") or f"http://127.0.0.1:{FAKE_PLATFORM_PORT}"
if LIVE:
    FAKE_PLATFORM_URL = ""
PAYOUT_ACCOUNT = {  # our own bank account, which SEPA payouts leave from; empty: no export in live
    "name": env.word("PAYOUT_NAME"),
    "IBAN": env.word("PAYOUT_IBAN"),
}
COMPANY = {  # who issues invoices
    "name": env.word("COMPANY_NAME") or ("Thousand (demo)" if DEMO else ""),
    "address": env.word("COMPANY_ADDRESS"),
    "country": env.word("COMPANY_COUNTRY", "NL"),
    "vat_number": env.word("COMPANY_VAT_NUMBER"),
}
# What signs passports: a seed of 32 bytes in base64url; empty in live: none are issued. The public
# keys of earlier ones stay published until their last passport has expired.
PASSPORT_KEY = env.key("PASSPORT_KEY") or (keys.seed_in(DATA_DIR) if DEMO else "")
PASSPORT_OLD_KEYS = env.keys("PASSPORT_OLD_KEYS")
PRIVATE_ISSUERS_FROM = ""  # an origin on loopback that issues passports: tests set it
PAYOUT_SCHEMA = env.choice(
    "PAYOUT_SCHEMA", ("pain.001.001.09", "pain.001.001.03"), "pain.001.001.09"
)
VIES_API_URL = env.word("VIES_API_URL")  # empty: the Commission's own; in demo a stand-in
STRIPE_SECRET_KEY = env.word("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRET = env.word("STRIPE_WEBHOOK_SECRET")
STRIPE_CONNECT_WEBHOOK_SECRET = env.word("STRIPE_CONNECT_WEBHOOK_SECRET")  # /hooks/stripe-connect/
PLATFORM_KEYS = {  # provider -> (client id, secret); empty: that platform is off in live
    "tiktok": (env.word("TIKTOK_CLIENT_KEY"), env.word("TIKTOK_CLIENT_SECRET")),
    "youtube": (env.word("GOOGLE_CLIENT_ID"), env.word("GOOGLE_CLIENT_SECRET")),
    "instagram": (env.word("META_CLIENT_ID"), env.word("META_CLIENT_SECRET")),
    "facebook": (env.word("META_CLIENT_ID"), env.word("META_CLIENT_SECRET")),
}
if DEMO:  # what the stand-in platforms know us by
    PLATFORM_KEYS = {name: (f"demo-{name}", "demo-secret") for name in PLATFORM_KEYS}
GOOGLE_API_KEY = env.word("GOOGLE_API_KEY")  # looks for codes in descriptions at YouTube
if DEMO:
    GOOGLE_API_KEY = GOOGLE_API_KEY or "demo-key"
SOCIALACCOUNT_PROVIDERS = {
    name: {"APP": {"client_id": client_id, "secret": secret}}
    for name, (client_id, secret) in PLATFORM_KEYS.items()
}

# ---------------------------------------------------------------- languages, mail, files
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("nl", _("Dutch"))]
LOCALE_PATHS = [BASE_DIR / "locale"]

MAIL_DIR = DATA_DIR / "mail"
EMAIL_BACKEND = "config.mailbox.Mailbox"  # demo: files, shown at /mailbox/
vars().update(env.mail("EMAIL_URL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = (
    env.word("DEFAULT_FROM_EMAIL") or f"Thousand <hello@{urlsplit(SITE_URL).hostname}>"
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ADMINS = [(one, one) for one in env.list("ADMINS", default=[])]  # told of what is not well, too

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
HASHED_STATIC = not DEBUG and (STATIC_ROOT / "staticfiles.json").exists()
WHITENOISE_USE_FINDERS = not HASHED_STATIC
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
PRIVATE_ROOT = DATA_DIR / "private"  # screenshots of checks by hand: never served as media
ERASURES_FILE = Path(env.word("ERASURES_FILE", str(DATA_DIR / "erasures.jsonl")))
PRIVATE_WEBHOOKS_TO = ""  # an origin on loopback that endpoints may lie at: tests set it
PRIVATE_PICTURES_FROM = ""  # an origin on loopback that feed pictures may come from: tests set it
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "config.staticfiles.Hashed"
        if HASHED_STATIC or "collectstatic" in sys.argv
        else "config.staticfiles.Plain"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
FILE_UPLOAD_PERMISSIONS = 0o640

# ---------------------------------------------------------------- security
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
MESSAGE_STORAGE = "config.flash.Storage"
COOKIE_PREFIX = "__Host-" if LIVE else ""  # no other host of the domain can set such a cookie
if LIVE:
    SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session"
    CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrf"
    LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}language"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$", r"^readyz$"]  # asked from beside
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = env.flag("SECURE_HSTS_PRELOAD", False)
    SILENCED_SYSTEM_CHECKS = [] if SECURE_HSTS_PRELOAD else ["security.W021"]  # preload is opt-in
    if ALLAUTH_TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
else:  # two clones on one host must not sign each other out
    SESSION_COOKIE_NAME = f"session_{PORT}"
    CSRF_COOKIE_NAME = f"csrf_{PORT}"

CONTENT_SECURITY_POLICY = contentpolicy.policy(secure=LIVE, stand_in=FAKE_PLATFORM_URL)

LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOG_FORMAT = env.choice("LOG_FORMAT", ("line", "json"), "json" if LIVE else "line")
LOGGING = logs.config(
    LOG_LEVEL,
    LOG_FORMAT,
    requests=env.flag("LOG_REQUESTS", LIVE),
    tasks=env.flag("LOG_TASKS", False),
)
if SENTRY_DSN := env.word("SENTRY_DSN"):
    from config import sentry

    sentry.start(SENTRY_DSN, release=env.word("RELEASE"))
