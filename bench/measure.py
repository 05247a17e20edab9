"""What is measured on one engine: taking the orders in, nights over them, and the pages that show it, each beside its yardstick."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from bench.engines import Engine
from bench.process import Failed, Measured, Run, manage, module, repeated, yardstick
from bench.report import Row
from bench.world import LAST_DAY, NEXT_DAY, ORDERS_EACH

# Beyond, the days are too many for a bench.
MOST_REPLAYED = 100_000


def limits(world: Path) -> dict[date, Measured]:
    """DuckDB's time for the facts of both nights. The engines do not matter to it, and none runs beside it."""
    return {as_of: repeated(partial(yardstick, "bench.limit", as_of.isoformat(), *parquet(world, as_of))) for as_of in (LAST_DAY, NEXT_DAY)}


def parquet(world: Path, as_of: date) -> list[Path]:
    return [world / name for name in ("history.parquet", "next.parquet")][: 1 if as_of == LAST_DAY else 2]


@dataclass
class Bench:
    """One engine and the folder of one world."""

    engine: Engine
    world: Path
    size: int
    limits: Mapping[date, Measured]

    def rows(self) -> Iterator[Row]:
        """The results, as they come. Every repetition of a thing starts from the same installation."""
        self.engine.create("empty")
        self._manage("empty", "migrate", "--verbosity", "0")
        yield self._taking_in()
        self.engine.rest("imported")
        first = repeated(self._first_night)
        yield Row("night, everything differs", first, "DuckDB", self.limits[LAST_DAY])
        again = repeated(lambda: self._night("night", LAST_DAY))
        yield Row("night, nothing differs", again, "DuckDB", self.limits[LAST_DAY])
        self._compare("night", LAST_DAY)
        self.engine.create("day", like="night")
        new = Measured([self._import("day", "next.csv", self.size // 100)])
        yield Row("import, one order of every hundredth", new)
        self.engine.rest("day")
        yield Row("night after it", repeated(self._next_night), "DuckDB", self.limits[NEXT_DAY])
        self._compare("night", NEXT_DAY)
        if self.size <= MOST_REPLAYED:
            self.engine.create("replayed", like="night")
            yield Row("replay of the past, all ladders", Measured([self._manage("replayed", "replay", "--json")]))
        yield from self.placings()

    def pages(self) -> dict[str, Any]:
        """What a browser waits for, after the last of the nights."""
        self.engine.rest("night")
        return module("bench.pages", environ=self.engine.environ("night")).output

    def drawn(self) -> Iterator[Row]:
        """What asks for no orders, alone."""
        self.engine.create("empty")
        self._manage("empty", "migrate", "--verbosity", "0")
        yield from self.placings("few")

    def ladders(self) -> dict[str, Any]:
        """What an owner waits for who changes a rule, after the placings."""
        self.engine.rest("ladders")
        return module("bench.ladders", environ=self.engine.environ("ladders")).output

    def placings(self, *few: str) -> Iterator[Row]:
        """On facts that are drawn, all in one process."""
        self.engine.create("ladders", like="empty")
        run = module("bench.placing", str(self.size), *few, environ=self.engine.environ("ladders"))
        update = Measured([Run(run.output["update"], run.peak)])
        for what, one in run.output["placings"].items():
            placing = Run(one["seconds"], run.peak, longest=one["longest"])
            yield Row(f"{what}: {one['moved']:,} moved", Measured([placing]), "UPDATE of all", update)

    def _taking_in(self) -> Row:
        ours = repeated(self._import_all)
        made = ours.last.output["customers"]["created"]
        if made != self.size:
            raise Failed(f"The import made {made} customers out of {self.size}.")
        address = self.engine.address("imported")
        theirs = repeated(lambda: yardstick("bench.raw", address, self.engine.folder))
        return Row("import into a fresh installation", ours, self.engine.raw, theirs)

    def _import_all(self) -> Run:
        self.engine.create("imported", like="empty")
        return self._import("imported", "history.csv", ORDERS_EACH * self.size)

    def _import(self, installation: str, file: str, rows: int) -> Run:
        run = self._manage(installation, "import_orders", self.world / file, "--json")
        orders = run.output["orders"]["created"]
        if orders != rows or run.output["error_count"]:
            raise Failed(f"The import of {file} took {orders} orders of {rows}: {run.output}")
        return run

    def _first_night(self) -> Run:
        self.engine.create("night", like="imported")
        return self._night("night", LAST_DAY)

    def _next_night(self) -> Run:
        self.engine.create("night", like="day")
        return self._night("night", NEXT_DAY)

    def _night(self, installation: str, as_of: date) -> Run:
        run = self._manage(installation, "nightly", "--as-of", as_of.isoformat(), "--json")
        if not run.output["ran"]:
            raise Failed(f"The night did not run: {run.output}")
        return run

    def _compare(self, installation: str, as_of: date) -> None:
        """A yardstick that computes something else would be none."""
        export = self.engine.folder / "facts.csv"
        self._manage(installation, "export_facts", export)
        found = module("bench.limit", as_of.isoformat(), *parquet(self.world, as_of), "--same", export).output["differing"]
        if found:
            raise Failed(f"The facts of the night of {as_of} and DuckDB's differ, by fact: {found}")

    def _manage(self, installation: str, *arguments: str | Path) -> Run:
        return manage(self.engine.folder, self.engine.environ(installation), *arguments)
