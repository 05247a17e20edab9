"""Processes, each with its time and the most memory it held.

Start them from a small one: Linux counts what the parent held when it started a child as the child's.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

# What is kept from one bench to the next.
FOLDER = Path(os.environ.get("DATA_DIR") or "var", "bench").resolve()
# A run shorter than this is made three times.
SHORT = 20.0
TIMES = 3


class Failed(Exception):
    """A process ended badly; the message holds what it said."""


@dataclass
class Run:
    """One process: seconds as measured outside (or inside, where only a part counts), peak memory in MB, what it printed as JSON."""

    seconds: float
    peak: float
    output: dict[str, Any] = field(default_factory=dict)
    longest: float | None = None
    inside: float | None = None


@dataclass
class Measured:
    """Runs of one thing: the median time, and the worst of the rest."""

    runs: list[Run]

    @property
    def seconds(self) -> float:
        return median(run.seconds for run in self.runs)

    @property
    def peak(self) -> float:
        return max(run.peak for run in self.runs)

    @property
    def longest(self) -> float | None:
        return max((run.longest for run in self.runs if run.longest is not None), default=None)

    @property
    def last(self) -> Run:
        return self.runs[-1]


def repeated(run: Callable[[], Run]) -> Measured:
    """Three runs, or one where it is long."""
    runs = [run()]
    while runs[0].seconds < SHORT and len(runs) < TIMES:
        runs.append(run())
    return Measured(runs)


def module(name: str, *arguments: str | Path, environ: Mapping[str, str] | None = None) -> Run:
    """`python -m name arguments`; what it prints is one JSON object or nothing."""
    command = [sys.executable, "-m", name, *map(str, arguments)]
    # Compiled modules are kept, as on a machine that runs this every night, but not among the project's files.
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(FOLDER / "compiled")}
    # What came before, say the copy of an installation, is on the disk first: a commit would wait for it.
    os.sync()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = perf_counter()
        child = subprocess.Popen(command, env={**os.environ, **compiled, **(environ or {})}, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode:
            raise Failed(f"{' '.join(command)} ended with {child.returncode}:\n{out.read()}{err.read()}")
        text = out.read()
    # In kilobytes on Linux, in bytes on macOS.
    peak = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return Run(seconds, peak, json.loads(text) if text.startswith("{") else {})


def manage(folder: Path, environ: Mapping[str, str], *arguments: str | Path) -> Run:
    """A management command, with its longest write transaction."""
    notes = folder / "notes.json"
    run = module("bench.watched", notes, *arguments, environ=environ)
    noted = json.loads(notes.read_text())
    run.longest, run.inside = noted["longest"], noted["seconds"]
    return run


def yardstick(name: str, *arguments: str | Path) -> Run:
    """A program to compare with, which times its own work: how it starts and gets ready is not counted against it."""
    run = module(name, *arguments)
    run.seconds = run.output["seconds"]
    return run
