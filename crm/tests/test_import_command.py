"""`manage.py import_orders`: its output, its exit codes, and files it refuses."""

import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from crm import locks
from crm.importing import batches
from crm.importing.customers import take_in
from crm.models import Import, Order
from crm.tests.forked import ROOT
from crm.tests.installation import Installation

NOTHING = {"customers": {"created": 0, "updated": 0}, "orders": {"created": 0, "updated": 0, "unchanged": 0, "anonymous": 0}}
MEMORY = 400 * 1024  # kilobytes


@pytest.fixture
def run(tmp_path):
    """Runs the command on a text; gives exit code, stdout and stderr."""

    def command(content, *options, path=None):
        path = path or tmp_path / "orders.csv"
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        out, err, code = StringIO(), StringIO(), 0
        try:
            call_command("import_orders", str(path), *options, stdout=out, stderr=err)
        except SystemExit as end:
            code = end.code
        return code, out.getvalue(), err.getvalue()

    return command


@pytest.mark.django_db
def test_json_is_one_object_and_all_else_goes_to_stderr(run):
    code, out, err = run("email,date,amount,note\na@x.cz,2026-01-02,5,\n,2026-01-02,6,\nb@x.cz,2026-01-02,x,\n", "--json")

    assert code == 0
    assert json.loads(out) == {
        "rows": 3,
        "customers": {"created": 1, "updated": 0},
        "orders": {"created": 2, "updated": 0, "unchanged": 0, "anonymous": 1},
        "errors": [{"row": 4, "column": "amount", "reason": "“x” is not a number."}],
        "error_count": 1,
    }
    assert "“note”" in err


@pytest.mark.django_db
def test_without_json_a_person_reads_what_happened(run):
    bad = "".join("b@x.cz,2026-01-02,bad\n" for _time in range(25))

    code, out, _err = run("email,date,amount\na@x.cz,2026-01-02,5\n" + bad)

    assert code == 0
    assert "26 rows read." in out
    assert "Customers: 1 created, 0 updated." in out
    assert "25 rows have errors:\nrow 3, amount: “bad” is not a number." in out
    assert out.endswith("and 5 more.\n")


@pytest.mark.django_db
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_file_that_cannot_be_taken_ends_with_1_and_one_sentence(run, options):
    code, out, err = run("date,amount\n2026-01-02,5\n", *options)

    assert code == 1
    assert err.startswith("Each order needs a customer")
    if options:
        result = json.loads(out)
        assert result.pop("errors")[0]["row"] == 1
        assert result == {"rows": 0, "error_count": 1, **NOTHING}
    else:
        assert out == ""


@pytest.mark.django_db
def test_rows_of_which_none_can_be_taken_end_with_1(run):
    code, out, _err = run("email,date,amount\na@x.cz,2026-01-02,x\n", "--json")

    assert code == 1
    assert json.loads(out) == {
        "rows": 1,
        "error_count": 1,
        **NOTHING,
        "errors": [{"row": 2, "column": "amount", "reason": "“x” is not a number."}],
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        ("email,date,amount\n".encode("utf-16"), "UTF-16"),
        (b"\0" * 1000, "not a text file"),
        (b"email,date,amount\n", "a header and no rows"),
        (b"\n\n\n", "The file has no header"),
        (b"email,date,Amount,amount\n", "Two columns mean the same"),
        (b'email,date,amount\na@x.cz,"2026-01-02,5\n', "Row 2 opens a quotation mark that is not closed"),
        (b"<html><body>Sign in</body></html>", "Each order needs a customer"),
    ],
)
def test_what_is_no_order_file_is_refused(run, content, sentence):
    code, _out, err = run(content)

    assert (code, sentence in err) == (1, True)
    assert not Import.objects.exists()


@pytest.mark.django_db
def test_a_spreadsheet_a_folder_and_nothing_are_refused(run, tmp_path):
    with zipfile.ZipFile(tmp_path / "orders.csv", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")

    assert "save the sheet as CSV" in run(None)[2]
    assert "is a folder" in run(None, path=tmp_path)[2]
    assert "is not there" in run(None, path=tmp_path / "no.csv")[2]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "options", [("--source", "manual"), ("--source", " "), ("--source", "x" * 51), ("--dates", "ydm"), ("--decimal", "dot")]
)
def test_wrong_usage_is_refused(run, options):
    with pytest.raises(CommandError):
        run("email,date,amount\na@x.cz,2026-01-02,5\n", *options)


@pytest.mark.parametrize(("source", "wrong"), [("a\tb", "holds no tabs"), ("x" * 51, "at most 50 characters"), (" ", "has a name")])
def test_what_is_wrong_with_a_source_is_said(run, source, wrong):
    with pytest.raises(CommandError, match=wrong):
        run("email,date,amount\na@x.cz,2026-01-02,5\n", "--source", source)


