"""A learner's server in a bubblewrap sandbox: no network, nothing of the machine but /usr and the environment."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

from jupyterhub.utils import AnyTimeoutError, exponential_backoff
from traitlets import Float, Integer

from spawner.case_server import CaseServer, SpawnError
from spawner.cgroup import Ceiling, make_group, remove_group
from spawner.sandbox import BOX, HOME, PASSWD, Mount, Sandbox

_JOIN = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1" || exit 97; shift; n=$((n-1)); done; "$@"; exit $?'
"""Joins the control groups before anything of the sandbox runs (a preexec function could deadlock in the Hub), and
stays: the sandbox dies with this shell (--die-with-parent), and the shell outlives a restart of the Hub."""
_LOG_BYTES = 4 << 20


class BubblewrapSpawner(CaseServer):
    """Needs bubblewrap and unprivileged user namespaces; runs as the account that runs the Hub."""

    memory_mb = Integer(2048, config=True, help="Memory of one environment, kernels included (control groups).")
    cpus = Float(1.0, config=True, help="Processors of one environment (control groups).")
    processes = Integer(256, config=True, help="Processes and threads of one environment.")
    _process: "subprocess.Popen[bytes] | None" = None

    async def launch(self, data: Path | None) -> int:
        """Start the sandbox; returns bubblewrap's process id."""
        executable = shutil.which("bwrap")
        if executable is None:
            raise SpawnError(
                "bubblewrap is not installed on the server; an operator installs it with: apt install bubblewrap"
            )
        env = self.platform.learner_env
        passwd_read, passwd_write = os.pipe()
        args_read, args_write = os.pipe()
        try:
            with os.fdopen(passwd_write, "wb") as pipe:
                pipe.write(PASSWD)
            sandbox = Sandbox(self._mounts(env, data), self.variables(str(env / "bin")), passwd_read)
            writing = asyncio.to_thread(_write_arguments, args_write, sandbox.arguments())
            command = [executable, "--args", str(args_read), *self._server_command(env)]
            self._process = self._popen(command, (passwd_read, args_read))
            await writing
        finally:
            for fd in (passwd_read, args_read):
                os.close(fd)
        return self._process.pid

    def _mounts(self, env: Path, data: Path | None) -> list[Mount]:
        platform, base = self.platform, _base_prefix(env)
        mounts = [
            Mount(env, str(env)),
            Mount(self.workplace.work, HOME, writable=True),
            Mount(self.box, BOX, writable=True),
            Mount(self.tls_box / "tls", "/run/identity"),
            Mount(platform.hub_dir, "/run/hub"),
            Mount(platform.gateway_dir, "/run/gateway"),
        ]
        if not base.is_relative_to("/usr"):
            mounts.insert(0, Mount(base, str(base)))
        if data is not None:
            mounts.append(Mount(data / "data", f"{HOME}/data"))
        return mounts

    def _server_command(self, env: Path) -> list[str]:
        # the limit on processes is set inside, where it counts this sandbox's own user namespace only
        limits = f'ulimit -c 0; ulimit -u {self.processes}; exec "$@"'
        server = [str(env / "bin" / "python"), "-m", "jupyterhub.singleuser", *self.server_arguments()]
        return ["/bin/bash", "-c", limits, "server", *server]

    def _popen(self, command: list[str], fds: tuple[int, ...]) -> "subprocess.Popen[bytes]":
        groups = make_group(self._group, Ceiling(self.memory_mb, self.cpus, self.processes))
        joins = [str(folder / "cgroup.procs") for folder in groups]
        with self._log_file().open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", _JOIN, "join", str(len(joins)), *joins, *command],
                env={"PATH": "/usr/bin:/bin"},
                cwd="/",
                pass_fds=fds,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def _group(self) -> str:
        return f"caseloop-{self.box.name}"

    def _log_file(self) -> Path:
        log = self.workplace.root / "server.log"
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > _LOG_BYTES:
                log.replace(log.with_suffix(".log.1"))
        return log

    def status(self) -> int | None:
        """None while the sandbox runs, else its exit status (0 when that is not known)."""
        if self._process is not None and self._process.pid == self.pid:
            return self._process.poll()
        return None if _is_bwrap(self.pid) else 0  # started by an earlier life of the Hub

    async def end(self, sign: signal.Signals, seconds: float) -> None:
        """Signal the sandbox's process group; killing bubblewrap ends its process namespace with all in it."""
        if self.status() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, sign)
        with contextlib.suppress(AnyTimeoutError):
            await exponential_backoff(lambda: self.status() is not None, "", timeout=seconds, max_wait=0.1)

    def forget(self) -> None:
        """Remove the control groups of the ended sandbox."""
        remove_group(self._group)


def _write_arguments(fd: int, arguments: list[str]) -> None:
    with os.fdopen(fd, "wb") as pipe:
        pipe.write(b"\0".join(argument.encode() for argument in arguments) + b"\0")


def _base_prefix(env: Path) -> Path:
    """Folder of the Python that the environment was made with (pyvenv.cfg: home = …/bin)."""
    for line in (env / "pyvenv.cfg").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            return Path(value.strip()).parent.resolve()
    raise SpawnError(f"{env} is not a virtual environment; run `make setup`")


def _is_bwrap(pid: int) -> bool:
    """Whether that process is still a sandbox of ours: process ids are reused."""
    with contextlib.suppress(OSError):
        return b"bwrap" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
