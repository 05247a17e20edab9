"""`manage.py up` as a process: started, asked, and ended."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 180


class Up:
    """`manage.py up` in a session of its own, as `setsid make run` gives it."""

    def __init__(self, environ: dict[str, str], output: Path) -> None:
        self.output = output
        with output.open("wb") as sink:
            command = [sys.executable, "manage.py", "up"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=sink, stderr=sink, start_new_session=True)
        self.address = f"http://127.0.0.1:{environ['PORT']}"

    def get(self, path: str, **headers: str) -> int:
        """The status, redirects not followed."""
        opener = urllib.request.build_opener(Unfollowed)
        with opener.open(urllib.request.Request(self.address + path, headers=headers), timeout=120) as answer:
            return answer.status

    def until(self, reached) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not reached():
            assert time.monotonic() < deadline and self.process.poll() is None, self.output.read_text()
            time.sleep(0.05)

    def until_it_serves(self) -> None:
        self.until(lambda: "until Ctrl-C" in self.output.read_text())
        # The socket is there already; the answer waits for the web process, and to be well for the worker's first tick.
        self.until(self.is_well)

    def is_well(self) -> bool:
        try:
            return self.get("/healthz") == 200
        except urllib.error.HTTPError as error:
            with error:
                assert error.code == 503
            return False

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, answer, code, reason, headers, url):
        return None