@pytest.mark.django_db
def test_the_source_is_kept(run):
    run("email,date,amount\na@x.cz,2026-01-02,5\n", "--source", "e-shop")

    assert Order.objects.get().source == Import.objects.get().source == "e-shop"


@pytest.mark.django_db
def test_a_name_and_a_header_in_broken_bytes_are_no_trouble(run, tmp_path):
    path = tmp_path / "čaj\udcff.csv"
    code, out, _err = run("email,date,částka".encode() + b"\xff\na@x.cz,2026-01-02,5\na@x.cz,2026-01-02,x\n", "--json", path=path)

    assert (code, json.loads(out)["errors"][0]["column"]) == (0, "částka�")
    assert Import.objects.get().file_name == "čaj�.csv"


@pytest.mark.django_db
def test_a_second_import_does_not_start(run):
    with locks.held("import"):
        code, _out, err = run("email,date,amount\na@x.cz,2026-01-02,5\n")

    assert (code, err) == (1, "Another import is running; this one did not start.\n")


@pytest.mark.django_db
def test_a_file_that_changes_while_it_is_read_is_refused(run, monkeypatch):
    stamps = iter([(1, 1), (1, 2)])
    monkeypatch.setattr("crm.importing.encoding.stamp", lambda path: next(stamps))
    monkeypatch.setattr("crm.importing.orders.stamp", lambda path: next(stamps))

    assert "was changed while it was read" in run("email,date,amount\na@x.cz,2026-01-02,5\n")[2]


@pytest.mark.django_db
def test_a_full_disk_is_said(run, monkeypatch):
    monkeypatch.setattr("crm.importing.staging._SETTINGS", ("page_size=512", "max_page_count=20", "journal_mode=OFF"))

    code, _out, err = run("email,date,amount\n" + "a@x.cz,2026-01-02,5\n" * 5000)

    assert (code, "full" in err) == (1, True)


SIX = "email,date,amount\n" + "".join(f"u{number}@x.cz,2026-01-02,5\n" for number in range(6)) + "v@x.cz,2026-01-02,x\n"


@pytest.fixture
def fail(monkeypatch):
    """Makes every try at a batch from the n-th on end so."""

    def from_batch(turn, end):
        batches_begun = []

        def take_in_or_end(people, now):
            people = list(people)
            batches_begun.append(people)
            if len(batches_begun) >= turn:
                end()
            return take_in(people, now)

        monkeypatch.setattr(batches, "take_in", take_in_or_end)
        monkeypatch.setattr(batches, "ROWS", 2)
        monkeypatch.setattr(batches, "PAUSE", 0)

    return from_batch


def io_error():
    raise OperationalError("disk I/O error")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("turn", "code", "created"), [(1, 1, 0), (3, 0, 4)])
def test_an_import_that_the_database_ends_tells_what_is_written(run, fail, turn, code, created):
    fail(turn, io_error)

    ended, out, err = run(SIX, "--json")
    result = json.loads(out)

    sentence = (
        f"The database did not take the orders from row {created + 2} on: disk I/O error. Run the import again; it goes on from there."
    )
    assert (ended, err) == (code, sentence + "\n")
    assert (result["rows"], result["orders"]["created"], result["customers"]["created"]) == (7, created, created)
    assert (result["errors"][0], result["error_count"]) == ({"row": created + 2, "column": None, "reason": sentence}, 2)
    assert (Order.objects.count(), Import.objects.get().error_count) == (created, 1)


@pytest.mark.django_db(transaction=True)
def test_an_import_that_the_database_ends_is_told_in_words_too(run, fail, monkeypatch):
    fail(3, io_error)

    _code, out, _err = run(SIX)

    assert "Orders: 4 created" in out
    assert "1 row has an error:" in out


