"""The few system calls that Python does not offer."""

import ctypes
import errno
import fcntl
import os
import signal
import struct
from collections.abc import Callable
from typing import Any, cast

_libc = ctypes.CDLL(None, use_errno=True)
_NUMBERS = {"x86_64": {"clone": 56, "capset": 126}, "aarch64": {"clone": 220, "capset": 91}}

NEW_NAMESPACES = 0x20000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000
"""CLONE_NEWNS | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET."""
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC = 1, 2, 4, 8, 32, 4096, 16384
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 1, 4, 22, 24
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _CLEAR_ALL = 38, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 40
_MADV_COLLAPSE = 25
MAP_WRITABLE, MAP_SHARED = 2, 8
_COVERING_OR_NEXT = 16
_PROCMAP_QUERY, _QUERY = 0xC0686611, struct.Struct("=9Q4I2Q")
"""`struct procmap_query` of `linux/fs.h`: size, flags, an address; then what is found, and room for names."""


def _number(call: str) -> int:
    machine = os.uname().machine
    if machine not in _NUMBERS:
        raise OSError(f"the sandbox does not know the system calls of {machine}")
    return _NUMBERS[machine][call]


def _checked(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result


def fork_into_namespaces() -> int:
    """Fork into fresh namespaces of every kind; as `os.fork`, from a process with exactly one thread.

    One clone instead of unshare + fork saves a whole copy of the page tables. CPython's own fork hooks are kept.
    """
    # PyDLL keeps the interpreter lock: the child must be born holding it.
    api = ctypes.PyDLL(None, use_errno=True)
    before = cast("Callable[[], None]", api.PyOS_BeforeFork)
    in_child = cast("Callable[[], None]", api.PyOS_AfterFork_Child)
    in_parent = cast("Callable[[], None]", api.PyOS_AfterFork_Parent)
    before()
    flags = ctypes.c_ulong(NEW_NAMESPACES | signal.SIGCHLD)
    pid = int(api.syscall(ctypes.c_long(_number("clone")), flags, 0, 0, 0, 0))
    if pid == 0:
        in_child()
    else:
        in_parent()
    return _checked(pid, "clone into new namespaces")


def fork_without_hooks() -> int:
    """Fork from a process with one thread without Python's fork hooks: a learner may have registered some.

    Raises OSError: too many processes.
    """
    return _checked(int(ctypes.PyDLL(None, use_errno=True).fork()), "fork")


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mount a file system, or bind. Raises OSError."""

    def encoded(text: str | None) -> bytes | None:
        return None if text is None else text.encode()

    arguments = encoded(source), encoded(target), encoded(kind), ctypes.c_ulong(flags), encoded(options)
    _checked(_libc.mount(*arguments), f"mount {target}")


def collapse(address: int, length: int) -> None:
    """Put this memory into huge pages, whatever the pages were. Raises OSError where the kernel cannot."""
    arguments = ctypes.c_void_p(address), ctypes.c_size_t(length), ctypes.c_int(_MADV_COLLAPSE)
    _checked(_libc.madvise(*arguments), "madvise")


def protect(address: int, length: int, rights: int) -> None:
    """Set what may be done with this memory: 1 read, 2 write, 4 execute. Raises OSError."""
    _checked(_libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(length), ctypes.c_int(rights)), "mprotect")


def has_mapping(maps: int, flags: int) -> bool | None:
    """Whether the process of an opened `/proc/…/maps` has a mapping that is all of this; None: the kernel cannot say.

    Linux can since 6.11. Having all mappings written out as text takes it a millisecond where there are 700.
    """
    query = bytearray(_QUERY.pack(_QUERY.size, flags | _COVERING_OR_NEXT, *[0] * 13))
    try:
        fcntl.ioctl(maps, _PROCMAP_QUERY, query)
    except OSError as error:
        return False if error.errno == errno.ENOENT else None
    return True


def drop_capabilities() -> None:
    """Give up every capability for good, and with it anything that execve could give back."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _libc.prctl(_PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("II", _CAPABILITY_VERSION_3, 0)
    none_of_them = struct.pack("6I", *[0] * 6)
    _checked(_libc.syscall(ctypes.c_long(_number("capset")), header, none_of_them), "capset")


def hide_from_ptrace() -> None:
    """No ptrace and no reading of /proc/PID/mem, environ, fd and maps, for this process and its forks."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "set_dumpable")


def allow_proc_maps() -> None:
    """Undo what a change of user does: own files in /proc/self must be writable for the forks' id maps."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "set_dumpable")


def die_with_parent() -> None:
    """SIGKILL this process when its parent ends; lost at every change of user."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "set_pdeathsig")


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def load_seccomp(program: bytes) -> None:
    """Load a compiled BPF filter; needs no_new_privs."""
    argument: Any = _FilterProgram(len(program) // 8, program)
    _checked(_libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(argument), 0, 0), "seccomp")
