"""What .ci/run relies on: with REGULARS_NO_SKIPS a skip is a failure, except for want of ../shared."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ABSENT = "import conftest, pathlib; conftest.SHARED = pathlib.Path('/nowhere')\n"
PLAIN = "import pytest\n\ndef test_it():\n    pytest.skip('tired')\n"
WHOLE_FILE = "import pytest\npytest.skip('tired', allow_module_level=True)\n"
SHARED = "def test_it(shared):\n    assert shared.is_dir()\n"
ELSEWHERE = "import pytest\n\n@pytest.mark.shared\ndef test_it():\n    pytest.skip('tired')\n"


def closing_line(folder: Path, text: str, no_skips: str) -> str:
    (folder / "test_one.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-c", "pytest.ini", "-p", "conftest", str(folder)]
    environ = os.environ | {"REGULARS_NO_SKIPS": no_skips}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True).stdout.splitlines()[-1]


@pytest.mark.parametrize("text", [PLAIN, WHOLE_FILE, ABSENT + SHARED])
def test_a_skip_is_a_skip_without_it(text, tmp_path):
    assert closing_line(tmp_path, text, "").startswith("1 skipped")


@pytest.mark.parametrize(("text", "said"), [(PLAIN, "1 failed"), (WHOLE_FILE, "1 error"), (ELSEWHERE, "1 failed")])
def test_a_skip_is_a_failure_with_it(text, said, tmp_path):
    present = "import conftest, pathlib; conftest.SHARED = pathlib.Path('/')\n"
    assert said in closing_line(tmp_path, present + text, "1")


def test_the_want_of_shared_stays_a_skip_with_it(tmp_path):
    assert closing_line(tmp_path, ABSENT + SHARED, "1").startswith("1 skipped")
