"""The embedded broker: a folder of messages, one file each.

kombu's own has a message in its folder before it is written, so that a reader who comes in between dies of an empty one, and passes it
through the system's temporary folder. Here it appears whole, stays in the data folder, and is taken by whoever removes it. A folder emptied
or removed is an empty queue, and a broken message is none. A bell that hangs already is not hung twice: the same task with the same
arguments takes the place of the one that waits, so that a worker that was away finds a handful of messages, however often it was rung.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.transport import virtual
from kombu.utils.json import dumps, loads


def _bell(payload: Any) -> str:
    """One name for all messages that say the same."""
    return hashlib.sha256(f"{payload['headers'].get('task')} {payload['body']}".encode()).hexdigest()


class Channel(virtual.Channel):  # type: ignore[misc]
    @property
    def _folder(self) -> Path:
        return Path(self.connection.client.transport_options["folder"])

    def _waiting(self, queue: str) -> Iterator[Path]:
        """The one that was hung first comes first."""
        found = []
        for path in self._folder.glob(f"*.{queue}.message"):
            with suppress(FileNotFoundError):
                found.append((path.stat().st_mtime_ns, path))
        return (path for _hung, path in sorted(found))

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f"{uuid4().hex}.draft"
        try:
            draft.write_text(dumps(payload))
            draft.rename(self._folder / f"{_bell(payload)}.{queue}.message")
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def _get(self, queue: str) -> Any:
        for path in self._waiting(queue):
            with suppress(FileNotFoundError, ValueError):
                content = path.read_bytes()
                path.unlink()
                return loads(content)
        raise Empty

    def _size(self, queue: str) -> int:
        return sum(1 for _ in self._waiting(queue))

    def _purge(self, queue: str) -> int:
        size = self._size(queue)
        for path in self._waiting(queue):
            path.unlink(missing_ok=True)
        return size


class Transport(virtual.Transport):  # type: ignore[misc]
    Channel = Channel
    driver_type = driver_name = "filesystem"
    global_state = virtual.BrokerState()

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.state = self.global_state
