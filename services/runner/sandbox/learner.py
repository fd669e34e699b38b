"""The process that runs a learner's code: takes one order at a time, and forks itself where told to."""

import contextlib
import gc
import os
import signal
import socket
import sys
import types
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from . import limits, syscalls
from .cells import close_figures, keep_descriptors, run_cell
from .files import open_descriptors, shared_memory
from .observe.known import all_known
from .pristine import Pristine
from .questions import answer_name, answer_probe, run_check, seed_random, settle
from .sharing import Basis, Shared
from .wire import receive_with_socket, send


class Prepared(NamedTuple):
    """What the zygote has made ready for every session."""

    main: types.ModuleType
    """The learner's `__main__`; its dictionary is the notebook's namespace."""
    transform: Callable[[str], str]
    pristine: Pristine
    seccomp: bytes


def become_learner(out: int, err: int) -> None:
    """Give this fork its own process group and streams."""
    os.setsid()
    null = os.open("/dev/null", os.O_RDONLY)
    for source, target in ((null, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
    for descriptor in {null, out, err} - {0, 1, 2}:
        os.close(descriptor)
    keep_descriptors()


def serve(sock: socket.socket, prepared: Prepared) -> NoReturn:
    """Obey until the warden hangs up."""
    namespace = vars(prepared.main)
    result_limit = 20_000
    descriptors, figures, shared = open_descriptors(), False, None
    while True:
        try:
            order, passed = receive_with_socket(sock)
        except (EOFError, OSError):
            os._exit(0)
        match order["op"]:
            case "limits":
                limits.apply(order["limits"], order["snapshots"])
                result_limit = order["limits"]["output_chars"]
                seed_random(order["seed"])
                send(sock, {"ready": True})
            case "cell":
                answer = run_cell(order["id"], order["source"], namespace, prepared.transform, result_limit)
                if order["last"]:
                    figures = close_figures()
                send(sock, answer)
            case "quiet":
                send(sock, {"quiet": not figures and _is_quiet(descriptors | {sock.fileno()})})
            case "go_on":
                gc.enable()
                shared = None
                send(sock, {"ready": True})
            case "fork" if passed is not None:
                sock = _fork(sock, passed)
            case "settle":
                changed = settle(prepared.pristine, for_good=order["for_good"])
                send(sock, {"pid": os.getpid(), "changed": changed})
            case "shares":
                # Copies have what is noted here.
                shared = Shared([Basis(**check) for check in order["checks"]], namespace, prepared.pristine)
                send(sock, {"shares": shared.fit})
            case "check":
                _answer_check(sock, order, namespace, prepared.pristine, shared)
            case "names":
                _answer_names(sock, order, namespace)
            case "probes":
                _answer_probes(sock, order, namespace)
                os._exit(0)


def _is_quiet(descriptors: frozenset[int]) -> bool:
    """Whether a fork of this process has all that it has, and shares nothing with it that either could change."""
    timers = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
    if open_descriptors() - descriptors or any(signal.getitimer(timer)[0] for timer in timers):
        return False
    return not shared_memory()


def _fork(sock: socket.socket, passed: socket.socket) -> socket.socket:
    """The child greets on the passed socket and goes on with it, the parent as before."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    try:
        child = syscalls.fork_without_hooks()
    except OSError:
        # The closed socket says it: too many processes or threads are left over.
        passed.close()
        return sock
    if child:
        passed.close()
        return sock
    sock.close()
    send(passed, {"pid": os.getpid()})
    return passed


def _answer_check(
    sock: socket.socket, order: dict[str, Any], namespace: dict[str, Any], pristine: Pristine, shared: Shared | None
) -> None:
    """Ends this process, unless there is another check and it is fit for that."""
    said = {"nonce": order["nonce"], "tag": order["tag"]}
    answer = run_check(order, namespace, pristine)
    if not order["another"] or shared is None:
        send(sock, {**answer, **said})
        os._exit(0)
    shared.undo_names()
    fit = answer["status"] != "lost" and shared.is_as_before()
    send(sock, {**answer, **said, "fit": fit})
    if not fit:
        os._exit(0)


def _answer_probes(sock: socket.socket, order: dict[str, Any], namespace: dict[str, Any]) -> None:
    for probe in order["probes"]:
        send(sock, {**answer_probe(probe, namespace, order), "id": probe["id"], "nonce": order["nonce"]})


def _answer_names(sock: socket.socket, order: dict[str, Any], namespace: dict[str, Any]) -> None:
    """Here, and not in a copy, if that changes nothing: this process may run further cells."""
    known = all_known(namespace.get(probe["name"]) for probe in order["probes"])
    send(sock, {"known": known})
    if known:
        for probe in order["probes"]:
            send(sock, {**answer_name(probe, namespace, order), "id": probe["id"], "nonce": order["nonce"]})


def forget_signals() -> None:
    """The zygote's dispositions do not suit a process that runs subprocesses."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sys.argv[:] = [""]
