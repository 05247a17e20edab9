"""What came out, as a table for the reader and for bench/RESULTS.md."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.engines import Engine
from bench.process import Measured

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = ["what", "s", "runs", "yardstick", "s", "ratio", "peak MB", "yardstick's", "longest write s"]
LADDERS_HEAD = ["what an owner waits for", "ms", "count of everyone", "target"]
PAGES_HEAD = ["page", "p50 ms", "yardstick ms", "ratio", "target", "statements"]


@dataclass
class Row:
    what: str
    ours: Measured
    yardstick: str = ""
    theirs: Measured | None = None

    def cells(self) -> list[str]:
        ratio, theirs, peak = "", "", ""
        if self.theirs:
            ratio, theirs, peak = (
                f"{self.ours.seconds / self.theirs.seconds:.1f} ×",
                f"{self.theirs.seconds:.2f}",
                f"{self.theirs.peak:.0f}",
            )
        longest = "" if self.ours.longest is None else f"{self.ours.longest:.2f}"
        ours = [self.what, f"{self.ours.seconds:.2f}", str(len(self.ours.runs))]
        return [*ours, self.yardstick, theirs, ratio, f"{self.ours.peak:.0f}", peak, longest]

    def breakdown(self) -> str:
        """Where the time of the last run went: starting Python and Django, and the steps of a night."""
        last = self.ours.last
        inside = last.inside or last.seconds
        steps = [(step["name"], step["seconds"], f", {step['rows']:,} rows") for step in last.output.get("steps", [])]
        parts = [("start", last.seconds - inside, ""), *steps]
        parts.append(("the rest", inside - sum(seconds for _, seconds, _ in steps), ""))
        return f"- {self.what}: " + " · ".join(f"{name} {seconds:.2f} s{rows}" for name, seconds, rows in parts)


def table(head: list[str], rows: list[list[str]]) -> str:
    cells = [head, *rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def section(engine: Engine, rows: list[Row], ladders: dict[str, Any], pages: dict[str, Any] | None) -> str:
    """One engine's results; without `pages` where they were not asked for."""
    steps = "\n".join(row.breakdown() for row in rows if row.ours.last.inside)
    first = f"**{engine.version}**, {engine.settings}; load after {_load()}."
    whole = table(HEAD, [row.cells() for row in rows])
    return f"{first}\n\n{whole}\n\nThe last run of each:\n{steps}\n\n{_ladders(ladders)}\n{_pages(pages) if pages else ''}\n"


def _ladders(found: dict[str, Any]) -> str:
    measured = found["measured"]
    everyone = measured["count of everyone"][0]
    rows = [
        [what, f"{seconds * 1000:,.0f}", f"{seconds / everyone:.1f} ×", "" if target is None else f"≤ {target * 1000:,.0f}"]
        for what, (seconds, target) in measured.items()
    ]
    said = f"{found['ladders']} ladders; the rule finds {found['found']:,} people; the Ladder page asks {found['statements']} statements."
    return f"{table(LADDERS_HEAD, rows)}\n\n{said}\n"


def _pages(pages: dict[str, Any]) -> str:
    rate, minimal = pages["rates"]
    memory, least = pages["memory"]
    at_once = f"List, 8 at once: {rate:.0f} requests a second, {minimal:.0f} of the minimal page: {rate / minimal:.2f} × (target ≥ 0.4 ×)."
    worker = f"A web worker holds {memory:.0f} MB after all pages (target ≤ 120), one of the minimal pages {least:.0f} MB."
    return f"{table(PAGES_HEAD, [_page(page) for page in pages['pages']])}\n\n{at_once} {worker}"


def _page(page: dict[str, Any]) -> list[str]:
    ours, theirs, target = page["ours"], page["theirs"], page["target"]
    beside = [f"{theirs:.1f}", f"{ours / theirs:.1f} ×"] if theirs else ["", ""]
    allowed = [*([f"≤ {target:g} ×"] if target else []), *([f"≤ {page['at_most']:g} ms"] if page["at_most"] else [])]
    return [page["what"], f"{ours:.1f}", *beside, ", ".join(allowed), str(page["statements"])]


def heading(size: int, size_name: str, engine: str | None, part: str) -> str:
    """When, of what, on which machine, and how busy that was before."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GB"
    command = f"make bench SIZE={size_name}" + (f" ENGINE={engine}" if engine else "") + ("" if part == "all" else f" PART={part}")
    orders = f", {10 * size:,} orders" if part == "all" else ", without orders"
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [
        f"## {when}: {size:,} customers{orders}",
        f"Commit {_commit()} · {machine} · load before {_load()} · Python {platform.python_version()} · `{command}`",
    ]
    return "\n\n".join(lines)


def keep(text: str) -> None:
    """Adds `text` to the results of earlier runs."""
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(text)


def _load() -> str:
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def _commit() -> str:
    """With a plus where the working copy differs."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--", ".", ":!bench/RESULTS.md") else "")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
