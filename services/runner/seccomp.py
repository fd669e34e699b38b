"""The system call filter of a session, as bytes to load."""

import errno
import functools
import tempfile
from types import ModuleType

import structlog

_log = structlog.get_logger()
_DENIED = frozenset(
    {"acct", "add_key", "bpf", "chroot", "clock_adjtime", "clock_settime", "delete_module", "fanotify_init"}
    | {"finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "io_uring_enter", "io_uring_register"}
    | {"io_uring_setup", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "mbind"}
    | {"migrate_pages", "mount", "mount_setattr", "move_mount", "move_pages", "name_to_handle_at", "nfsservctl"}
    | {"open_by_handle_at", "open_tree", "perf_event_open", "personality", "pidfd_getfd", "pivot_root"}
    | {"process_madvise", "process_vm_readv", "process_vm_writev", "ptrace", "quotactl", "reboot", "request_key"}
    | {"setdomainname", "sethostname", "setns", "settimeofday", "swapoff", "swapon", "syslog", "umount2", "unshare"}
    | {"uselib", "userfaultfd", "vhangup", "vmsplice"}
)
_NAMESPACE_FLAGS = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
_AF_UNIX, _TIOCSTI, _TIOCLINUX = 1, 0x5412, 0x541C


@functools.cache
def session_filter() -> bytes:
    """A deny list: tracing, keys, mounts, namespaces, modules, clocks, and every network family but AF_UNIX.

    Empty when libseccomp is not there: namespaces, dropped capabilities and limits still hold.
    """
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as error:
        _log.warning("seccomp_missing", reason=str(error), install="apt-get install libseccomp2")
        return b""
    return _compiled(pyseccomp)


def _compiled(seccomp: ModuleType) -> bytes:
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    for name in sorted(_DENIED):
        try:
            rules.add_rule(seccomp.ERRNO(errno.EPERM), name)
        except (OSError, ValueError, RuntimeError):
            _log.debug("seccomp_unknown_call", call=name)
    # glibc falls back to clone, whose flags a filter can read.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    for flag in _NAMESPACE_FLAGS:
        rules.add_rule(seccomp.ERRNO(errno.EPERM), "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    rules.add_rule(seccomp.ERRNO(errno.EACCES), "socket", seccomp.Arg(0, seccomp.NE, _AF_UNIX))
    for request in (_TIOCSTI, _TIOCLINUX):
        # The kernel reads 32 bits of it; a plain comparison could be fooled by the upper half.
        rules.add_rule(seccomp.ERRNO(errno.EPERM), "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))
    rules.add_rule(seccomp.ERRNO(errno.EPERM), "prlimit64", seccomp.Arg(0, seccomp.NE, 0))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
