"""From a fork of the zygote to a closed session: private mounts, no capability, a filter; then the warden."""

import os
import signal
import socket
from pathlib import Path

from . import syscalls
from .files import WORK, WRITABLE
from .learner import Prepared
from .warden import Warden

CASE = "/caseloop/case"
UID = 1000
"""Whom a learner's code believes to be."""
_TMPFS = syscalls.MS_NOSUID | syscalls.MS_NODEV
_MAX_FILES = 4096


def enter(outer_uid: int, outer_gid: int, file_mb: int) -> None:
    """In fresh namespaces: map the user, mount private temporary file systems and the case's data, and /proc."""
    os.setsid()
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{UID} {outer_uid} 1"),
        ("gid_map", f"{UID} {outer_gid} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text)
    for target in WRITABLE:
        options = f"size={file_mb}m,mode=0700,nr_inodes={_MAX_FILES}"
        syscalls.mount("tmpfs", target, "tmpfs", _TMPFS, options)
    # The device folder belongs to the zygote's user: left writable, sessions could leave things there for others.
    read_only = syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY
    syscalls.mount("none", "/dev", None, read_only | syscalls.MS_NOSUID | syscalls.MS_NODEV)
    syscalls.mount("proc", "/proc", "proc", _TMPFS | syscalls.MS_NOEXEC)
    bind_data(CASE, WORK)


def bind_data(source: str, target: str) -> None:
    """Bind each entry of the read-only case folder into the work folder, where it cannot be replaced."""
    for entry in sorted(os.scandir(source), key=lambda e: e.name):
        place = Path(target, entry.name)
        place.mkdir() if entry.is_dir() else place.touch()
        syscalls.mount(entry.path, str(place), None, syscalls.MS_BIND | syscalls.MS_REC)


def close_off(seccomp: bytes) -> None:
    """Give up what the set-up needed."""
    os.chdir(WORK)
    # When memory runs out the kernel takes a session, not the runner. Later this process may not write there.
    Path("/proc/self/oom_score_adj").write_text("1000")
    syscalls.drop_capabilities()
    syscalls.hide_from_ptrace()
    if seccomp:
        syscalls.load_seccomp(seccomp)


def run(supervisor: socket.socket, prepared: Prepared, *, warm: bool) -> None:
    """Report to the supervisor, wait for its go-ahead, and serve. Does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # The supervisor reads this process' pid in its own namespace from the byte's credentials.
    supervisor.sendall(b"R")
    if supervisor.recv(1) != b"G":
        os._exit(0)
    Warden(supervisor, prepared, warm=warm).serve()


def refuse(supervisor: socket.socket, reason: str) -> None:
    """Say why there is no session."""
    supervisor.sendall(b"F" + reason.encode("utf-8", "replace")[:2_000])
