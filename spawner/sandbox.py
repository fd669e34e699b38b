"""The bubblewrap command line of a learner's environment, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spawner.inside import HOME, Mount

INSTALL = (
    "bubblewrap is not installed: install it with `apt install bubblewrap` (Debian, Ubuntu) "
    "or `dnf install bubblewrap` (Fedora)."
)
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
class Sandbox:
    """All that decides what a learner's environment can see. There is no network in any case."""

    mounts: Sequence[Mount]
    environment: Mapping[str, str]
    passwd_fd: int
    """A file that holds /etc/passwd."""
    hidden: Sequence[Path] = ()
    """Host folders that must not be seen even where they lie below /usr, all of which is shown."""
    links: Mapping[Path, str] = field(default_factory=dict)
    """Symbolic links to make inside, and where each points to."""
    scratch_mb: int = 1024
    """Most that /tmp and /dev/shm take of the environment's memory, each."""
    filter_fd: int | None = None
    """A file that holds the system call filter."""

    def arguments(self) -> list[str]:
        """Arguments for `bwrap --args FD`: secrets in the environment never show in the process list."""
        parts = [*NAMESPACES, *self._scratch(), *self._system(), *self._hidden(), *self._own(), *self._variables()]
        if self.filter_fd is not None:
            parts += ["--seccomp", str(self.filter_fd)]
        return [*parts, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME]

    def _scratch(self) -> list[str]:
        # The kernel lets root's own id write to its settings even without capabilities, and a Hub may run as root.
        parts = ["--ro-bind", "/proc/sys", "/proc/sys", "--ro-bind-try", "/proc/pressure", "/proc/pressure"]
        parts += ["--size", str(1 << 20), "--tmpfs", "/run"]
        for place in ("/tmp", "/dev/shm"):  # noqa: S108 - the sandbox's own
            parts += ["--size", str(self.scratch_mb << 20), "--perms", "1777", "--tmpfs", place]
        return parts

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

    def _hidden(self) -> list[str]:
        parts = []
        for path in self.hidden:
            if path.is_relative_to("/usr") and path.is_dir():
                parts += ["--size", str(1 << 20), "--tmpfs", str(path)]
        return parts

    def _own(self) -> list[str]:
        arguments = ["--ro-bind-data", str(self.passwd_fd), "/etc/passwd"]
        for mount in self.mounts:
            arguments += ["--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target]
        for path, points_to in self.links.items():
            arguments += ["--symlink", points_to, str(path)]
        return arguments

    def _variables(self) -> list[str]:
        arguments = []
        for name, value in self.environment.items():
            arguments += ["--setenv", name, value]
        return arguments


NAMESPACES = (
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
)
"""What every sandbox begins with: namespaces of its own for everything, no capability, no variable."""
PASSWD = b"learner:x:1000:1000:Learner:/home/learner:/bin/bash\n"
