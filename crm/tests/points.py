"""The failpoints of the source, found by reading it."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def failpoints(prefix):
    """The names of all `failpoint("prefix…")` calls outside the tests, sorted."""
    floors = ("crm", "segments", "lifecycle", "config")
    sources = (path for floor in floors for path in (ROOT / floor).rglob("*.py") if "tests" not in path.parts)
    calls = (node for path in sources for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    names = {call.args[0].value for call in calls if isinstance(call.func, ast.Name) and call.func.id == "failpoint"}
    return sorted(name for name in names if name.startswith(prefix))
