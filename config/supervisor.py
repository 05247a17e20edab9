"""The processes of one installation as one foreground group: all run, a dead one comes back, and all stop together."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from django.utils.translation import gettext as _

LOOK_SECONDS = 0.2
STEADY_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 30.0
# Together under the 10 s after Ctrl-C that the README promises; a child gets GRACE_SECONDS to end by itself.
GRACE_SECONDS = 8.0
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Runs in the child before its program: Linux ends it when the group's own process is killed."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One process of the group. `files` are descriptors that it inherits; of one that is not `heard` only the errors are shown."""

    name: str
    command: list[str]
    files: tuple[int, ...] = ()
    heard: bool = True

    process: subprocess.Popen[bytes] | None = None
    started: float = 0
    start_at: float = 0
    pause: float = 0

    def start(self, folder: Path) -> None:
        self.started = time.monotonic()
        # In a process group of its own, because gunicorn may hang when Ctrl-C reaches it and its workers at the same moment.
        self.process = subprocess.Popen(
            self.command,
            cwd=folder,
            stdout=None if self.heard else subprocess.DEVNULL,
            pass_fds=self.files,
            preexec_fn=die_with_parent,
            process_group=0,
        )

    def bury(self) -> int:
        """The code of the ended process. The next one waits 1 s, and twice as long each time when it does not live."""
        assert self.process
        code, self.process = self.process.wait(), None
        steady = time.monotonic() - self.started >= STEADY_SECONDS
        self.pause = 1 if steady or not self.pause else min(2 * self.pause, LONGEST_PAUSE_SECONDS)
        self.start_at = time.monotonic() + self.pause
        return code


class Group:
    def __init__(self, children: list[Child], folder: Path, say: Callable[[str], None]) -> None:
        self.children, self.folder, self.say = children, folder, say
        self.stopping = False

    def run(self) -> None:
        """Returns after a signal has stopped the group."""
        for number in SIGNALS:
            signal.signal(number, self.ask_to_stop)
        try:
            while not self.stopping:
                for child in self.children:
                    self.look_after(child)
                time.sleep(LOOK_SECONDS)
        finally:
            self.stop()

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def look_after(self, child: Child) -> None:
        if child.process is None:
            if time.monotonic() >= child.start_at:
                child.start(self.folder)
        elif child.process.poll() is not None:
            code = child.bury()
            if not self.stopping:
                values = {"name": child.name, "code": code, "seconds": int(child.pause)}
                self.say(_("The process “%(name)s” ended with code %(code)s; it starts again in %(seconds)s s.") % values)

    def stop(self) -> None:
        running = [child.process for child in self.children if child.process]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
