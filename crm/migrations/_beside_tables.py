"""What the database holds beside tables, for the migration that makes all at once (manage.py squash)."""

from django.db import migrations

from crm import searching, written_once


def lock(apps, schema_editor):
    for table in written_once.TABLES:
        table.lock()


def unlock(apps, schema_editor):
    for table in written_once.TABLES:
        table.unlock()


def keep(apps, schema_editor):
    searching.keep(schema_editor.connection)


def drop(apps, schema_editor):
    searching.drop(schema_editor.connection)


OPERATIONS = [migrations.RunPython(lock, unlock), migrations.RunPython(keep, drop)]
