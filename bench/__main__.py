"""`make bench SIZE=100k|1m ENGINE=sqlite|postgres`: both engines where none is named. Prints a table and adds it to bench/RESULTS.md."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from bench.engines import ENGINES
from bench.measure import Bench, limits
from bench.process import FOLDER, Failed, module
from bench.report import heading, keep, section

SIZES = {"100k": 100_000, "1m": 1_000_000}


def world(size: int) -> Path:
    """The folder of the made-up business, which is made once."""
    folder = FOLDER / str(size)
    if not (folder / "complete").exists():
        say(f"Making {size:,} customers in {folder}")
        module("bench.world", str(size), folder)
    return folder


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    parser = ArgumentParser(prog="bench", description="Measures imports, nights and pages, each beside its yardstick.")
    # An empty variable is as good as none. argparse does not hold a default against the choices, so that is done below.
    parser.add_argument("--size", choices=SIZES, default=os.environ.get("SIZE") or "100k")
    parser.add_argument("--engine", choices=ENGINES, default=os.environ.get("ENGINE") or None)
    options = parser.parse_args()
    if options.size not in SIZES or options.engine not in {None, *ENGINES}:
        parser.error(f"SIZE is one of {', '.join(SIZES)}; ENGINE one of {', '.join(ENGINES)}, or left out for both.")
    folder = world(SIZES[options.size])
    text = heading(SIZES[options.size], options.size, options.engine)
    try:
        limit = limits(folder)
        for name in [options.engine] if options.engine else ENGINES:
            with ENGINES[name]() as engine:
                bench, rows = Bench(engine, folder, SIZES[options.size], limit), []
                for row in bench.rows():
                    say(f"{engine.name}: {row.what}: {row.ours.seconds:.2f} s")
                    rows.append(row)
                say(f"{engine.name}: pages")
                text += f"\n\n{section(engine, rows, bench.pages())}"
    except Failed as error:
        say(str(error))
        return 1
    print(text)
    keep(f"\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
