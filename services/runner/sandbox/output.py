"""What a cell writes to its standard streams, capped."""

import codecs
import contextlib
import fcntl
import os
from typing import Any

_PIPE_SIZE = 1 << 20
_CONTINUATION_BYTES = bytes(range(0x80, 0xC0))


class Capture:
    """Reads a pipe; keeps the first characters of each cell and counts the rest."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        with contextlib.suppress(OSError):
            fcntl.fcntl(self.reader, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        self._limit = 20_000
        self._start()

    def _start(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parts: list[str] = []
        self._kept = self._dropped = 0

    def limit(self, characters: int) -> None:
        """Keep at most this many characters of each cell."""
        self._limit = characters

    def drain(self) -> None:
        """Read what is there, without waiting."""
        for _ in range(64):
            try:
                data = os.read(self.reader, _PIPE_SIZE)
            except BlockingIOError:
                return
            if not data:
                return
            self._add(data)

    def _add(self, data: bytes) -> None:
        if self._kept >= self._limit:
            self._dropped += len(data.translate(None, _CONTINUATION_BYTES))
            return
        text = self._decoder.decode(data)
        kept = text[: self._limit - self._kept]
        self._parts.append(kept)
        self._kept += len(kept)
        self._dropped += len(text) - len(kept)

    def take(self) -> dict[str, Any]:
        """What came since the last time."""
        self.drain()
        taken = {"text": "".join(self._parts), "dropped": self._dropped}
        self._start()
        return taken
