"""A learner's server in a bubblewrap sandbox: no network, nothing of the machine but /usr and the environment."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from traitlets import Float, Integer

from services.contracts.case import LearnerCase
from spawner.case_server import SpawnError
from spawner.cgroup import Ceiling, group_name, make_group, remove_group
from spawner.inside import Mount
from spawner.interpreter import Interpreter, UnusablePython, find_interpreter
from spawner.processes import end_sandboxes, is_sandbox, leading, sandboxes
from spawner.sandbox import INSTALL, PASSWD, Sandbox
from spawner.seccomp import environment_filter
from spawner.socket_server import SocketServer

_LOG_BYTES = 4 << 20


class BubblewrapSpawner(SocketServer):
    """Needs bubblewrap and unprivileged user namespaces; runs as the account that runs the Hub."""

    memory_mb = Integer(2048, config=True, help="Memory of one environment, kernels included (control groups).")
    cpus = Float(1.0, config=True, help="Processors of one environment (control groups).")
    processes = Integer(256, config=True, help="Processes and threads of one environment.")
    pid = Integer(0)
    """Id of the shell that leads the sandbox; 0: none."""
    case_env: Path = Path()
    """The virtual environment of this start."""
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def launched(self) -> bool:
        """Whether a sandbox was started and not yet forgotten."""
        return bool(self.pid)

    async def choose_environment(self, case: LearnerCase) -> None:
        """The common virtual environment, or the case's own. SpawnError."""
        self.case_env = self.platform.learner_env
        if case.environment is None:
            return
        self.case_env = self.platform.environments / case.environment
        if not (self.case_env / "bin" / "python").exists():
            self.log.error("%s, for %s, is not on this machine; publish the case again", self.case_env, case.id)
            raise SpawnError("The environment of this case is not there. Tell your teacher; your work is safe.")

    async def launch(self, mounts: Sequence[Mount]) -> None:
        """Start the sandbox. SpawnError."""
        executable = shutil.which("bwrap")
        if executable is None:
            raise SpawnError(f"Environments cannot be started. For the operator: {INSTALL}")
        try:
            interpreter = find_interpreter(self.case_env, self.platform.hidden)
        except UnusablePython as error:
            raise SpawnError(f"Environments cannot be started. For the operator: {error}") from error
        rules = environment_filter()
        with _files(PASSWD, *filter(None, [rules])) as (passwd, *seccomp):
            sandbox = self._sandbox(interpreter, mounts, passwd, *seccomp)
            with _files(b"\0".join(map(os.fsencode, sandbox.arguments())) + b"\0") as (arguments,):
                command = [executable, "--args", str(arguments), *self._server_command()]
                self._process = self._popen(command, (passwd, *seccomp, arguments))
        self.pid = self._process.pid

    def _sandbox(
        self, interpreter: Interpreter, mounts: Sequence[Mount], passwd: int, rules: int | None = None
    ) -> Sandbox:
        return Sandbox(
            [*interpreter.mounts, *mounts],
            self.variables(str(self.case_env / "bin")),
            passwd,
            hidden=self.platform.hidden,
            links=interpreter.links,
            scratch_mb=self.memory_mb // 2,
            filter_fd=rules,
        )

    def _server_command(self) -> list[str]:
        # the limit on processes is set inside, where it counts this sandbox's own user namespace only
        limits = f'ulimit -c 0; ulimit -u {self.processes}; exec "$@"'
        python = str(self.case_env / "bin" / "python")
        return ["/bin/bash", "-c", limits, "server", python, "-m", "jupyterhub.singleuser", *self.server_arguments()]

    def _popen(self, command: list[str], fds: Sequence[int]) -> "subprocess.Popen[bytes]":
        groups = make_group(group_name(self.box), Ceiling(self.memory_mb, self.cpus, self.processes))
        if not groups:
            self.log.warning("No control group for %s: its memory and processors are not limited", self._log_name)
        with self._log_file().open("ab") as log:
            return subprocess.Popen(
                leading(self.box, groups, command),
                env={"PATH": "/usr/bin:/bin"},
                cwd="/",
                pass_fds=fds,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _log_file(self) -> Path:
        log = self.workplace.root / "server.log"
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > _LOG_BYTES:
                log.replace(log.with_suffix(".log.1"))
        return log

    async def status(self) -> int | None:
        """None while the sandbox runs, else its exit status (0 when that is not known)."""
        if self._process is not None and self._process.pid == self.pid:
            return self._process.poll()
        return None if is_sandbox(self.pid, self.box) else 0  # started by an earlier life of the Hub

    async def end(self) -> None:
        """Kill every sandbox of this box with all that runs in it, also one that a killed Hub had no time to note."""
        pids = await asyncio.to_thread(sandboxes, self.box)
        if not pids:
            return
        if not await asyncio.to_thread(end_sandboxes, list(pids)):
            self.log.error("The environment of %s does not end (processes %s)", self._log_name, list(pids))
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, 1)

    def forget(self) -> None:
        """Remove the control groups of the ended sandbox."""
        remove_group(group_name(self.box))

    def get_state(self) -> dict[str, Any]:
        """What must survive a restart of the Hub."""
        return super().get_state() | ({"pid": self.pid} if self.pid else {})

    def load_state(self, state: dict[str, Any]) -> None:
        """Counterpart of `get_state`."""
        self.pid = state.get("pid", 0)
        super().load_state(state)

    def clear_state(self) -> None:
        """Forget the sandbox."""
        super().clear_state()
        self.pid = 0


@contextlib.contextmanager
def _files(*contents: bytes) -> Iterator[tuple[int, ...]]:
    """Files that have no name, to be inherited; nothing of them shows in the process list or on disk."""
    fds = []
    try:
        for content in contents:
            fd = os.memfd_create("caseloop")
            fds.append(fd)
            with os.fdopen(os.dup(fd), "wb") as file:
                file.write(content)
            os.lseek(fd, 0, os.SEEK_SET)
        yield tuple(fds)
    finally:
        for fd in fds:
            os.close(fd)
