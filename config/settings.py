"""Every setting, from the environment; README.md lists the variables."""

from datetime import timedelta
from pathlib import Path

import django_stubs_ext
from csp.constants import NONE, SELF

from config import environment

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = environment.data_dir(BASE_DIR / "var")

BIND = environment.text("BIND", "127.0.0.1")
PORT = environment.text("PORT", "8000")
REDIS_URL = environment.text("REDIS_URL")
CERT_FILE, KEY_FILE = environment.text("CERT_FILE"), environment.text("KEY_FILE")
TRUSTED_PROXIES = environment.words("TRUSTED_PROXIES")
HTTPS = bool(CERT_FILE or TRUSTED_PROXIES)
# Whether an empty database is filled with the demo.
DEMO = environment.text("DEMO", "1") != "0"

SECRET_KEY = environment.secret_key(DATA_DIR)
DEBUG = False
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS") or [*environment.LOOPBACK, "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"https://{host.removeprefix('.')}" for host in ALLOWED_HOSTS if host != "*"] if HTTPS else []

INSTALLED_APPS = [
    # Only the rows and the arithmetic of the second factor: their pages, their admin and their middleware are not used.
    "config.apps.Accounts",
    "config.apps.Factors",
    # From the ground up, so that each floor finds the catalogue of facts filled by those below it.
    "crm",
    "surveys",
    "segments",
    "lifecycle",
    # By its name, for there are others in that module.
    "config.apps.ConfigConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "axes",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.no_store",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.sessions_end",
    "config.middleware.LoginRequired",
    "config.middleware.ReadersOnlyRead",
    "config.middleware.SecondFactorFirst",
    "config.middleware.for_the_business",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crm.hidden.HiddenCustomers",
    "config.middleware.AskedOnceMore",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.shell",
            ]
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

DATABASES = {"default": environment.database(environment.text("DATABASE_URL"), DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "crm.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["config.hashers.Argon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# Whoever guesses has to wait; config/guard.py says who that is.
AXES_HANDLER, AXES_CLIENT_IP_CALLABLE, AXES_LOCKOUT_CALLABLE = "config.guard.Guard", "config.guard.address", "config.views.locked"
AXES_LOCKOUT_PARAMETERS, AXES_USERNAME_FORM_FIELD = [["username", "ip_address"]], "username"
AXES_FAILURE_LIMIT, AXES_COOLOFF_TIME = 10, timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = AXES_ENABLE_ADMIN = AXES_VERBOSE = False
# Its log of who signed in would hold the path, which may be a login link.
AXES_DISABLE_ACCESS_LOG = True
MFA_ADAPTER = "crm.factors.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
# In their own names: whoever looks for theirs may not read the present one.
LANGUAGES = [("en", "English"), ("cs", "Čeština"), ("pl", "Polski")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
# Business dates are computed in the zone of the Business row; the server itself counts in UTC.
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.assets.PackageFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_HANDLERS = ["crm.uploads.Handler"]
UPLOAD_LIMIT = 200 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_NAME = "__Host-regulars" if HTTPS else "regulars"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# X-Forwarded-Proto is read by gunicorn, which believes TRUSTED_PROXIES only; SECURE_PROXY_SSL_HEADER would believe anyone.

# Whatever goes wrong is told on the standard error of its process. What a visitor mistypes is not: it would be noise, and an address may
# hold a login link, which is blotted out where it is told after all.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"blot": {"()": "config.blot.Blot"}},
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["blot"], "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"django.request": {"level": "ERROR"}},
}
