"""What .ci/run relies on: with REGULARS_NO_SKIPS a skip is a failure, except for want of ../shared."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ABSENT = "import conftest, pathlib; conftest.SHARED = pathlib.Path('/nowhere')\n"
PLAIN = "import pytest\n\ndef test_it():\n    pytest.skip('tired')\n"
WHOLE_FILE = "import pytest\npytest.skip('tired', allow_module_level=True)\n"
SHARED = "def test_it(shared):\n    assert shared.is_dir()\n"
ELSEWHERE = "import pytest\n\n@pytest.mark.shared\ndef test_it():\n    pytest.skip('tired')\n"
PRESENT = "import conftest, pathlib; conftest.SHARED = pathlib.Path('/')\n"


def closing_line(folder: Path, texts: list[str], no_skips: str) -> str:
    for number, text in enumerate(texts):
        (folder / f"test_{number}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-c", "pytest.ini", "-p", "conftest", "--continue-on-collection-errors", str(folder)]
    environ = os.environ | {"REGULARS_NO_SKIPS": no_skips}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True).stdout.splitlines()[-1]


def test_a_skip_is_a_skip_without_it(tmp_path):
    assert closing_line(tmp_path, [PLAIN, WHOLE_FILE, ABSENT + SHARED], "").startswith("3 skipped")


def test_a_skip_is_a_failure_with_it(tmp_path):
    said = closing_line(tmp_path, [PRESENT + PLAIN, PRESENT + WHOLE_FILE, PRESENT + ELSEWHERE], "1")
    assert said.startswith("2 failed, 1 error")


def test_the_want_of_shared_stays_a_skip_with_it(tmp_path):
    assert closing_line(tmp_path, [ABSENT + SHARED], "1").startswith("1 skipped")
