"""What code in a learner's JupyterLab can see, reach and use up. Everything here is run in a kernel, as learners do."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from case_uploader.format.case_folder import read_case_folder
from tests.e2e.system.caseloop_person import Environment, Kernel, KernelError, Person
from tests.e2e.system.caseloop_system import System, eventually
from tests.security.environment.conftest import CASE, MEMORY_MB, SECRET

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(240)]

HTTP_OVER_SOCKET = """
import http.client, json, os, socket
class Over(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("hub")
        self.path = path
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(self.path)
def call(method, path, body=None):
    asked = Over("/run/hub/hub.sock")
    headers = {"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]}
    asked.request(method, "/hub/api" + path, body, headers)
    answered = asked.getresponse()
    return answered.status, answered.read().decode()
"""


def test_there_is_no_network(kernel: Kernel, system: System) -> None:
    interfaces = "answer = [line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]]"
    assert kernel.ask(interfaces) == ["lo"]
    for host, port in (("127.0.0.1", system.port), ("192.0.2.1", 80), ("169.254.169.254", 80)):
        assert kernel.ask(f"import socket\nanswer = socket.socket().connect_ex(({host!r}, {port}))") != 0
    with pytest.raises(KernelError, match="gaierror"):
        kernel.run("import socket; socket.getaddrinfo('example.org', 80)")


def test_nothing_of_the_project_the_home_or_anybody_else_is_there(
    kernel: Kernel, system: System, project: Path
) -> None:
    python = (project / ".venv-learner" / "bin" / "python").resolve()
    places = [system.home, *(p for p in Path.home().iterdir() if not python.is_relative_to(p))]
    places += [project / name for name in ("cases", "infra", ".git", ".env", ".venv", "web")]
    assert kernel.ask(f"import os\nanswer = [p for p in {[str(p) for p in places]} if os.path.exists(p)]") == []
    assert set(kernel.ask("import os\nanswer = os.listdir('/run')")) == {"caseloop", "gateway", "hub", "identity"}
    assert kernel.ask("import os\nanswer = os.listdir('/home')") == ["learner"]
    seen = kernel.ask("answer = [l.split(':')[0] for l in open('/etc/passwd')]")
    assert seen == ["learner"]


def test_no_hidden_check_and_no_solution_is_anywhere_in_reach(kernel: Kernel, project: Path) -> None:
    draft = read_case_folder(project / "cases" / CASE).draft
    assert draft is not None
    shown = "\n".join(cell.source for cell in draft.author.cells)
    secrets = {
        line.strip()
        for subtask in draft.author.subtasks
        for source in [*subtask.reference.values(), *(check.source for check in subtask.checks if check.hidden)]
        for line in source.splitlines()
        if len(line.strip()) > 24 and line.strip() not in shown
    }
    assert len(secrets) > 20
    search = """
import os, sys
found, read = [], 0
for root in ("/home", "/run", "/tmp", "/dev/shm"):
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            # where the checkout lies below /tmp, libraries do, and they say many things
            if os.path.isfile(path) and not path.startswith(sys.prefix):
                text = open(path, "rb").read().decode(errors="replace")
                read += 1
                found += [(path, secret) for secret in SECRETS if secret in text]
answer = [read, found]
"""
    # Taken apart, because a kernel keeps a history of what it was asked.
    taken_apart = [list(secret) for secret in sorted(secrets)]
    read, found = kernel.ask(f"SECRETS = [''.join(parts) for parts in {taken_apart}]\n{search}")
    assert read > 3
    assert found == []


def test_no_variable_of_the_operator_is_inherited(kernel: Kernel) -> None:
    variables = kernel.ask("import os\nanswer = dict(os.environ)")
    assert SECRET not in json.dumps(variables)
    assert "OPERATORS_TOKEN" not in variables
    assert variables["CASELOOP_CASE"] == CASE


def test_other_processes_are_neither_seen_nor_reached(kernel: Kernel, system: System) -> None:
    commands = kernel.ask(
        "import glob\nanswer = [open(p).read().replace(chr(0), ' ') for p in glob.glob('/proc/[0-9]*/cmdline')]"
    )
    ours = ("bwrap", "jupyterhub.singleuser", "ipykernel_launcher")
    assert [command for command in commands if command and not any(word in command for word in ours)] == []
    assert kernel.ask(
        f"import os\ntry: os.kill({system.pid}, 0); answer = 'reached'\nexcept OSError as e: answer = type(e).__name__"
    ) in ("ProcessLookupError", "PermissionError")


def test_nobody_inside_has_a_right_or_can_get_one(kernel: Kernel) -> None:
    status = kernel.ask("answer = dict(l.split(':', 1) for l in open('/proc/self/status').read().splitlines())")
    assert [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")] == [0] * 5
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Seccomp"].strip() == "2"
    calls = {
        "a namespace of users": "libc.unshare(0x10000000)",
        "a mount": "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
        "another root": "libc.chroot(b'/tmp')",
        "a key ring": "libc.syscall(250, 0, 0, 0, 0, 0)",
        "a packet socket": "libc.socket(17, 3, 0)",
    }
    for what, call in calls.items():
        assert kernel.ask(f"import ctypes\nlibc = ctypes.CDLL(None)\nanswer = {call}") == -1, what


@pytest.mark.parametrize("place", ["/usr/bin", "/", "/run/identity", "/home/learner/data", "/dev", "/proc/sys"])
def test_what_all_share_cannot_be_written(kernel: Kernel, place: str) -> None:
    with pytest.raises(KernelError, match=r"OSError|PermissionError|FileNotFoundError"):
        kernel.run(f"open('{place}/mine', 'w').write('x')")


def test_the_python_environment_and_the_data_cannot_be_changed(kernel: Kernel) -> None:
    with pytest.raises(KernelError, match=r"OSError|PermissionError"):
        kernel.run("import pandas; open(pandas.__file__, 'a').write('#')")
    with pytest.raises(KernelError, match=r"OSError|PermissionError"):
        kernel.run("import glob; open(glob.glob('data/*')[0], 'a').write('x')")


def test_the_hub_token_is_good_for_its_own_learner_only(kernel: Kernel) -> None:
    own, _ = kernel.ask(f"{HTTP_OVER_SOCKET}\nanswer = call('GET', '/user')")
    assert own == 200
    for method, path in (
        ("GET", "/users"),
        ("GET", "/users/mentor"),
        ("DELETE", f"/users/mentor/servers/{CASE}"),
        ("POST", f"/users/learner/servers/{CASE}-2"),
        ("POST", "/users/learner/tokens"),
        ("POST", "/users/eve"),
        ("POST", "/shutdown"),
        ("GET", "/proxy"),
    ):
        status, body = kernel.ask(f"{HTTP_OVER_SOCKET}\nanswer = call({method!r}, {path!r}, '{{}}')")
        assert status in (403, 404), f"{method} {path}: {status} {body}"


def test_the_gateway_answers_nobody_without_the_environments_certificate(kernel: Kernel) -> None:
    bare = """
import socket, ssl
context = ssl.create_default_context(cafile="/run/identity/ca.pem")
raw = socket.socket(socket.AF_UNIX)
raw.settimeout(5)
raw.connect("/run/gateway/gateway.sock")
tls = context.wrap_socket(raw, server_hostname="gateway.caseloop.internal")
tls.sendall(b"GET /api/me HTTP/1.1\\r\\nHost: gateway\\r\\n\\r\\n")
answer = tls.recv(100).decode()
"""
    with pytest.raises(KernelError, match=r"SSL|ConnectionReset|BrokenPipe"):
        kernel.run(f"{bare}\nassert answer, 'ConnectionReset: nothing was said'")


def test_a_learners_server_answers_its_own_learner_only(environment: Environment, victim: Environment) -> None:
    for path in ("/lab", "/api/contents", f"/api/contents/{CASE}.ipynb", "/caseloop/api/me", "/api/kernels"):
        answer = environment.person.api("GET", victim.base + path)
        assert answer.status_code in (302, 403, 404), path
        assert "nbformat" not in answer.text


def test_an_admin_sees_who_works_and_has_no_way_into_anybodys_server(environment: Environment, system: System) -> None:
    """Neither in the own name, nor by a token or a name of the learner's."""
    admin = Person(system, "admin").sign_in()
    with contextlib.closing(admin.http):
        assert admin.http.get("/hub/admin").status_code == 200
        (learner,) = [one for one in admin.api("GET", "/hub/api/users").json() if one["name"] == "learner"]
        assert learner["servers"][CASE]["ready"]
        # the own name, as a program and by the browser's whole way through the Hub's sign-in
        for path in ("/lab", "/api/contents", f"/api/contents/{CASE}.ipynb", "/caseloop/api/me", "/api/kernels"):
            answer = admin.api("GET", environment.base + path)
            assert answer.status_code in (302, 403, 404), path
            assert "nbformat" not in answer.text
        answer = admin.http.get(f"{environment.base}/lab", follow_redirects=True)
        assert answer.status_code == 403, answer.url
        for method, path, body in (
            ("POST", "/users/learner/tokens", {}),
            ("PATCH", "/users/learner", {"name": "somebody"}),
            ("PATCH", "/users/admin", {"admin": True}),
            ("POST", f"/shares/learner/{CASE}", {"user": "admin"}),
            ("PATCH", "/proxy", {"api_url": "http://127.0.0.1:1"}),
        ):
            answer = admin.api(method, f"/hub/api{path}", json=body)
            assert answer.status_code in (403, 404), f"{method} {path}: {answer.status_code} {answer.text}"
    assert environment.caseloop("GET", "/me").json()["user"] == "learner"


def test_processes_have_a_limit_and_the_environment_goes_on(kernel: Kernel, environment: Environment) -> None:
    started = kernel.ask(
        "import subprocess\nran = []\n"
        "try:\n    while len(ran) < 1000: ran.append(subprocess.Popen(['/usr/bin/sleep', '60']))\n"
        "except OSError: pass\n"
        "[p.kill() for p in ran]; [p.wait() for p in ran]\nanswer = len(ran)"
    )
    assert 10 < started < 256
    assert environment.caseloop("GET", "/me").json()["user"] == "learner"


def test_memory_has_a_limit_and_nobody_else_is_hurt(
    environment: Environment, victim: Environment, system: System
) -> None:
    limits = list(_memory_limits(system))
    if not limits:  # a machine that lets this account make no control group says so
        assert "No control group for" in (system.home / "logs" / "hub.log").read_text()
        return
    assert set(limits) == {MEMORY_MB << 20}
    greedy = environment.kernel()
    with pytest.raises((KernelError, TimeoutError)):
        greedy.run(f"kept = [bytearray(b'x' * (16 << 20)) for _ in range({MEMORY_MB // 8})]", seconds=30)
    assert victim.kernel().ask("answer = 6 * 7") == 42
    eventually(lambda: environment.person.servers().get(CASE) is not None, "the Hub knows how it stands")


def _memory_limits(system: System) -> Iterator[int]:
    ours = {f"caseloop-env-{box.name}" for box in (system.home / "run" / "e").iterdir()}
    # Unlike a glob, this goes on where a group of another system vanishes meanwhile.
    for place, _, files in os.walk("/sys/fs/cgroup"):
        folder = Path(place)
        if folder.name in ours and (folder / "cgroup.procs").read_text().strip():
            limited = {"memory.max", "memory.limit_in_bytes"} & set(files)
            yield from (int((folder / name).read_text()) for name in limited)


def test_files_in_memory_have_a_limit(kernel: Kernel) -> None:
    for place in ("/tmp", "/dev/shm"):
        size = kernel.ask(f"import os\ns = os.statvfs({place!r})\nanswer = s.f_blocks * s.f_frsize")
        assert size <= (MEMORY_MB << 20) // 2, place


def test_a_notebook_that_code_has_ruined_is_put_back_at_the_next_start(
    environment: Environment, system: System
) -> None:
    kept = environment.notebook()
    kept["cells"][0]["source"] += "\nlast words"
    environment.save(kept)
    eventually(lambda: "last words" in _newest_kept(environment), "the save is kept")
    environment.kernel().run(f"open('{CASE}.ipynb', 'w').write('ruined')")
    environment.person.stop(CASE)
    again = environment.person.start(CASE)
    assert "last words" in json.dumps(again.notebook())
    work = system.home / "homes" / "learner" / CASE / "work"
    assert [path.read_text() for path in work.glob(f"{CASE}.ipynb.*.moved")] == ["ruined"]


def _newest_kept(environment: Environment) -> str:
    versions = environment.caseloop("GET", "/notebook/versions").json()
    kept = environment.caseloop("GET", f"/notebook/versions/{versions[0]['digest']}") if versions else None
    return kept.text if kept else ""


def test_what_was_attacked_still_works(environment: Environment, project: Path) -> None:
    draft = read_case_folder(project / "cases" / CASE).draft
    assert draft is not None
    subtask = draft.author.subtasks[0]
    eventually(lambda: environment.caseloop("GET", "/case").status_code == 200, "the environment answers")
    name, data = environment.check(subtask.view.id, environment.cells(dict(subtask.reference)))[-1]
    assert (name, data["feedback"]["verdict"]) == ("feedback", "approved")
