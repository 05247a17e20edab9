"""What migrations do with the rows that are there already, and that an older installation becomes what a new one is."""

import os
from datetime import UTC, date, datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config.management.commands import squash
from config.tests.schema import parts, schema
from crm import searching, written_once
from crm.models import Complaint, Customer

OPENED, NOON = date(2026, 11, 3), datetime(2026, 11, 3, 12, tzinfo=UTC)


class OneByOne(MigrationLoader):
    """Without the migrations that stand for others, as a release before them was."""

    def load_disk(self):
        super().load_disk()
        self.disk_migrations = {key: migration for key, migration in self.disk_migrations.items() if not migration.replaces}


def migrate(*targets):
    """Takes the database to these migrations, one by one, and gives the models as they were then."""
    executor = MigrationExecutor(connection)
    executor.loader = OneByOne(connection)
    executor.migrate([*targets])
    return executor.loader.project_state([*targets]).apps.get_model


@pytest.fixture(scope="module")
def grown(installations, django_db_blocker):
    """What was found in a database that began with the first migration and stood at each that changes rows; it is gone again."""
    environ, ours = installations.empty(), connections["default"]
    os.makedirs(environ["DATA_DIR"])
    url = environ.get("DATABASE_URL", "")
    connections["default"] = ours.copy()
    connection.settings_dict["NAME"] = urlsplit(url).path.strip("/") if url else f"{environ['DATA_DIR']}/regulars.sqlite3"
    try:
        with django_db_blocker.unblock():
            return grow()
    finally:
        connection.close()
        connections["default"] = ours


def grow():
    found = SimpleNamespace()
    add_customers(migrate(("crm", "0001_initial")))
    migrate(("crm", "0002_keys"))
    found.keys = list(Customer.objects.order_by("name").values_list("city_key", "source_key", "country", "language"))
    found.promises = add_promises(migrate(("crm", "0022_find_fill"), ("lifecycle", "0004_not_now")))
    found.recognised_halfway = recognised()
    # As whoever updates does it.
    call_command("migrate", verbosity=0)
    found.given_on = dict(Complaint.objects.values_list("pk", "given_on"))
    # As a release before those that stand for others leaves a database.
    MigrationRecorder(connection).migration_qs.filter(name__contains="squashed").delete()
    executor = MigrationExecutor(connection)
    found.waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    call_command("migrate", verbosity=0)
    found.recognised, found.schema = recognised(), schema()
    return found


def recognised():
    """The apps whose migrations are known to be done by the one that stands for them."""
    return sorted(app for app, name in MigrationRecorder(connection).applied_migrations() if "squashed" in name)


def add_customers(models):
    old = models("crm", "Customer")
    old.objects.create(name="Jan", city="Łódź", source="Doporučení", country="cz", language="CS")
    old.objects.create(name="Eva")


def add_promises(models):
    """The day on which each will have been given."""
    eva = models("crm", "Customer").objects.get(name="Eva")

    def complaint(*steps, **fields):
        made = models("crm", "Complaint").objects.create(
            customer=eva, nature="grievance", what="x", opened_on=OPENED, opened_at=NOON, **fields
        )
        for kind, day in steps:
            made.steps.create(kind=kind, happened_on=date(2026, 11, day), at=NOON)
        return made.pk

    promised = {"promised": "A call", "promised_on": date(2026, 11, 20), "due_on": date(2026, 11, 20)}
    return {
        complaint(): None,
        complaint(("opened", 3), **promised): OPENED,
        complaint(("promise", 5), ("promise", 9), ("note", 11), **promised): date(2026, 11, 9),
        # On the day before the opening, where the business had moved to another zone.
        complaint(("promise", 2), **promised): OPENED,
    }


@pytest.mark.slow
def test_customers_of_before_get_their_folded_keys_and_the_one_spelling_of_country_and_language(grown):
    assert grown.keys == [("", "", "", ""), ("lodz", "doporuceni", "CZ", "cs")]


@pytest.mark.slow
def test_promises_of_before_get_the_day_of_their_last_step_or_of_the_opening(grown):
    assert grown.given_on == grown.promises


@pytest.mark.slow
def test_an_installation_that_has_grown_holds_what_a_new_one_does(grown, db):
    new = schema()

    assert {
        name: (grown.schema.get(name), new.get(name)) for name in {*grown.schema, *new} if grown.schema.get(name) != new.get(name)
    } == {}


@pytest.mark.slow
def test_an_installation_that_has_grown_has_nothing_to_do_once_it_has_done_each(grown):
    assert (grown.recognised_halfway, grown.waiting, grown.recognised) == ([], [], sorted(squash.OURS))


def test_what_is_compared_would_show_a_trigger_or_an_index_that_is_not_there(db):
    whole = schema()
    written_once.AUDIT.unlock()
    searching.drop()

    assert len(set(map(str, whole.items())) - set(map(str, schema().items()))) > 1


def test_a_table_is_its_columns_and_constraints_in_any_order():
    one, other = '"b" varchar(2) CHECK ("b" IN (1, 2))', '"c" text'

    assert [sorted(parts(f'CREATE TABLE "a" ({columns})')) for columns in (f"{one}, {other}", f"{other}, {one}")] == [
        [one, other, 'CREATE TABLE "a"']
    ] * 2


def test_the_models_are_as_the_migrations_leave_them(db, capsys):
    call_command("makemigrations", check_changes=True, dry_run=True)
    assert capsys.readouterr().out == "No changes detected\n"


def test_a_row_written_without_the_keys_has_empty_ones(db):
    # As an import writes it: what a new row holds where nothing is said.
    fields = [Customer._meta.get_field(name) for name in ("city_key", "source_key")]

    assert [field.get_prep_value(field.get_default()) for field in fields] == ["", ""]
