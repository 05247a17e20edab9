"""An import that is killed, or disturbed by others, ends as if nothing had happened."""

import json
import sqlite3
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection, transaction

from crm.importing import batches, staging
from crm.importing.errors import Refused
from crm.models import Customer, Import, Order
from crm.tests.imports import NOW, take
from crm.tests.installation import Installation
from crm.tests.points import failpoints

ROWS = 12_000  # three batches
HEADER = "order_id,customer_id,email,name,date,amount,channel,product"


def rows_of_a_large_file():
    """Customers by id and by e-mail; orders of one row and of several."""
    for number in range(ROWS):
        order = f"A{number // 2}" if number % 5 < 2 else ""
        customer = number // 2 % 700 if order else number % 700
        owner = "" if customer % 3 else str(customer)
        day = customer % 28 + 1
        yield [
            order,
            owner,
            f"u{customer}@x.cz",
            f"Name {customer}",
            f"2026-01-{day:02}",
            f"{number}.5",
            f"c{customer % 4}",
            f"P{number % 9}",
        ]


def write_what_was_there(path):
    """A third of it as it was before: some customers without their id, who will be adopted, or with another name, and some orders other."""
    rows = [HEADER]
    for number, (order, owner, email, name, day, amount, channel, product) in enumerate(rows_of_a_large_file()):
        if number < ROWS // 3 and not email.startswith("u1"):
            owner = "" if owner.endswith("9") else owner
            name = "Before" if owner.endswith("3") else name
            rows.append(",".join([order, owner, email, name, day, "7" if number % 7 == 0 else amount, channel, product]))
    path.write_text("\n".join(rows))


def write_a_large_file(path):
    """With errors at both ends."""
    rows = [HEADER, *map(",".join, rows_of_a_large_file())]
    rows[100] += ",too much"
    rows[-3] = ",1,u3@x.cz,,2026-01-02,5,,"
    rows[-2] = ",1,,,2999-01-02,5,,"
    path.write_text("\n".join(rows))


@dataclass
class Undisturbed:
    """What an import that nobody disturbs finds, is given, says and leaves."""

    before: Path
    path: Path
    result: dict
    content: dict


def shop_before(environ, before) -> Installation:
    shop = Installation(environ)
    assert shop.manage("import_orders", before).returncode == 0
    return shop


