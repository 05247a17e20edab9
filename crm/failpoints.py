"""Where a test may kill the process: FAILPOINT=name, or name:3 for the third time it is reached.

The points stand between the commits of an import, a night and a refresh; the suite finds them by reading the source, so that none is left
untried. FAILPOINT=/path names a file that names the point: whoever dies of it takes the file along, so that the next process lives on.
"""

import os
import signal
from collections import Counter
from pathlib import Path

_reached: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Dies here, as under `kill -9`, when the environment says so."""
    asked = os.environ.get("FAILPOINT", "")
    once = Path(asked) if asked.startswith("/") else None
    if once:
        asked = once.read_text().strip() if once.exists() else ""
    wanted, _, turn = asked.partition(":")
    if wanted == name:
        _reached[name] += 1
        if _reached[name] == int(turn or 1):
            if once:
                once.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
