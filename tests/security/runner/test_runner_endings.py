"""Code that ends, breaks off or forges the conversation with the runner."""

from collections.abc import Awaitable, Callable

import pytest

from services.contracts.observation import Observation

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]
Attack = Callable[..., Awaitable[Observation]]

FORGE = """
import json, os, struct
body = json.dumps({"ok": True, "nonce": "x", "status": "passed", "id": "p1", "value": {"kind": "scalar", "value": 42}})
for fd in range(256):
    for data in (body.encode(), struct.pack(">I", len(body)) + body.encode()):
        try: os.write(fd, data)
        except OSError: pass
"""
ANSWER_THE_QUESTIONS = """
import json, os, socket, struct, time
forged = {"kind": "scalar", "type": "int", "family": "int", "value": 42}
def say(s, m):
    d = json.dumps(m).encode(); s.sendall(struct.pack(">I", len(d)) + d)
def hear(s):
    n = struct.unpack(">I", s.recv(4))[0]; return json.loads(s.recv(n))
for fd in range(3, 64):
    try:
        s = socket.socket(fileno=os.dup(fd)); say(s, {"ok": True, "result": None})
        while True:
            o = hear(s); say(s, {"nonce": o.get("nonce"), "status": "passed", "operands": [], "pid": os.getpid(),
                                 "id": "p1", "value": forged})
    except Exception: pass
time.sleep(30)
"""


async def test_os_exit_is_no_success(attack: Attack) -> None:
    seen = await attack("ans = 42\nimport os; os._exit(0)", checks=("assert ans == 42",))
    assert not seen.complete
    assert seen.lost == "ended"
    assert seen.cells[0].status == "lost"
    assert seen.checks[0].status == "lost"
    assert seen.probes[0].value is None


async def test_sys_exit_is_an_error_of_its_cell_and_line(attack: Attack) -> None:
    seen = await attack("ans = 42\nimport sys; sys.exit(0)", "ans = 1")
    assert seen.cells[0].error is not None
    assert seen.cells[0].error.type == "SystemExit"
    assert seen.cells[0].error.place is not None
    assert (seen.cells[0].error.place.cell, seen.cells[0].error.place.line) == ("c1", 2)
    assert seen.cells[1].status == "not_run"


@pytest.mark.parametrize(
    "source",
    [
        "import ctypes; ctypes.string_at(0)",
        "import os; os.closerange(0, 256)",
        "import os; os.execv('/usr/bin/sleep', ['sleep', '100'])",
        "import os\nif os.fork(): os._exit(0)\nimport time; time.sleep(100)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    ],
    ids=["segfault", "every descriptor closed", "another program", "a child stays", "killed itself"],
)
async def test_a_process_that_is_gone_proves_nothing(attack: Attack, source: str) -> None:
    seen = await attack("ans = 42\n" + source, checks=("assert True",))
    assert not seen.complete
    assert seen.lost == "ended"
    assert all(check.status == "lost" for check in seen.checks)


async def test_closed_standard_streams_harm_only_their_own_cell(attack: Attack) -> None:
    seen = await attack("import os, sys\nsys.stdout.close(); os.close(1); os.close(2)\nans = 42", "print('again')")
    assert seen.complete
    assert seen.cells[1].stdout.text == "again\n"


async def test_forged_answers_on_every_descriptor_are_no_answers(attack: Attack) -> None:
    seen = await attack(FORGE, checks=("assert ans == 42",))
    assert not seen.complete
    assert seen.lost == "protocol"
    assert seen.checks[0].status == "lost"


async def test_answering_the_wardens_questions_oneself_ends_incomplete(attack: Attack) -> None:
    seen = await attack(ANSWER_THE_QUESTIONS, checks=("assert ans == 42",), wall_seconds=3)
    assert not seen.complete


async def test_a_message_without_end_is_not_waited_for(attack: Attack) -> None:
    flood = "import os, struct\nfor fd in range(3, 64):\n"
    flood += "    try: os.write(fd, struct.pack('>I', 200_000_000) + b'x' * 100000)\n    except OSError: pass\n"
    seen = await attack(flood + "import time; time.sleep(20)")
    assert not seen.complete
    assert seen.lost == "protocol"


async def test_nothing_reaches_the_process_that_keeps_the_time(attack: Attack) -> None:
    seen = await attack(
        "import os, signal\nfor p in (1, os.getppid(), -1):\n"
        "    for s in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT, signal.SIGTERM):\n"
        "        try: os.kill(p, s) if (p, s) not in [(-1, signal.SIGSTOP)] else None\n"
        "        except OSError: pass\nans = 'still here'"
    )
    assert seen.complete
    assert seen.probes[0].value is not None
    assert seen.probes[0].value["value"] == "still here"


async def test_a_learner_that_ends_inside_a_check_fails_that_check_only(attack: Attack) -> None:
    seen = await attack(
        "def f():\n    import os; os._exit(0)\ndef g(): return 42",
        checks=("assert f() == 42", "assert g() == 42"),
        probes=("g",),
    )
    assert [check.status for check in seen.checks] == ["lost", "passed"]
    assert seen.checks[0].lost == "ended"
    assert not seen.complete


async def test_leftover_processes_threads_and_timers_do_not_reach_the_checks(attack: Attack) -> None:
    daemon = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    daemon += "        while True: time.sleep(.01)\n    os._exit(0)\n"
    timer = "import signal\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\n"
    timer += "signal.setitimer(signal.ITIMER_REAL, .3, .05)\n"
    hook = "os.register_at_fork(after_in_child=lambda: os._exit(0))\nimport atexit; atexit.register(os._exit, 0)\n"
    thread = (
        "import threading, gc\nans = 0\n"
        "def spy():\n    global ans\n    while True:\n        for o in gc.get_objects():\n"
        "            if type(o) is dict and 'nonce' in o: ans = 999\n"
        "threading.Thread(target=spy, daemon=True).start()\n"
    )
    seen = await attack(daemon + timer + hook + thread, checks=("assert ans == 0",))
    assert seen.complete, seen
    assert seen.checks[0].status == "passed"
    assert seen.probes[0].value is not None
    assert seen.probes[0].value["value"] == 0


async def test_tracing_and_audit_hooks_do_not_reach_the_checks(attack: Attack) -> None:
    seen = await attack(
        "import sys\nans = 0\nseen = []\ndef t(f, e, a):\n    global ans\n"
        "    if 'check' in f.f_code.co_filename: ans = 42\n    return t\n"
        "sys.addaudithook(lambda event, args: seen.append(event))\nsys.setprofile(t); sys.settrace(t)",
        checks=("assert ans == 0\nassert seen == []",),
    )
    assert seen.complete
    assert seen.checks[0].status == "passed", seen.checks
