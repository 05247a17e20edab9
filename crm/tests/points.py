"""The failpoints of the source, found by reading it."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("crm", "segments", "lifecycle", "config")


def failpoints(prefix):
    """The names of all `failpoint("prefix…")` calls outside the tests, sorted."""
    return [name for name in every_failpoint() if name.startswith(prefix)]


@cache
def every_failpoint():
    sources = (path.read_text() for floor in FLOORS for path in (ROOT / floor).rglob("*.py") if "tests" not in path.parts)
    # To parse all of them would take seconds.
    trees = (ast.parse(source) for source in sources if "failpoint(" in source)
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    return sorted({call.args[0].value for call in calls if isinstance(call.func, ast.Name) and call.func.id == "failpoint"})
