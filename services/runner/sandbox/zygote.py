"""Imports a case's modules once and clones a session from itself for each run. Never runs a learner's code.

Started by `bootstrap.py` as `zygote CONTROL CONFIG_JSON`. CONTROL is the number of an inherited socket, or the path of
one to connect to. CONFIG holds: `imports` (module names), `seccomp` (hex of a BPF program), `file_mb`, `drop_to` (a uid
to become before anything of the case is loaded, or null), `single` (true: this process *is* the one session, because
nested namespaces are refused, or a container is all its own).
"""

import builtins
import contextlib
import gc
import importlib
import importlib.util
import json
import os
import random
import signal
import socket
import sys
import time
import types
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import mappings, pages, session, shell, syscalls
from .cells import load_transformer
from .files import WORK
from .learner import Prepared
from .observe.libraries import remember
from .pristine import Pristine, load_what_checks_use
from .warmup import practise
from .wire import receive_with_socket, send


def main(arguments: Sequence[str]) -> None:
    """Prepare, report, and serve until the supervisor hangs up."""
    started = time.perf_counter()
    control = _supervisor(arguments[0])
    config: dict[str, Any] = json.loads(arguments[1])
    if config["drop_to"] is not None and not config["single"]:
        flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
        syscalls.mount("proc", "/proc", "proc", flags)
    if config["drop_to"] is not None:
        _become(config["drop_to"])
    syscalls.drop_capabilities()
    held = pages.reserve()
    failed = _import(config["imports"])
    load_what_checks_use()
    held.clear()
    prepared = _prepare(bytes.fromhex(config["seccomp"]))
    threads = len(list(Path("/proc/self/task").iterdir()))
    seconds = time.perf_counter() - started
    magic = importlib.util.MAGIC_NUMBER.hex()
    send(control, {"ready": threads == 1, "threads": threads, "failed": failed, "seconds": seconds, "magic": magic})
    if threads != 1:
        # A fork of a process with threads may deadlock: the supervisor says so and does not use it.
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if config["single"]:
        _be_the_session(control, prepared)
    _serve(control, prepared, config["file_mb"])


def _supervisor(where: str) -> socket.socket:
    """The way to the supervisor, which started this process or had a container engine do it."""
    if where.isdecimal():
        return socket.socket(fileno=int(where))
    control = socket.socket(socket.AF_UNIX)
    control.connect(where)
    return control


def _become(uid: int) -> None:
    """Leave root for a user without rights: the kernel does not count root's processes."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    syscalls.allow_proc_maps()


def _import(names: Sequence[str]) -> dict[str, str]:
    """Load the modules; those that fail with their reason: a cell that imports them gets the same error."""
    failed = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            try:
                importlib.import_module(name)
            except BaseException as error:
                failed[name] = f"{type(error).__name__}: {error}"[:300]
    return failed


def _prepare(seccomp: bytes) -> Prepared:
    main_module = types.ModuleType("__main__")
    transform = load_transformer()
    transform("%matplotlib inline\nx = 1\n")
    # Learners' code sees the real builtins, this package a copy of its own.
    main_module.__dict__["__builtins__"] = builtins
    shell.install(vars(main_module))
    _keep_to_one_process()
    sys.addaudithook(_refuse_audit_hooks)
    sys.modules["__main__"] = main_module
    # Helper modules that come with the case lie beside the notebook.
    sys.path.append(WORK)
    remember()
    random.seed(0)
    practise(Prepared(main_module, transform, Pristine(), seccomp))
    # Libraries have loaded more of themselves meanwhile: that is part of what is put back.
    pristine = Pristine()
    gc.collect()
    gc.freeze()
    mappings.join()
    pages.gather()
    return Prepared(main_module, transform, pristine, seccomp)


def _refuse_audit_hooks(event: str, _: tuple[Any, ...]) -> None:
    """An audit hook cannot be removed again, and a learner's would see every check."""
    if event == "sys.addaudithook":
        raise RuntimeError("audit hooks are not available here")


def _keep_to_one_process() -> None:
    """`n_jobs=2` in a fork hangs with joblib's own workers."""
    if "joblib" in sys.modules:
        sys.modules["joblib"].parallel_config(backend="sequential").__enter__()


def _serve(control: socket.socket, prepared: Prepared, file_mb: int) -> NoReturn:
    uid, gid = os.getuid(), os.getgid()
    while True:
        try:
            order, passed = receive_with_socket(control)
        except (EOFError, OSError):
            os._exit(0)
        if passed is None:
            continue
        try:
            child = syscalls.fork_into_namespaces()
        except OSError as error:
            session.refuse(passed, str(error))
            passed.close()
            continue
        if child == 0:
            control.close()
            _open_session(passed, prepared, (uid, gid, file_mb), warm=order["warm"])
        passed.close()


def _open_session(
    supervisor: socket.socket, prepared: Prepared, place: tuple[int, int, int], *, warm: bool
) -> NoReturn:
    try:
        session.enter(*place)
        session.close_off(prepared.seccomp)
        session.run(supervisor, prepared, warm=warm)
    except BaseException as error:
        with contextlib.suppress(OSError):
            session.refuse(supervisor, f"{type(error).__name__}: {error}")
    finally:
        os._exit(98)


def _be_the_session(control: socket.socket, prepared: Prepared) -> NoReturn:
    """Bubblewrap has already made everything that a session needs; this process is pid 1 of it."""
    order, supervisor = receive_with_socket(control)
    if supervisor is None:
        os._exit(0)
    control.close()
    try:
        session.close_off(prepared.seccomp)
        session.run(supervisor, prepared, warm=order["warm"])
    except BaseException as error:
        with contextlib.suppress(OSError):
            session.refuse(supervisor, f"{type(error).__name__}: {error}")
    finally:
        os._exit(98)
