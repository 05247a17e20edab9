"""What a migration does with the rows that are there already."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from crm.models import Customer


@pytest.fixture
def at(transactional_db):
    """Takes the database to a migration and gives the models as they were then; at the end everything stands again."""

    def migrate(*target):
        executor = MigrationExecutor(connection)
        executor.migrate([target])
        return executor.loader.project_state([target]).apps.get_model

    yield migrate
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.slow
def test_customers_of_before_get_their_folded_keys_and_the_one_spelling_of_country_and_language(at):
    old = at("crm", "0001_initial")("crm", "Customer")
    old.objects.create(name="Jan", city="Łódź", source="Doporučení", country="cz", language="CS")
    old.objects.create(name="Eva")

    at("crm", "0002_keys")

    found = list(Customer.objects.order_by("name").values_list("city_key", "source_key", "country", "language"))
    assert found == [("", "", "", ""), ("lodz", "doporuceni", "CZ", "cs")]


def test_a_row_written_without_the_keys_has_empty_ones(db):
    # As an import writes it: what a new row holds where nothing is said.
    fields = [Customer._meta.get_field(name) for name in ("city_key", "source_key")]

    assert [field.get_prep_value(field.get_default()) for field in fields] == ["", ""]
