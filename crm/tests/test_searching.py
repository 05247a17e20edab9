"""Both engines look into an index; what is found is what reading everyone would find."""

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm import bulk, searching
from crm.fold import fold
from crm.models import Customer, Facts
from crm.searching import condition, matching, names, ways_of
from crm.tests.factories import make_customer

pytestmark = pytest.mark.django_db

BAD = ["%", "_", "\\", '"', "'", "NEAR", "NEAR(a b)", "jan*", "-jan", "jan OR eva", "^jan", "search_key:jan", "((", '"" ""', "{x}"]
BAD += ["😀😀😀", "علي", "x" * 200]


def found(q):
    return set(Customer.objects.filter(matching(q)).values_list("pk", flat=True))


def read(q):
    """What reading everyone finds."""
    return set(Customer.objects.filter(condition(ways_of(q), "search_key")).values_list("pk", flat=True))


@pytest.mark.parametrize("q", ["žižka", "ZIZ", "izk", "jan@", "k-77", "12345678", "tábor", "602118", "pole jan"])
def test_any_part_of_any_text_finds_its_customer(q):
    wanted = make_customer(
        name="Jan Žižka Pole", email="jan@tabor.cz", card="K-77", company_number="12345678", city="Tábor", phone="602 118 337"
    )
    make_customer(name="Jiří Ptáček", email="jiri@example.com", city="Pirkštejn")

    assert found(q) == {wanted.pk}


@pytest.mark.parametrize("q", BAD)
def test_nothing_that_is_written_is_an_operator(q):
    q = q[:190]
    make_customer(name="Jan Novák")
    there = make_customer(name=f"A {q} B")

    assert there.pk in found(q)
    assert found(q) == read(q)


def test_a_nul_finds_nobody():
    make_customer(name="Jan")

    assert names(ways_of("jan\0jan"), 10) is None


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_index_agrees_with_reading_everyone(data):
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
    with transaction.atomic():
        for name, city in data.draw(st.lists(st.tuples(text, text), min_size=1, max_size=4)):
            Customer.objects.create(name=name, city=city)
        keys = list(Customer.objects.order_by("pk").values_list("search_key", flat=True))
        whole = data.draw(st.sampled_from(keys))
        start = data.draw(st.integers(0, max(len(whole) - 3, 0)))
        q = whole[start : start + data.draw(st.integers(3, 12))]
        words = fold(q).split()
        plain = {pk for pk, key in Customer.objects.values_list("pk", "search_key") if all(word in key for word in words)}

        assert found(q) >= plain if words else True
        assert found(q) == read(q)
        transaction.set_rollback(True)


class TestTheTableIsKept:
    def check(self):
        searching.catch_up()
        """It names whoever holds a word, and nobody else; on PostgreSQL the index is the server's to keep."""
        for key in Customer.objects.values_list("search_key", flat=True):
            for word in key.split():
                if len(word) >= 3 and connection.vendor == "sqlite":
                    assert set(names([((word,),)], 1_000)) >= read(word)
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"INSERT INTO {searching.TABLE} ({searching.TABLE}) VALUES ('integrity-check')")

    def gone(self, word):
        return connection.vendor != "sqlite" or names([((word,),)], 10) == []

    def test_under_insert_update_and_delete(self):
        customer = make_customer(name="Alžběta")
        self.check()

        customer.name = "Božena"
        customer.save()
        self.check()
        assert self.gone("alzbeta") and found("bozena") == {customer.pk}

        Customer.objects.filter(pk=customer.pk).update(search_key="cecilie")
        self.check()
        assert self.gone("bozena") and found("cecilie") == {customer.pk}

        Facts.objects.all().delete()
        customer.delete()
        self.check()
        assert self.gone("cecilie") and found("cecilie") == set()

    def test_under_writes_of_many(self):
        first, second = make_customer(name="Alžběta"), make_customer(name="Božena")
        with transaction.atomic():
            bulk.update(Customer, ["search_key"], [(first.pk, "dorota"), (second.pk, "emilie")])
        self.check()

        assert self.gone("alzbeta") and found("dorota") == {first.pk} and found("emilie") == {second.pk}

    def test_before_the_worker_has_caught_up_too(self):
        customer = make_customer(name="Alžběta")
        assert found("alzbeta") == {customer.pk}
        searching.catch_up()

        customer.name = "Božena"
        customer.save()
        assert found("alzbeta") == set() and found("bozena") == {customer.pk}

    def test_by_parts(self):
        # A test with real transactions, whose customers were emptied out, leaves a note of each.
        searching.catch_up()
        made = {make_customer(name=f"Alžběta {n}").pk for n in range(5)}

        assert searching.catch_up(at_once=2) == (5 if connection.vendor == "sqlite" else 0)
        assert searching.catch_up() == 0
        assert found("alzbeta") == made

    def test_under_a_rollback(self):
        make_customer(name="Alžběta")
        with pytest.raises(RuntimeError), transaction.atomic():
            make_customer(name="Božena")
            raise RuntimeError
        self.check()

        assert self.gone("bozena") and len(found("alzbeta")) == 1


def test_it_is_made_again_where_a_migration_has_dropped_the_triggers():
    customer = make_customer(name="Alžběta")
    searching.drop()
    make_customer(name="Alžběta Druhá")
    assert len(found("alzbeta")) == 2, "without it everyone is read"

    searching.keep()

    assert len(found("alzbeta")) == 2 and customer.pk in found("alzbeta")
    assert connection.vendor != "sqlite" or len(names(ways_of("alzbeta"), 10)) == 2


def test_more_than_can_be_named_are_found_without_it(monkeypatch):
    monkeypatch.setattr(searching, "MOST_NAMED", 2)
    for _ in range(4):
        make_customer(name="Stejná Jména")

    assert len(found("stejna")) == 4


def test_postgresql_has_its_index():
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [searching.INDEX])
            assert "gin_trgm_ops" in cursor.fetchone()[0]


def test_a_role_that_may_make_no_extension_searches_without():
    """As SQLite does where it was built without FTS5."""
    searching.drop()
    for made in ("CREATE EXTENSION", "CREATE VIRTUAL TABLE"):

        def refuse(execute, sql, params, many, context, made=made):
            if sql.startswith(made):
                raise OperationalError("refused")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(refuse):
            searching.keep()
        there = make_customer(name=f"Bez Indexu {made}")
        assert there.pk in found("bez indexu")
    searching.keep()
