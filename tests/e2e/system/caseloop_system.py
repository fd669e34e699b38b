"""The whole of Caseloop as a person starts it, in a home of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

READY_SECONDS = 240
"""The first start publishes the sample cases; CI's two cores are shared."""


class System:
    """`caseloop run` as a child process."""

    def __init__(self, project: Path, home: Path) -> None:
        self._project, self.home = project, home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.passwords: dict[str, str] = {}
        self.output = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        own = {"CASELOOP_HOME": str(self.home), "CASELOOP_PORT": str(self.port), "COLUMNS": "160"}
        return {**os.environ, **own}

    def start(self) -> None:
        """Start and wait until the command says that it is ready."""
        self.output = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.cli", "run"],
            cwd=self._project,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        end = time.monotonic() + READY_SECONDS
        while "Ctrl-C stops it" not in self.output:
            assert self._process.poll() is None, f"Caseloop did not start:\n{self.output}\n{self.logs()}"
            assert time.monotonic() < end, f"Caseloop is not ready:\n{self.output}\n{self.logs()}"
            time.sleep(0.1)
        time.sleep(0.3)  # the table follows the panel
        for name, password in re.findall(r"│ (\w+) +│ (\S+) +│ \w+ +│", self.output):
            self.passwords[name] = password

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.output += line

    def stop(self, sign: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C; returns the exit status."""
        assert self._process is not None
        self._process.send_signal(sign)
        status = self._process.wait(60)
        self._reader.join(10)
        return status

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def descendants(self) -> dict[int, str]:
        """Every process that carries this system's home in its environment or command line: pid -> command."""
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                known = str(self.home).encode() in (folder / "environ").read_bytes()
            except OSError:
                continue
            if command and (known or str(self.home) in command):
                found[int(folder.name)] = command.strip()
        return found

    def child(self, word: str) -> int:
        """The process whose command line holds the word."""
        (pid,) = (pid for pid, command in self.descendants().items() if word in command and pid != self.pid)
        return pid

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/hub/health", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def logs(self) -> str:
        """The end of every log, for a failing test's message."""
        texts = []
        for log in sorted((self.home / "logs").glob("*.log")):
            texts.append(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-25:]))
        return "\n".join(texts)


def eventually(condition, what: str, seconds: float = 30) -> None:  # type: ignore[no-untyped-def]
    """Wait for something outside the browser."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"in {seconds} s it did not happen that {what}"
        time.sleep(0.1)
