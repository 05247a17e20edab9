"""`make bench SIZE=100k|1m ENGINE=sqlite|postgres PART=all|ladders`: both engines where none is named.

Prints a table and adds it to bench/RESULTS.md.
"""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from bench.engines import ENGINES
from bench.measure import Bench, limits
from bench.process import FOLDER, Failed, module
from bench.report import heading, keep, section

SIZES = {"100k": 100_000, "1m": 1_000_000}
PARTS = ("all", "ladders")


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
    parser.add_argument("--part", choices=PARTS, default=os.environ.get("PART") or PARTS[0], help="ladders: without orders")
    options = parser.parse_args()
    if options.size not in SIZES or options.engine not in {None, *ENGINES} or options.part not in PARTS:
        choices = f"SIZE is one of {', '.join(SIZES)}; ENGINE one of {', '.join(ENGINES)}, or left out for both"
        parser.error(f"{choices}; PART one of {', '.join(PARTS)}.")
    is_whole = options.part == "all"
    folder = world(SIZES[options.size]) if is_whole else FOLDER
    text = heading(SIZES[options.size], options.size, options.engine, options.part)
    try:
        limit = limits(folder) if is_whole else {}
        for name in [options.engine] if options.engine else ENGINES:
            with ENGINES[name]() as engine:
                bench, rows = Bench(engine, folder, SIZES[options.size], limit), []
                for row in bench.rows() if is_whole else bench.drawn():
                    say(f"{engine.name}: {row.what}: {row.ours.seconds:.2f} s")
                    rows.append(row)
                say(f"{engine.name}: ladders and pages")
                text += f"\n\n{section(engine, rows, bench.ladders(), bench.pages() if is_whole else None)}"
    except Failed as error:
        say(str(error))
        return 1
    print(text)
    keep(f"\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