@pytest.fixture(scope="module")
def undisturbed(installations, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    before, path = folder / "before.csv", folder / "orders.csv"
    write_what_was_there(before)
    write_a_large_file(path)
    shop = shop_before(installations.copy(), before)
    done = shop.manage("import_orders", path, "--json")
    assert done.returncode == 0, done.stderr
    return Undisturbed(before, path, json.loads(done.stdout), shop.content())


def without_imports(content):
    return {table: rows for table, rows in content.items() if table != "crm.Import"}


@pytest.mark.slow
def test_the_undisturbed_import_does_everything_an_import_can_do(undisturbed):
    result = undisturbed.result

    assert min(*result["customers"].values(), *(result["orders"][key] for key in ("created", "updated", "unchanged"))) > 0
    assert {error["row"] for error in result["errors"]} >= {101, ROWS - 1, ROWS}


@pytest.mark.slow
@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.parametrize("name", failpoints("import."))
def test_killed_and_run_again_it_ends_as_if_undisturbed(installation, undisturbed, name, turn):
    shop = shop_before(installation, undisturbed.before)

    killed = shop.manage("import_orders", undisturbed.path, "--json", FAILPOINT=f"{name}:{turn}")
    # What comes once in an import is not reached a second time.
    assert killed.returncode == (-9 if turn == 1 or name in ("import.writing", "import.committed") else 0)
    again = shop.manage("import_orders", undisturbed.path, "--json")

    assert again.returncode == 0, again.stderr
    if killed.returncode == 0 or name == "import.finished":
        # The first run was whole: the second is another import, which finds nothing to do.
        assert json.loads(again.stdout)["orders"]["unchanged"] == sum(undisturbed.result["orders"].values())
        assert without_imports(shop.content()) == without_imports(undisturbed.content)
    else:
        assert json.loads(again.stdout) == undisturbed.result
        assert shop.content() == undisturbed.content


def test_every_step_of_an_import_has_its_failpoint():
    assert failpoints("import.") == ["import.begun", "import.committed", "import.finished", "import.finishing", "import.writing"]


@pytest.mark.slow
def test_of_two_imports_at_once_one_says_it_did_not_start(installation, undisturbed):
    shop = shop_before(installation, undisturbed.before)

    both = [shop.start("import_orders", undisturbed.path, "--json") for _time in range(2)]
    done = sorted((one.finish() for one in both), key=lambda one: one.returncode)

    if done[1].returncode:  # else the second came when the first was done
        assert "Another import is running" in done[1].stderr
    assert json.loads(done[0].stdout)["error_count"] == undisturbed.result["error_count"]
    assert without_imports(shop.content()) == without_imports(undisturbed.content)


@pytest.mark.slow
def test_a_killed_import_leaves_no_staging_file(installation, undisturbed):
    shop = Installation(installation)
    shop.manage("import_orders", undisturbed.path, FAILPOINT="import.committed")

    assert not Path(shop.environ["DATA_DIR"], "import.staging").exists()


SMALL = "email,date,amount\n"


@pytest.fixture
def interrupt(monkeypatch):
    """Stops imports after their n-th batch, as a power cut would."""

    class PowerCut(BaseException):
        pass

    def after(count):
        seen = []

        def failpoint(name):
            seen.append(name)
            if seen.count("import.committed") == count:
                raise PowerCut

        monkeypatch.setattr(batches, "failpoint", failpoint)
        monkeypatch.setattr(batches, "ROWS", 2)

    after.error = PowerCut
    return after


@pytest.mark.django_db
def test_an_import_goes_on_at_its_cursor_with_its_counts(interrupt):
    content = SMALL + "".join(f"u{number}@x.cz,2026-01-02,{number}\n" for number in range(7)) + "bad,2026-01-02,5\n"
    interrupt(2)
    with pytest.raises(interrupt.error):
        take(content)
    assert (Order.objects.count(), Import.objects.get().cursor, Import.objects.get().state) == (4, 5, "running")

    interrupt(99)
    assert take(content).counts == (7, 0, 0, 7, 0, 1)
    assert Import.objects.get().state == "finished"


@pytest.mark.django_db
def test_an_unfinished_import_of_another_file_source_or_reading_is_left_alone(interrupt):
    content = SMALL + "".join(f"u{number}@x.cz,03/04/2026,{number}\n" for number in range(4))
    interrupt(1)
    with pytest.raises(interrupt.error):
        take(content, dates="dmy")
    interrupt(99)

    take(content, dates="dmy", source="other")
    take(content, dates="mdy")
    take(SMALL + "z@x.cz,2026-01-02,5\n")
    assert list(Import.objects.order_by("pk").values_list("state", flat=True)) == ["running", "finished", "finished", "finished"]

    assert take(content, dates="dmy").counts[:3] == (4, 0, 0)
    assert not Import.objects.filter(state="running").exists()


@pytest.mark.django_db
def test_an_import_that_goes_on_reads_as_on_the_day_it_began(interrupt, monkeypatch):
    content = SMALL + "a@x.cz,2027-09-03,1\nb@x.cz,2026-01-02,2\nc@x.cz,2026-01-02,2\nd@x.cz,2026-01-02,2\n"
    interrupt(1)
    with pytest.raises(interrupt.error):
        take(content)
    interrupt(99)
    monkeypatch.setattr("crm.tests.imports.NOW", NOW + timedelta(days=5))

    assert take(content).counts == (3, 0, 0, 3, 0, 1)


@pytest.fixture
def meanwhile(monkeypatch):
    """Lets someone else, on a connection of their own, do something after the file was checked and before it is written."""

    def someone_else(does):
        def work():
            try:
                does()
            finally:
                connection.close()

        def failpoint(name):
            if name == "import.begun":
                thread = threading.Thread(target=work)
                thread.start()
                thread.join()

        monkeypatch.setattr(batches, "failpoint", failpoint)
        monkeypatch.setattr(batches, "PAUSE", 0)

    return someone_else


WITH_ID = "customer_id,email,date,amount\n"


def all_customers():
    return list(Customer.objects.order_by("pk").values_list("external_id", "email"))


@pytest.mark.django_db(transaction=True)
def test_a_customer_saved_with_the_email_meanwhile_gets_the_id(meanwhile):
    meanwhile(lambda: Customer.objects.create(email="c1@x.cz"))

    assert take(WITH_ID + "c1,c1@x.cz,2026-01-02,5\n").counts == (1, 0, 0, 0, 1, 0)
    assert all_customers() == [("c1", "c1@x.cz")]
    assert Order.objects.get().customer == Customer.objects.get()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [False, True])
