"""What code in the sandbox can see and change of anything but itself."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from services.contracts.observation import Observation

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]
Attack = Callable[..., Awaitable[Observation]]
TRY = "ans = []\ndef attempt(name, call):\n    try: call(); ans.append(name)\n    except OSError: pass\n"


def texts(seen: Observation) -> list[Any]:
    assert seen.complete, seen
    value = seen.probes[0].value
    assert value is not None
    return [item["value"] for item in value["items"]]


async def test_there_is_no_network(attack: Attack) -> None:
    seen = await attack(
        TRY + "import socket\nfor f in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, 40):\n"
        "    attempt(f, lambda: socket.socket(f, socket.SOCK_DGRAM))\n"
        "attempt('connect', lambda: socket.create_connection(('127.0.0.1', 80)))"
    )
    assert texts(seen) == []


async def test_libraries_data_and_system_cannot_be_written(attack: Attack) -> None:
    seen = await attack(
        TRY + "import sys, os, numpy\n"
        "for p in ('/x', '/usr/x', '/etc/passwd', '/caseloop/x', '/caseloop/case/x', '/dev/x',\n"
        "          '/proc/sys/kernel/hostname',"
        "          '/caseloop/caseloop_sandbox/warden.py', numpy.__file__,\n"
        "          sys.prefix + '/x', sys.base_prefix + '/x'):\n"
        "    attempt(p, lambda: open(p, 'a'))\n"
        "attempt('remove', lambda: os.unlink('/caseloop/caseloop_sandbox/warden.py'))"
    )
    assert texts(seen) == []


async def test_the_work_folder_can_be_emptied_but_not_taken_away(attack: Attack) -> None:
    seen = await attack(
        "import os, shutil\nopen('mine', 'w').write('x')\nshutil.rmtree(os.getcwd(), ignore_errors=True)\n"
        "here = os.getcwd()\nos.chdir('/')\nans = [os.path.exists(here), os.listdir(here) == []]"
    )
    assert texts(seen) == [True, True]


async def test_files_of_one_run_are_gone_in_the_next(attack: Attack) -> None:
    where = "('left', '/tmp/left', '/dev/shm/left')"
    await attack(f"for p in {where}: open(p, 'w').write('x')\nans = 1")
    seen = await attack(f"import os\nans = [p for p in {where} if os.path.exists(p)]")
    assert texts(seen) == []


async def test_other_processes_are_neither_seen_nor_read(attack: Attack) -> None:
    seen = await attack(
        TRY + "import os, ctypes\nans += [p for p in os.listdir('/proc') if p.isdigit() and int(p) > 9]\n"
        "for n in ('mem', 'environ', 'maps', 'fd', 'cwd'):\n"
        "    attempt(n, lambda: os.listdir('/proc/1/fd') if n == 'fd' else open(f'/proc/1/{n}', 'rb').read(10))\n"
        "libc = ctypes.CDLL(None, use_errno=True)\nif libc.ptrace(16, 1, 0, 0) == 0: ans.append('ptrace')\n"
        "buf = ctypes.create_string_buffer(16)\nif libc.process_vm_readv(1, buf, 1, buf, 1, 0) >= 0: ans.append('vm')"
    )
    assert texts(seen) == []


async def test_namespaces_mounts_and_kernel_interfaces_are_closed(attack: Attack) -> None:
    seen = await attack(
        "import ctypes, os\nl = ctypes.CDLL(None, use_errno=True)\nwork = os.getcwd().encode()\nans = []\n"
        "for n, call in {'unshare user': lambda: l.unshare(0x10000000), 'unshare mount': lambda: l.unshare(0x20000),\n"
        "    'mount': lambda: l.mount(b'none', work, b'tmpfs', 0, None),\n"
        "    'remount': lambda: l.mount(None, b'/usr', None, 32 | 4096, None), 'umount': lambda: l.umount2(work, 2),\n"
        "    'clone': lambda: l.syscall(56, 0x10000000 | 17, 0, 0, 0, 0), 'clone3': lambda: l.syscall(435, 0, 0),\n"
        "    'setns': lambda: l.setns(0, 0), 'keyctl': lambda: l.syscall(250, 0, 0),\n"
        "    'io_uring': lambda: l.syscall(425, 1, 0),\n"
        "    'bpf': lambda: l.syscall(321, 0, 0, 0), 'chroot': lambda: l.chroot(b'/tmp')}.items():\n"
        "    if call() >= 0: ans.append(n)"
    )
    assert texts(seen) == []


async def test_nobody_inside_has_a_right(attack: Attack) -> None:
    seen = await attack(
        "import os\nlines = dict(l.split(':', 1) for l in open('/proc/self/status'))\n"
        "ans = [os.getuid(), int(lines['CapEff'], 16), int(lines['CapPrm'], 16), int(lines['NoNewPrivs']),\n"
        "       int(lines['Seccomp']), os.path.exists('/bin/sudo')]"
    )
    assert texts(seen)[:5] == [1000, 0, 0, 1, 2]


async def test_the_environment_holds_only_what_was_set_for_it(attack: Attack) -> None:
    seen = await attack("import os, sys\nans = sorted(os.environ) + sys.argv + [os.environ['HOME']]")
    assert not [name for name in texts(seen) if "CASELOOP" in name or "TOKEN" in name or "SSH" in name]
    assert "/caseloop/work" in texts(seen)


async def test_home_and_project_are_not_there(attack: Attack, project: Path) -> None:
    hidden = [str(place) for place in Path.home().iterdir() if place.name != ".pyenv"]
    hidden += [
        str(project / "services"),
        str(project / ".caseloop"),
        str(project / ".git"),
        "/etc/shadow",
        "/var",
        "/run",
    ]
    seen = await attack(
        f"import os\nans = [p for p in {hidden!r} if os.path.exists(p) and not p.endswith('.venv-learner')]"
    )
    assert texts(seen) == []


async def test_hidden_checks_are_not_there_before_the_code_has_ended(attack: Attack) -> None:
    seen = await attack(
        "import gc\nneedle = 'canary' + '-7731'\nans = 0\n"
        "for o in gc.get_objects():\n"
        "    if type(o) in (dict, list, tuple) and o is not globals():\n"
        "        for v in (o.values() if type(o) is dict else o):\n"
        "            ans += type(v) is str and v is not needle and needle in v",
        checks=("hidden = 'canary-7731'\nassert ans == 0",),
    )
    assert seen.complete
    assert seen.checks[0].status == "passed", seen.checks
