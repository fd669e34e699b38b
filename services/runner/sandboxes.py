"""What the runner needs of whatever isolates learners' code; bubblewrap and containers are two ways."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from services.runner.seccomp import session_filter


@dataclass(frozen=True)
class Plan:
    """What makes two runs share a zygote."""

    environment: str
    imports: tuple[str, ...]
    case: Path
    """Folder with the case's data files."""
    file_mb: int
    packages: str | None = None
    """Digest of an environment of its own; None: the common one."""
    image: str | None = None
    """The image with the same packages, `sha256:…`; None: there was none where the case was published."""

    def config(self, *, drop_to: int | None, single: bool) -> dict[str, Any]:
        """What `sandbox/zygote.py` is told."""
        return {
            "imports": list(self.imports),
            "seccomp": session_filter().hex(),
            "file_mb": self.file_mb,
            "drop_to": drop_to,
            "single": single,
        }


class Processes(Protocol):
    """All processes of one session."""

    @property
    def alive(self) -> bool:
        """Whether its first process still runs."""
        ...

    def kill(self) -> None:
        """End them all; returns at once."""
        ...

    async def limit(self, memory_mb: int, processes: int) -> None:
        """What they may use together from now on. Raises SessionRefused."""
        ...

    async def over_limit(self, memory_mb: int, processes: int) -> bool:
        """Wait until they use more, or are gone: false then. The caller cancels this when it no longer matters."""
        ...

    async def ran_out_of_memory(self) -> bool:
        """Whether one of them was ended for lack of memory."""
        ...

    async def memory_mb(self) -> float:
        """What they have for themselves."""
        ...

    async def close(self) -> None:
        """Wait until they are gone; they were killed."""
        ...


class Sandbox(Protocol):
    """One that was started."""

    @property
    def control(self) -> socket.socket:
        """Its first process, the zygote, has the other end."""
        ...

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        ...

    async def processes(self, pid: int) -> Processes:
        """Those of the session with this first process, as this process numbers it. Raises OSError."""
        ...

    async def last_words(self) -> str:
        """End it; what its zygote has written besides messages."""
        ...

    async def end(self) -> None:
        """End it and every session in it, and leave nothing."""
        ...


class Sandboxes(Protocol):
    """One way to isolate learners' code on this machine."""

    @property
    def nested(self) -> bool:
        """True: sessions are cloned from a zygote. False: one whole sandbox for each session."""
        ...

    @property
    def start_seconds(self) -> float:
        """Longest wait for a zygote."""
        ...

    async def start(self, plan: Plan) -> Sandbox:
        """Start one. Raises SessionRefused."""
        ...

    async def close(self) -> None:
        """Nobody starts any more."""
        ...