def test_an_email_given_to_another_id_meanwhile_is_left_out_and_the_order_kept(meanwhile, known):
    if known:
        Customer.objects.create(external_id="c1")
    meanwhile(lambda: Customer.objects.create(external_id="other", email="c1@x.cz"))

    taken = take(WITH_ID + "c1,c1@x.cz,2026-01-02,5\nc1,c1@x.cz,2026-01-03,5\nc2,c2@x.cz,2026-01-02,x\n")

    assert taken.errors == [
        (2, "email", "The e-mail c1@x.cz belongs to another customer by now; the order was taken without it."),
        (4, "amount", "“x” is not a number."),
    ]
    assert taken.counts == (2, 0, 0, 0 if known else 1, 0, 2)
    assert sorted(all_customers()) == [("c1", ""), ("other", "c1@x.cz")]
    assert set(Order.objects.values_list("customer__external_id", flat=True)) == {"c1"}
    assert Import.objects.get().error_count == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("external_id", ["", "c1"])
def test_a_customer_known_by_email_who_is_saved_meanwhile_is_found(meanwhile, external_id):
    meanwhile(lambda: Customer.objects.create(external_id=external_id, email="c1@x.cz"))

    assert take(SMALL + "c1@x.cz,2026-01-02,5\n").counts == (1, 0, 0, 0, 0, 0)
    assert all_customers() == [(external_id, "c1@x.cz")]


@pytest.mark.django_db(transaction=True)
def test_a_customer_who_was_to_get_the_id_and_has_another_by_now_keeps_it(meanwhile):
    Customer.objects.create(email="c1@x.cz")
    meanwhile(lambda: Customer.objects.update(external_id="other"))

    assert take(WITH_ID + "c1,c1@x.cz,2026-01-02,5\n").counts == (1, 0, 0, 1, 0, 1)
    assert all_customers() == [("other", "c1@x.cz"), ("c1", "")]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_never_answers_ends_in_a_sentence_and_can_be_gone_on_with(monkeypatch):
    def locked(*args):
        raise OperationalError("database is locked")

    monkeypatch.setattr(batches, "PAUSE", 0)
    with monkeypatch.context() as broken:
        broken.setattr(batches, "take_in", locked)
        with pytest.raises(Refused, match="from row 2 on: database is locked. Run the import again"):
            take(SMALL + "a@x.cz,2026-01-02,5\n")
    assert not Order.objects.exists()

    assert take(SMALL + "a@x.cz,2026-01-02,5\n").counts[0] == 1
    assert Import.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_commit_whose_answer_is_lost_is_not_done_twice(monkeypatch):
    write = batches._write
    lost = iter([True])

    class Lost:
        def __enter__(self):
            self.real = transaction.atomic()
            self.real.__enter__()

        def __exit__(self, *raised):
            self.real.__exit__(*raised)
            if next(lost, False):
                raise OperationalError("server closed the connection unexpectedly")

    # Its own alone: deleting opens one of Django's within.
    monkeypatch.setattr(batches, "transaction", SimpleNamespace(atomic=Lost))
    monkeypatch.setattr(batches, "_write", lambda *args: write(*args))
    monkeypatch.setattr(batches, "PAUSE", 0)

    assert take("order_id," + SMALL + "A,a@x.cz,2026-01-02,5\n").counts == (1, 0, 0, 1, 0, 0)


@pytest.mark.django_db
def test_an_import_taken_over_by_another_process_stops(monkeypatch):
    take_in = batches.take_in

    def overtaken(*args):
        Import.objects.update(cursor=99)
        return take_in(*args)

    monkeypatch.setattr(batches, "take_in", overtaken)

    with pytest.raises(Refused, match="Another process"):
        take(SMALL + "a@x.cz,2026-01-02,5\n")


def test_the_staging_file_is_nobody_elses_and_has_no_name_once_it_is_open(tmp_path, monkeypatch):
    modes = []
    connect = sqlite3.connect

    def watched(path, **options):
        modes.append(path.stat().st_mode & 0o777)
        return connect(path, **options)

    monkeypatch.setattr(staging.sqlite3, "connect", watched)
    (tmp_path / "import.staging").write_text("left behind")

    with staging.staged(tmp_path) as staged:
        staged.add(["moment"], [(2, "2026-01-02")])
        assert list(tmp_path.iterdir()) == []
    assert modes == [0o600]
