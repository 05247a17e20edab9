"""Importing this makes Django ready, for a process that does not begin in manage.py or config/wsgi.py."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
