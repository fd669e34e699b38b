"""The whole of Caseloop as a person starts it, in a home of its own."""

import contextlib
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from tests.free_port import free_port

READY_SECONDS = 240
"""The first start publishes the sample cases; CI's two cores are shared."""


class System:
    """`caseloop run` as a child process."""

    def __init__(self, project: Path, home: Path, **variables: str) -> None:
        self._project, self.home, self.variables = project, home, variables
        self.port = free_port()
        self.passwords: dict[str, str] = {}
        self.output = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        own = {"CASELOOP_HOME": str(self.home), "CASELOOP_PORT": str(self.port), "COLUMNS": "160"}
        # they cost seconds of a processor, and only tests that kill something have use for them
        own["CASELOOP_SPARES"] = "false"
        return {**os.environ, **own, **self.variables}

    def start(self) -> None:
        """Start and wait until the command says that it is ready."""
        self.begin()
        # the last line: of the table of passwords, or what stands in its place
        self.wait_for("└", "Sign in as before")
        for name, password in re.findall(r"│ (\w+) +│ (\S+) +│ \w+ +│", self.output):
            self.passwords[name] = password

    def begin(self) -> None:
        """Give the command, and do not wait."""
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

    def wait_for(self, *words: str) -> None:
        """Wait until the command has said one of these."""
        end = time.monotonic() + READY_SECONDS
        while not any(one in self.output for one in words):
            assert self.running, f"Caseloop did not start:\n{self.output}\n{self.logs()}"
            assert time.monotonic() < end, f"Caseloop is not ready:\n{self.output}\n{self.logs()}"
            time.sleep(0.1)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

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

    def wait(self) -> int:
        """Wait until the command ends by itself; returns the exit status."""
        assert self._process is not None
        status = self._process.wait(60)
        self._reader.join(10)
        return status

    def end(self) -> None:
        """Leave nothing behind, whatever state a failed test has left."""
        if self.running:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                os.kill(self.pid, signal.SIGKILL)
        for pid in self.descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def descendants(self) -> dict[int, str]:
        """Every process that carries this system's home in its environment, command line or mounts: pid -> command."""
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                # what runs in a sandbox is told by what is mounted there
                texts = [(folder / name).read_bytes() for name in ("environ", "mountinfo")]
                known = any(str(self.home).encode() in text for text in texts)
            except OSError:
                continue
            if command and (known or str(self.home) in command):
                found[int(folder.name)] = command.strip()
        return found

    def child(self, word: str) -> int:
        """The process whose command line holds the word; so does, for a moment, a process that it starts."""
        found: list[int] = []

        def alone() -> bool:
            found[:] = (pid for pid, command in self.descendants().items() if word in command and pid != self.pid)
            return len(found) == 1

        eventually(alone, f"one process is {word}")
        return found[0]

    def leaders(self) -> list[int]:
        """The shells that lead learners' sandboxes, one each."""
        return [pid for pid, command in self.descendants().items() if command.startswith("/bin/sh -c n=$1")]

    def sockets(self) -> list[str]:
        """Every socket file that lies in the home."""
        return [str(path) for path in self.home.rglob("*") if stat.S_ISSOCK(path.lstat().st_mode)]

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


def eventually(condition, what: str, seconds: float = 90) -> None:  # type: ignore[no-untyped-def]
    """Wait for something outside the browser."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"in {seconds} s it did not happen that {what}"
        time.sleep(0.1)
