"""The rules of the tower and the budgets, each a function from source to complaints; test_tower.py holds the project to them."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

FLOORS = ["crm", "surveys", "segments", "lifecycle", "config"]  # from the ground up
HEAVY = {"pandas", "numpy", "scipy"}
BROAD = {"Exception", "BaseException"}
BROAD_ALLOWED = {"lifecycle.nightly"}
JUNK = {"utils", "helpers", "services", "common"}
LATER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
FILE_LINES, FUNCTION_LINES, FUNCTION_P90, BRANCHES = 400, 40, 25, 8
BRANCHING = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    name: str  # crm.models.order; a package is named without its __init__
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def is_test(self) -> bool:
        return ".tests" in self.name

    @property
    def is_migration(self) -> bool:
        return ".migrations" in self.name

    @property
    def is_source(self) -> bool:
        return not (self.is_test or self.is_migration)

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, FUNCTIONS)]

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        """Line and absolute name; `from a import b` gives a.b, whichever of module or name b is."""
        found = []
        package = self.name.split(".") if self.is_package else self.name.split(".")[:-1]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                base += node.module.split(".") if node.module else []
                found += [(node.lineno, ".".join([*base, alias.name])) for alias in node.names]
        return found


def read(root: Path, floors: Iterable[str] = FLOORS) -> list[Module]:
    made = []
    for path in sorted(path for floor in floors for path in (root / floor).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        made.append(Module(".".join(parts[:-1] if is_package else parts), path.read_text(encoding="utf-8"), is_package))
    return made


def is_above(name: str, module: Module) -> bool:
    floor, own = name.partition(".")[0], module.name.partition(".")[0]
    return floor in FLOORS and FLOORS.index(floor) > FLOORS.index(own)


def named_in_strings(module: Module) -> Iterator[tuple[int, str]]:
    """What a text refers to: "lifecycle.NightlyRun" anywhere, get_model("lifecycle", …), and the dependencies of a migration."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"\w+(\.\w+)+", node.value):
            yield node.lineno, node.value
        first = None
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in {"get_model", "get_app_config"}:
            first = node.args[0] if node.args else None
        elif isinstance(node, ast.Tuple) and module.is_migration and node.elts:
            first = node.elts[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.lineno, first.value


def climbs(module: Module) -> list[str]:
    if module.is_test:
        return []
    references = [*module.imports, *named_in_strings(module)]
    return [f"{module.name}:{line} goes up to {name}" for line, name in references if is_above(name, module)]


def graph(modules: list[Module]) -> dict[str, set[str]]:
    """Which module imports which, among those given."""
    known = {module.name for module in modules}
    edges: dict[str, set[str]] = {}
    for module in modules:
        targets = {name if name in known else name.rpartition(".")[0] for _, name in module.imports}
        edges[module.name] = (targets & known) - {module.name}
    return edges


def cycles(modules: list[Module]) -> list[str]:
    try:
        TopologicalSorter(graph(modules)).prepare()
    except CycleError as error:
        return [" imports ".join(reversed(error.args[1]))]
    return []


def imports_inside_functions(module: Module) -> list[str]:
    inside = {node.lineno for function in module.functions for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)}
    return [f"{module.name}:{line} imports inside a function" for line in sorted(inside)]


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def branches(function: Function) -> int:
    """Those of functions inside it are their own."""
    waiting: list[ast.AST] = [*function.body]
    count = 0
    while waiting:
        node = waiting.pop()
        count += isinstance(node, BRANCHING)
        if not isinstance(node, FUNCTIONS):
            waiting += ast.iter_child_nodes(node)
    return count


def over_budget(module: Module) -> list[str]:
    lines = len(module.text.splitlines())
    found = [f"{module.name} has {lines} lines"] if lines > FILE_LINES else []
    for function in module.functions:
        if length(function) > FUNCTION_LINES:
            found.append(f"{module.name}.{function.name} has {length(function)} lines")
        if branches(function) > BRANCHES:
            found.append(f"{module.name}.{function.name} has {branches(function)} branches")
    return found


def ninth_decile(modules: list[Module]) -> int:
    """The length that nine functions in ten keep."""
    lengths = sorted(length(function) for module in modules for function in module.functions)
    return lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0


def signal_receivers(module: Module) -> list[str]:
    found = [(line, name) for line, name in module.imports if re.match(r"django\.(dispatch\b|.*\bsignals\b)", name)]
    return [f"{module.name}:{line} takes part in signals: {name}" for line, name in found]


def caught(node: ast.AST) -> list[ast.expr | None]:
    """What an except clause or contextlib.suppress catches; None stands for everything."""
    if isinstance(node, ast.ExceptHandler):
        return [*node.type.elts] if isinstance(node.type, ast.Tuple) else [node.type]
    if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "suppress":
        return [*node.args]
    return []


def broad_excepts(module: Module) -> list[str]:
    if module.name in BROAD_ALLOWED:
        return []
    return [
        f"{module.name}:{node.lineno} catches everything"  # type: ignore[attr-defined]
        for node in ast.walk(module.tree)
        if any(kind is None or getattr(kind, "id", getattr(kind, "attr", "")) in BROAD for kind in caught(node))
    ]


def junk(module: Module) -> list[str]:
    found = [f"{module.name} says nothing of what is in it"] if JUNK & set(module.name.split(".")) else []
    lines = enumerate(module.text.splitlines(), start=1)
    return found + [f"{module.name}:{number} puts work off" for number, line in lines if LATER.search(line)]


def asserts_nothing(modules: list[Module]) -> list[str]:
    """Tests in which nothing can fail: no assert, no raises or warns, and no call of a function that has one."""
    called = [(module, function, calls(function)) for module in modules if module.is_test for function in module.functions]
    asserting = {"assert", "raises", "warns"}
    grown = True
    while grown:
        found = {function.name for _, function, names in called if names & asserting}
        grown = not found <= asserting
        asserting |= found
    tests = [(module, function, names) for module, function, names in called if function.name.startswith("test_")]
    return [f"{module.name}.{function.name} asserts nothing" for module, function, names in tests if not names & asserting]


def calls(function: Function) -> set[str]:
    """The names of what it calls; an assert, and whatever has a name that begins with it, is one call of assert."""
    nodes = list(ast.walk(function))
    names = {getattr(node.func, "attr", getattr(node.func, "id", "")) for node in nodes if isinstance(node, ast.Call)}
    asserts = any(isinstance(node, ast.Assert) for node in nodes) or any(name.startswith("assert") for name in names)
    return names | {"assert"} if asserts else names


def heavy_imports(modules: list[Module], roots: Iterable[str]) -> list[str]:
    """Ways from a root to a module that imports what the web process must not: the modules on it, joined by →."""
    by_name = {module.name: module for module in modules}
    edges = graph(modules)
    ways: dict[str, str] = {}
    waiting = [(root, root) for root in roots if root in by_name]
    while waiting:
        name, way = waiting.pop()
        if name in by_name and name not in ways:
            ways[name] = way
            # To import a.b is to import a as well.
            waiting += [(target, f"{way} → {target}") for target in (*edges[name], name.rpartition(".")[0])]
    return [
        f"{ways[name]} → {imported}"
        for name in sorted(ways)
        for _, imported in by_name[name].imports
        if imported.partition(".")[0] in HEAVY
    ]
