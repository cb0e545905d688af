"""A small point of sale as somebody may have it, for Django 3.2 and later."""
import os
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent

DEBUG = True
SECRET_KEY = os.environ.get("POS_SECRET_KEY", "only-for-a-machine-of-your-own")
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "pos.urls"
USE_TZ = True

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "pos",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "pos.seat.Seat",  # hotseat
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]},
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("POS_DATABASE", BASE / "db.sqlite3")}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE.parent.parent / "web" / "sdk" / "dist"]  # where npm put @hotseat-hub/sdk
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
