"""The bubblewrap command line of a learner's environment, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HOME = "/home/learner"
BOX = "/run/caseloop"
"""Where the environment's own box is seen inside: its server's socket and its certificate."""

_SYSTEM_FILES = (
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
)
_USR_LINKS = ("bin", "lib", "lib32", "lib64", "sbin")


@dataclass(frozen=True)
class Mount:
    """A host folder or file shown inside the sandbox."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Sandbox:
    """All that decides what a learner's environment can see. There is no network in any case."""

    mounts: Sequence[Mount]
    environment: Mapping[str, str]
    passwd_fd: int
    """A pipe that holds /etc/passwd."""

    def arguments(self) -> list[str]:
        """Arguments for `bwrap --args FD`: secrets in the environment never show in the process list."""
        return [*_NAMESPACES, *self._system(), *self._own(), *self._variables(), "--remount-ro", "/", "--chdir", HOME]

    @staticmethod
    def _system() -> list[str]:
        arguments = ["--ro-bind", "/usr", "/usr"]
        for name in _USR_LINKS:
            link = Path("/", name)
            if link.is_symlink():
                arguments += ["--symlink", str(link.readlink()), str(link)]
            elif link.is_dir():
                arguments += ["--ro-bind", str(link), str(link)]
        for path in _SYSTEM_FILES:
            arguments += ["--ro-bind-try", path, path]
        return arguments

    def _own(self) -> list[str]:
        arguments = ["--ro-bind-data", str(self.passwd_fd), "/etc/passwd"]
        for mount in self.mounts:
            arguments += ["--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target]
        return arguments

    def _variables(self) -> list[str]:
        arguments = []
        for name, value in self.environment.items():
            arguments += ["--setenv", name, value]
        return arguments


_NAMESPACES = (
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--clearenv",
    "--hostname",
    "caseloop",
    "--uid",
    "1000",
    "--gid",
    "1000",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "--tmpfs",
    "/tmp",  # noqa: S108 - the sandbox's own
    "--tmpfs",
    "/run",
)
PASSWD = b"learner:x:1000:1000:Learner:/home/learner:/bin/bash\n"
