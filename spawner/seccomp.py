"""The system call filter of a learner's environment, as bytes for `bwrap --seccomp FD`."""

import errno
import functools
import logging
import tempfile
from types import ModuleType

_log = logging.getLogger(__name__)
_KERNEL = {"acct", "bpf", "clock_adjtime", "clock_settime", "delete_module", "finit_module", "init_module", "iopl"}
_KERNEL |= {"ioperm", "kexec_file_load", "kexec_load", "lookup_dcookie", "nfsservctl", "perf_event_open", "quotactl"}
_KERNEL |= {"reboot", "settimeofday", "swapoff", "swapon", "syslog", "uselib", "userfaultfd", "vhangup"}
_KEYS = {"add_key", "keyctl", "request_key"}
_MOUNTS = {"chroot", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree"}
_MOUNTS |= {"name_to_handle_at", "open_by_handle_at", "pivot_root", "setns", "umount2", "unshare", "fanotify_init"}
_RINGS = {"io_uring_enter", "io_uring_register", "io_uring_setup"}
DENIED = frozenset(_KERNEL | _KEYS | _MOUNTS | _RINGS)
"""Calls that data analysis never makes and that holes in kernels were found in."""
_NAMESPACE_FLAGS = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_OTHER_FAMILIES = sorted(set(range(46)) - {_UNIX, _INET, _INET6, _NETLINK})
"""Kernels talk to their server over the loopback interface; Bluetooth, VSOCK, packets and the rest are not needed."""


@functools.cache
def environment_filter() -> bytes:
    """A deny list; empty when libseccomp is not there: namespaces, dropped capabilities and limits still hold."""
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as error:
        _log.warning("No system call filter for environments (%s); install it: apt-get install libseccomp2", error)
        return b""
    return _compiled(pyseccomp)


def _compiled(seccomp: ModuleType) -> bytes:
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    for name in sorted(DENIED):
        try:
            rules.add_rule(seccomp.ERRNO(errno.EPERM), name)
        except (OSError, ValueError, RuntimeError):
            _log.debug("this libseccomp does not know %s", name)
    # A filter cannot read clone3's flags; the C library falls back to clone.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    for flag in _NAMESPACE_FLAGS:
        rules.add_rule(seccomp.ERRNO(errno.EPERM), "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    for family in _OTHER_FAMILIES:
        rules.add_rule(seccomp.ERRNO(errno.EAFNOSUPPORT), "socket", seccomp.Arg(0, seccomp.EQ, family))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
