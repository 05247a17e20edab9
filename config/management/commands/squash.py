"""`manage.py squash`: for each app one migration that makes its tables as they are, for all before it (docs/development.md)."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db.migrations import CreateModel, Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter

OURS = ("crm", "lifecycle")
# In the folder of an app's migrations: OPERATIONS for what is in its database beside tables, such as triggers.
BESIDE = "_beside_tables"


def chain(loader: MigrationLoader, app: str) -> list[Migration]:
    """An app's migrations, without those that stand for others."""
    found = [migration for migration in loader.disk_migrations.values() if migration.app_label == app and not migration.replaces]
    return sorted(found, key=lambda migration: migration.name)


def squashed(loader: MigrationLoader, app: str) -> Migration:
    replaced = chain(loader, app)
    state = loader.project_state((app, replaced[-1].name))

    class Squashed(Migration):
        initial = True
        replaces = [(app, migration.name) for migration in replaced]
        dependencies = list(needed(replaced, app))
        operations = [*tables(state, app), *beside(app)]

    return Squashed(f"0001_squashed_{replaced[-1].name}", app)


def needed(replaced: list[Migration], app: str) -> Iterator[tuple[str, str]]:
    """The latest of each other app. They are named as they are on their own: Django finds what stands for them."""
    named = sorted({dependency for migration in replaced for dependency in migration.dependencies})
    yield from {label: (label, name) for label, name in named if label != app and name != "__first__"}.values()


def tables(state: ProjectState, app: str) -> Iterator[CreateModel]:
    """In the order in which they came, but after those that they refer to."""
    waiting = {name: model for (label, name), model in state.models.items() if label == app}
    while waiting:
        free = next(name for name, model in waiting.items() if not (asked_for(model, app) - {name}) & waiting.keys())
        model = waiting.pop(free)
        options = {name: value for name, value in model.options.items() if value}
        yield CreateModel(model.name, list(model.fields.items()), options, model.bases, model.managers)


def asked_for(model: ModelState, app: str) -> set[str]:
    related = [field.remote_field.model for field in model.fields.values() if field.remote_field]
    labels = [label.lower().split(".") for label in (*related, *model.bases) if isinstance(label, str)]
    return {name for label, name in labels if label == app}


def beside(app: str) -> list[Operation]:
    name = f"{apps.get_app_config(app).name}.migrations.{BESIDE}"
    return list(import_module(name).OPERATIONS) if find_spec(name) else []


def written(migration: Migration) -> tuple[Path, str]:
    writer = MigrationWriter(migration, include_header=False)
    return Path(writer.path), writer.as_string()


class Command(BaseCommand):
    help = "Writes, for each app, the migration that makes its tables at once and replaces all before it."

    def handle(self, *args: Any, **options: Any) -> None:
        loader = MigrationLoader(None, replace_migrations=False)
        for app in OURS:
            path, text = written(squashed(loader, app))
            for former in path.parent.glob("0001_squashed_*.py"):
                former.unlink()
            path.write_text(text)
            self.stdout.write(str(path))