@pytest.fixture
def ctrl_c():
    """As on a terminal: a suite started in the background of a shell ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_is_stopped_says_how_to_go_on(run, fail, stop):
    before = signal.getsignal(signal.SIGTERM)
    fail(3, lambda: os.kill(os.getpid(), stop))

    code, out, err = run(SIX, "--json")

    assert (code, err) == (130, "Stopped; run it again with the same file, and it goes on where it stopped.\n")
    assert (json.loads(out)["orders"]["created"], Order.objects.count()) == (4, 4)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.django_db
def test_an_import_that_is_stopped_while_it_reads_has_done_nothing(run, monkeypatch):
    monkeypatch.setattr("crm.importing.orders.scan", lambda path, name: os.kill(os.getpid(), signal.SIGINT))

    code, out, err = run(SIX, "--json")

    assert (code, err.startswith("Stopped"), json.loads(out)["rows"]) == (130, True, 0)


@pytest.mark.django_db
def test_a_folder_that_cannot_be_written_is_said(run, tmp_path, settings):
    settings.DATA_DIR = tmp_path / "missing"

    code, out, err = run(SIX, "--json")

    assert (code, json.loads(out)["error_count"]) == (1, 1)
    assert "No such file or directory" in err and len(err.splitlines()) == 1


@pytest.mark.slow
def test_a_database_that_is_none_is_said(installation, tmp_path):
    shop = Installation(installation)
    (tmp_path / "good.csv").write_text(SIX)
    if url := installation.get("DATABASE_URL"):
        broken = {"DATABASE_URL": url.rpartition("/")[0] + "/no_such_database"}
    else:
        Path(installation["DATA_DIR"], "regulars.sqlite3").write_bytes(b"no database" * 1000)
        broken = {}

    done = shop.manage("import_orders", tmp_path / "good.csv", "--json", **broken)

    assert (done.returncode, json.loads(done.stdout)["error_count"], "Traceback" in done.stderr) == (1, 1, False)
    assert "The database cannot be used" in done.stderr


@pytest.mark.slow
def test_a_header_of_a_hundred_thousand_characters_is_refused_in_little_memory(installation, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("email,date,amount," + "x" * 120_000 + "\n" + "a@x.cz,2026-01-02,5,a\0b\n" * 1500)

    done, peak = peak_of(Installation(installation), path)

    assert (done.returncode, len(done.stdout) < 10_000, peak < MEMORY) == (1, True, True)
    assert "column 4 is 120000 characters long" in done.stderr


@pytest.mark.slow
def test_the_exit_codes_are_those_of_the_process(installation, tmp_path):
    shop = Installation(installation)
    (tmp_path / "good.csv").write_text("email,date,amount\na@x.cz,2026-01-02,5\nb@x.cz,2026-01-02,x\n")

    assert shop.manage("import_orders", tmp_path / "good.csv").returncode == 0
    assert shop.manage("import_orders", tmp_path / "no.csv").returncode == 1
    usage = shop.manage("import_orders")
    assert (usage.returncode, "usage:" in usage.stderr) == (2, True)


@pytest.mark.slow
def test_a_database_that_is_not_there_yet_is_said(empty_installation, tmp_path):
    (tmp_path / "good.csv").write_text("email,date,amount\na@x.cz,2026-01-02,5\n")

    done = Installation(empty_installation).manage("import_orders", tmp_path / "good.csv", "--json")

    assert (done.returncode, json.loads(done.stdout)["error_count"], "Traceback" in done.stderr) == (1, 1, False)
    assert "The database cannot be used" in done.stderr


def peak_of(shop: Installation, path) -> tuple[subprocess.CompletedProcess, int]:
    """Runs the import under a small process of its own, which tells the peak of its child's memory, in kilobytes."""
    watch = (
        "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:]); "
        "print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(done.returncode)"
    )
    command = [sys.executable, "-c", watch, sys.executable, "manage.py", "import_orders", str(path), "--json"]
    done = subprocess.run(command, cwd=ROOT, env=shop.environ, capture_output=True, text=True)
    return done, int(re.search(r"peak (\d+)", done.stderr)[1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "block", "code", "sentence"),
    [
        (b"email,date,amount\n", b"x" * (1 << 20), 1, "Row 2 is longer"),
        (b"", b"x" * (1 << 20), 1, "Row 1 is longer"),
        (b'email,date,amount\na@x.cz,"2026-01-02,5\n', b"a@x.cz,2026-01-02,5\n" * (1 << 15), 1, "Row 2 opens a quotation mark"),
        (b"email,date,amount\na@x.cz,2026-01-02,5\n", b"a@x.cz,2026-01-02," + b"9" * 100_000 + b"\n", 0, "is not a number"),
    ],
    ids=["one line below the header", "one line", "an unclosed quote", "large cells"],
)
def test_half_a_gigabyte_is_refused_or_taken_in_little_memory(installation, tmp_path, head, block, code, sentence):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.write(head)
        for _time in range((512 << 20) // len(block)):
            file.write(block)

    done, peak = peak_of(Installation(installation), path)
    path.unlink()

    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert sentence in json.loads(done.stdout)["errors"][0]["reason"]
    assert peak < MEMORY


@pytest.mark.slow
def test_half_a_gigabyte_of_nothing_is_refused_at_once(installation, tmp_path):
    with (tmp_path / "sparse.csv").open("wb") as file:
        file.truncate(512 << 20)

    done, peak = peak_of(Installation(installation), tmp_path / "sparse.csv")

    assert (done.returncode, "is not a text file" in done.stderr) == (1, True)
    assert peak < MEMORY
