"""Processes of Python, forked from one that has imported the large libraries already, which takes each a second or two.

The fork server of multiprocessing: one for each process of pytest, with nothing of ours in it: no settings, no connection, no thread. What
is forked from it has the arguments, the environment and the outputs that it is given, and ends as `python` does: by the code of sys.exit,
by the signal that killed it, or with 1 after a traceback on stderr.
"""

import multiprocessing
import os
import re
import runpy
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Timer

ROOT = Path(__file__).resolve().parents[2]
SERVER = multiprocessing.get_context("forkserver")
# Whatever imports without settings.
LARGE = ["pandas", "psycopg2.extras", "celery.app.base", "celery.app.task", "celery.app.amqp", "celery.fixups.django", "celery.apps.worker"]
LARGE += ["celery.apps.beat", "celery.bin.celery", "celery.concurrency.prefork", "celery.worker.consumer", "kombu.transport.filesystem"]
LARGE += ["redis", "django_stubs_ext.patch", "django.forms", "django.template.defaulttags", "django.core.management.commands.migrate"]
LARGE += ["django.core.management.commands.shell", "whitenoise.base", "babel.core", "lucide"]
SERVER.set_forkserver_preload(LARGE)


def fork(
    arguments: list[str], environ: Mapping[str, str], out: Connection, err: Connection, first: Callable[[], object] | None = None
) -> ForkServerProcess:
    """`python ARGUMENTS` in a session of its own, after it has called `first`."""
    process = SERVER.Process(target=become, args=(arguments, dict(environ), out, err, first), daemon=True)
    process.start()
    out.close(), err.close()
    return process


def become(arguments: list[str], environ: dict[str, str], out: Connection, err: Connection, first: Callable[[], object] | None) -> None:
    """In the forked process."""
    os.setsid()
    for end, standard in ((out, 1), (err, 2)):
        os.dup2(end.fileno(), standard)
        end.close()
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environ)
    if first:
        first()
    while arguments[0] == "-W":
        action, _, message = arguments[1].partition(":")
        warnings.filterwarnings(action, re.escape(message))
        arguments = arguments[2:]
    match arguments:
        case ["-c", code, *rest]:
            sys.argv = ["-c", *rest]
            exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
        case ["-m", module, *rest]:
            sys.argv = ["-m", *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [script, *_]:
            sys.argv = arguments
            runpy.run_path(script, run_name="__main__")


class Command:
    """`python ARGUMENTS` beside the test, which hears what it says."""

    def __init__(self, arguments: list[str], environ: Mapping[str, str]) -> None:
        self.arguments = arguments
        (out, its_out), (err, its_err) = SERVER.Pipe(duplex=False), SERVER.Pipe(duplex=False)
        self.process = fork(arguments, environ, its_out, its_err)
        self.stdout, self.stderr = (os.fdopen(os.dup(end.fileno()), encoding="utf-8") for end in (out, err))
        out.close(), err.close()

    def finish(self, timeout: float = 600) -> "subprocess.CompletedProcess[str]":
        clock = Timer(timeout, self.process.kill)
        clock.start()
        with ThreadPoolExecutor(1) as beside, self.stdout, self.stderr:
            said = beside.submit(self.stderr.read)
            out, err = self.stdout.read(), said.result()
        self.process.join()
        if clock.finished.is_set():
            raise subprocess.TimeoutExpired(self.arguments, timeout, out, err)
        clock.cancel()
        return subprocess.CompletedProcess(self.arguments, self.process.exitcode or 0, out, err)
