"""A machine that fails a command: one sentence, the JSON object where it was asked for, exit code 1, no traceback."""

import json
import os
from pathlib import Path

import pytest

from crm.tests.installation import Installation

pytestmark = pytest.mark.slow


@pytest.fixture
def unmigrated(empty_installation):
    return Installation(empty_installation)


def test_a_night_on_a_database_that_is_not_prepared_says_so(unmigrated):
    night = unmigrated.manage("nightly", "--as-of", "2026-01-11", "--json")

    told = json.loads(night.stdout)
    assert (night.returncode, told["as_of"], told["ran"], told["steps"]) == (1, "2026-01-11", False, [])
    assert "make run prepares it" in told["reason"]
    assert "Traceback" not in night.stderr and told["reason"] in night.stderr


def test_an_export_of_a_database_that_is_not_prepared_says_so(unmigrated, tmp_path):
    export = unmigrated.manage("export_facts", tmp_path / "facts.csv")

    assert export.returncode == 1
    assert "The database cannot be used" in export.stderr and "Traceback" not in export.stderr
    assert not list(tmp_path.iterdir())


def test_a_broken_database_is_told_in_a_sentence(installation):
    # The file of SQLite is overwritten; an address of PostgreSQL leads nowhere.
    if installation.get("DATABASE_URL"):
        installation["DATABASE_URL"] = "postgres://nobody@127.0.0.1:9/nothing"
    else:
        Path(installation["DATA_DIR"], "regulars.sqlite3").write_bytes(b"not a database at all" * 1000)

    night = Installation(installation).manage("nightly", "--as-of", "2026-01-11", "--json")

    assert (night.returncode, json.loads(night.stdout)["ran"]) == (1, False)
    assert "Traceback" not in night.stderr


def test_an_export_through_a_link_replaces_what_the_link_points_to(installation, tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")

    export = Installation(installation).manage("export_facts", tmp_path / "link.csv")

    assert export.returncode == 0
    assert os.readlink(tmp_path / "link.csv") == "real.csv"
    assert (tmp_path / "real.csv").read_text().startswith("external_id,")
