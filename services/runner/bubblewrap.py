"""The command that starts a sandbox: which parts of this machine it sees, and as whom it runs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.runner.errors import SandboxUnavailable

INSTALL = (
    "bubblewrap is not installed: install it with `apt-get install bubblewrap` (Debian, Ubuntu) "
    "or `dnf install bubblewrap` (Fedora)."
)
SANDBOX_CODE = Path(__file__).parent / "sandbox"
CODE_INSIDE = "/caseloop/caseloop_sandbox"
WORK_INSIDE = "/caseloop/work"
CASE_INSIDE = "/caseloop/case"
ENV_INSIDE = Path("/caseloop/env")
USERS = range(63_100, 64_100)
"""Ids that nobody has: the kernel does not hold root to the limit of processes, so root's sandboxes leave root. Each
sandbox has one of its own: processes are counted by user, wherever they run, and a learner's limit must not be used up
by others'."""
TEMPORARY = "/tmp"  # noqa: S108 - inside, where it is a file system of the sandbox's own
_SYSTEM = tuple(map(Path, ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")))
_SETTINGS = ("/etc/fonts", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS", "BLIS_NUM_THREADS")


@dataclass(frozen=True)
class Interpreter:
    """The Python of the learners' environment, and what it needs of this machine."""

    env: Path
    roots: tuple[Path, ...]
    """Folders outside /usr to bind read-only at their own paths."""

    @property
    def inside(self) -> Path:
        """Where the environment is inside: at its own path, unless the sandbox's own /tmp would cover it."""
        return ENV_INSIDE if _covered(self.env) else self.env

    def beside(self, env: Path) -> "Interpreter":
        """The same Python with the packages of another environment.

        That environment is not asked: what a case brings along may only run inside.
        """
        return Interpreter(env, self.roots if _covered(env) else tuple(sorted({*self.roots, env})))

    @property
    def python(self) -> Path:
        """What to start inside."""
        return self.inside / "bin" / "python"


def find_interpreter(env: Path) -> Interpreter:
    """Look at a virtual environment. Raises SandboxUnavailable."""
    env = env.absolute()
    python = env / "bin" / "python"
    try:
        asked = subprocess.run(
            [python, "-sPB", "-c", "import sys; print(sys.base_prefix)"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise SandboxUnavailable(f"{python} cannot be run ({error}): run `make setup` to make it.") from None
    base = Path(asked.stdout.strip())
    roots = {env, env.resolve(), base, base.resolve(), *_link_folders(python)}
    if _covered(env):
        roots -= {env, env.resolve()}
    if roots & {Path("/"), Path("/usr"), Path.home()} - {Path("/usr")}:
        raise SandboxUnavailable(f"{base} is no folder that learners may see: use a Python of its own folder.")
    if covered := next(filter(_covered, roots), None):
        raise SandboxUnavailable(
            f"The Python of {env} is installed in {covered}, and sandboxes have a {TEMPORARY} of their own: "
            "make the environment with a Python of another place."
        )
    return Interpreter(env, tuple(sorted(root for root in roots if not root.is_relative_to("/usr"))))


def _covered(path: Path) -> bool:
    return any(path.is_relative_to(hidden) for hidden in (TEMPORARY, WORK_INSIDE))


def _link_folders(python: Path) -> Iterator[Path]:
    """The installation folder of each link that `bin/python` is made of."""
    while python.is_symlink():
        python = python.parent / python.readlink()
        if python.parent.name == "bin":
            yield Path(os.path.normpath(python.parent.parent))


def bubblewrap() -> str:
    """The program. Raises SandboxUnavailable with the line that installs it."""
    found = shutil.which("bwrap")
    if found is None:
        raise SandboxUnavailable(INSTALL)
    return found


@dataclass(frozen=True)
class Shape:
    """How sandboxes are made on this machine; found out once by trying."""

    drop_root: bool
    """True: started as root without a user namespace, and left for a user without rights before anything is loaded."""
    nested: bool
    """True: sessions are cloned from a zygote. False: one whole sandbox for each session."""


def command(interpreter: Interpreter, shape: Shape, case: Path, file_mb: int, arguments: list[str]) -> list[str]:
    """Arguments that start the bootstrap script in a sandbox; `case` holds the case's data files, read-only."""
    parts = [bubblewrap(), "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    parts += ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "caseloop", "--cap-drop", "ALL"]
    if shape.drop_root:
        parts += ["--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        parts += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    if not shape.nested:
        parts += ["--as-pid-1"]
    parts += [*_read_only(interpreter), *_private(shape, case, file_mb), *_environment(interpreter)]
    parts += ["--remount-ro", "/", "--chdir", TEMPORARY, str(interpreter.python), "-sPB", f"{CODE_INSIDE}/bootstrap.py"]
    return parts + arguments


def _read_only(interpreter: Interpreter) -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for folder in _SYSTEM:
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
        elif folder.is_dir():
            yield from ("--ro-bind", str(folder), str(folder))
    for place in _SETTINGS:
        yield from ("--ro-bind-try", place, place)
    made: set[Path] = set()
    for root in interpreter.roots:
        # Bubblewrap would make missing parents for root only.
        for parent in reversed(root.parents):
            if parent != Path("/") and parent not in made:
                made.add(parent)
                yield from ("--perms", "0755", "--dir", str(parent))
        yield from ("--ro-bind", str(root), str(root))
    yield from ("--perms", "0755", "--dir", "/caseloop", "--ro-bind", str(SANDBOX_CODE), CODE_INSIDE)
    if interpreter.inside != interpreter.env:
        yield from ("--ro-bind", str(interpreter.env), str(interpreter.inside))


def _private(shape: Shape, case: Path, file_mb: int) -> Iterator[str]:
    # For root bubblewrap covers parts of /proc, and then the kernel refuses a fresh one to sessions: root's zygote
    # mounts its own.
    yield from ("--dir", "/proc") if shape.drop_root and shape.nested else ("--proc", "/proc")
    yield from ("--dev", "/dev")
    if shape.nested:
        yield from ("--perms", "1777", "--tmpfs", TEMPORARY, "--dir", WORK_INSIDE)
        yield from ("--ro-bind", str(case), CASE_INSIDE)
        return
    for place in (TEMPORARY, WORK_INSIDE, "/dev/shm"):  # noqa: S108 - as above
        yield from ("--size", str(file_mb << 20), "--perms", "1777", "--tmpfs", place)
    for entry in sorted(case.iterdir()):
        yield from ("--ro-bind", str(entry), f"{WORK_INSIDE}/{entry.name}")
    yield from ("--remount-ro", "/dev")


def _environment(interpreter: Interpreter) -> Iterator[str]:
    for name, value in variables(f"{interpreter.inside}/bin").items():
        yield from ("--setenv", name, value)


def variables(programs: str) -> dict[str, str]:
    """Everything the sandbox's processes have in their environment; fixed, so that runs can be repeated.

    `programs`: the folder of the learners' Python.
    """
    return {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": WORK_INSIDE,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{TEMPORARY}/matplotlib",
        "IPYTHONDIR": f"{TEMPORARY}/ipython",
        "JOBLIB_MULTIPROCESSING": "0",
        "LOKY_MAX_CPU_COUNT": "1",
        "MALLOC_ARENA_MAX": "2",
        **dict.fromkeys(_ONE_THREAD, "1"),
    }
