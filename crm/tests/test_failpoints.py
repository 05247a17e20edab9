import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crm.failpoints import failpoint

ROOT = Path(__file__).resolve().parents[2]
# Reaches two points in turn, three times each.
CLIMB = """
from crm.failpoints import failpoint
for turn in range(1, 4):
    for name in ("first", "second"):
        print(name, turn, flush=True)
        failpoint(name)
"""
WHOLE = ["first 1", "second 1", "first 2", "second 2", "first 3", "second 3"]


def climb(wanted):
    environ = {name: value for name, value in os.environ.items() if name != "FAILPOINT"}
    environ |= {} if wanted is None else {"FAILPOINT": wanted}
    done = subprocess.run([sys.executable, "-c", CLIMB], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("wanted", "reached"), [("first", 1), ("first:1", 1), ("second", 2), ("first:2", 3), ("second:2", 4), ("first:3", 5), ("second:3", 6)]
)
def test_it_dies_by_kill_at_the_named_point_and_turn(wanted, reached):
    assert climb(wanted) == (-signal.SIGKILL, WHOLE[:reached])


@pytest.mark.parametrize("wanted", [None, "", "third", "fir", "first.inside", "first:4", "First", ":1"])
def test_it_does_nothing_at_another_name_or_turn(wanted):
    assert climb(wanted) == (0, WHOLE)


def test_it_does_nothing_where_nothing_is_asked_for(monkeypatch):
    monkeypatch.delenv("FAILPOINT", raising=False)

    assert failpoint("night.started") is None


def test_a_point_named_by_a_file_kills_one_process_which_takes_the_file_along(tmp_path):
    file = tmp_path / "failpoint"
    file.write_text("first:2\n")

    assert climb(str(file)) == (-signal.SIGKILL, WHOLE[:3])
    assert not file.exists()
    assert climb(str(file)) == (0, WHOLE)
