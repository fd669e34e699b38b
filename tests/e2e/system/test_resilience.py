"""Whatever is killed, hangs or is stopped: it comes back by itself, and nothing that was acknowledged is lost.

The tests of this module share one system and run in order.
"""

import contextlib
import json
import os
import shutil
import signal
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from case_uploader.format.case_folder import read_case_folder
from case_uploader.scaffold import scaffold
from services.contracts.case import AuthorCase
from tests.e2e.system.caseloop_person import Environment, Kernel, Person
from tests.e2e.system.caseloop_system import System, eventually
from tests.e2e.system.one_home import small_system

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(240)]
IDLE_SECONDS = 8
CASE, SUBTASK, OTHER = "python-basics", "pulse-band", "coffee-sales"
PARTS = {
    "runner": "infra.runner_process",
    "services": "infra.services_process",
    "hub": "-m jupyterhub -f",
    "proxy": "configurable-http-proxy",
}


@pytest.fixture(scope="module")
def home(project: Path) -> Iterator[System]:
    """Not started yet. The second case is a small one: what takes long to publish is published elsewhere."""
    with small_system(project, CASE, CASELOOP_SAVE_SECONDS="2", CASELOOP_SPARES="true") as system:
        scaffold(Path(system.variables["CASELOOP_CASES"]), OTHER)
        yield system


@pytest.fixture(scope="module")
def system(home: System) -> System:
    if not home.running:
        home.start()
    return home


@pytest.fixture(scope="module")
def case(system: System) -> AuthorCase:
    draft = read_case_folder(Path(system.variables["CASELOOP_CASES"]) / CASE).draft
    assert draft is not None
    return draft.author


@pytest.fixture(scope="module")
def learner(system: System) -> Person:
    return Person(system).sign_in()


@pytest.fixture(scope="module")
def environment(learner: Person) -> Environment:
    return learner.start(CASE)


@pytest.fixture(scope="module")
def kernel(environment: Environment) -> Kernel:
    kernel = environment.kernel()
    kernel.run("import os; mine = ['my', 'work']; first_pid = os.getpid()")
    return kernel


class Acknowledged:
    """Submissions whose feedback the learner has seen: none of them may ever be missing."""

    def __init__(self) -> None:
        self.submissions: set[str] = set()

    def check(self, environment: Environment, case: AuthorCase, *, note: str) -> str:
        """Check the right answer with a comment of its own; returns the verdict."""
        subtask = case.subtask(SUBTASK)
        assert subtask is not None
        answers = {name: f"{source}\n# {note}\n" for name, source in subtask.reference.items()}
        name, data = environment.check(SUBTASK, environment.cells(answers))[-1]
        if name != "feedback":
            return f"{name}: {data}"
        self.submissions.add(data["submission"])
        return str(data["feedback"]["verdict"])


@pytest.fixture(scope="module")
def acknowledged() -> Acknowledged:
    return Acknowledged()


def test_ctrl_c_while_the_cases_are_being_published_leaves_nobody_behind(home: System) -> None:
    home.begin()
    eventually(lambda: any("case publish" in c for c in home.descendants().values()), "publishing begins")
    eventually(lambda: len(home.descendants()) > 3, "a sandbox runs the reference")
    assert home.stop() == 0
    assert home.descendants() == {}
    assert "could not be published" not in home.output
    assert "password" not in home.output, "passwords are shown once, so not before somebody can use them"


def test_what_was_interrupted_is_done_at_the_next_start(system: System, learner: Person) -> None:
    assert set(system.passwords) == {"learner", "mentor", "admin", "qa"}
    page = learner.http.get("/hub/cases").text
    assert f'data-caseloop-case="{CASE}"' in page
    assert f'data-caseloop-case="{OTHER}"' in page


def test_a_case_that_nobody_knows_is_told_so_and_starts_nothing(system: System, learner: Person) -> None:
    page = learner.http.get("/hub/cases/nothing-like-it")
    assert page.status_code == 404
    assert "There is nothing here" in page.text
    learner.request_start("nothing-like-it")
    log = system.home / "logs" / "hub.log"
    eventually(lambda: "There is no published case «nothing-like-it»" in log.read_text(), "the start is refused")
    eventually(lambda: not learner.servers().get("nothing-like-it", {}).get("pending"), "the start has ended")
    assert not learner.servers().get("nothing-like-it", {}).get("ready")
    assert system.leaders() == []


def test_a_second_start_says_that_it_runs_already(system: System, project: Path, environment: Environment) -> None:
    same_home = System(project, system.home)
    same_home.begin()
    assert same_home.wait() == 1
    said = " ".join(same_home.output.split())
    assert f"runs already with what it keeps in {system.home}: {system.url}, process {system.pid}" in said

    with small_system(project) as same_port:
        same_port.port = system.port
        same_port.begin()
        assert same_port.wait() == 1
        said = " ".join(same_port.output.split())
        assert f"Port {system.port} of 127.0.0.1 cannot be used" in said
        assert "Is Caseloop running already?" in said
    assert environment.caseloop("GET", "/me").json()["user"] == "learner", "the running one is not disturbed"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_killed_in_the_middle_of_a_check_comes_back_and_nothing_is_lost(
    part: str,
    system: System,
    environment: Environment,
    kernel: Kernel,
    case: AuthorCase,
    acknowledged: Acknowledged,
) -> None:
    assert acknowledged.check(environment, case, note=f"before {part}") == "approved"
    before = system.child(PARTS[part])
    ended = _interrupted_check(environment, case, lambda: os.kill(before, signal.SIGKILL))
    assert ended, "the learner hears that the check broke off, or its answer; it does not wait for ever"

    eventually(lambda: _child(system, part) not in (None, before), f"{part} is back", 90)
    eventually(system.answers, "the pages are back", 90)
    eventually(lambda: _at_the_desks_door(system), "the way to the mentors' desk is back", 90)
    eventually(lambda: environment.caseloop("GET", "/case").status_code == 200, "the environment is reached", 90)
    eventually(lambda: acknowledged.check(environment, case, note=f"after {part}") == "approved", "checks work", 90)
    assert acknowledged.submissions <= {version["submission"] for version in environment.history()}
    assert kernel.ask("answer = [mine, os.getpid() == first_pid]") == [["my", "work"], True]
    assert len(system.leaders()) == 1


def _at_the_desks_door(system: System) -> bool:
    with contextlib.suppress(httpx.TransportError):
        answer = httpx.get(f"{system.url}/services/caseloop/api/me", timeout=5, trust_env=False)
        return answer.status_code == 401 and answer.json()["error"] == "not_signed_in"
    return False


def _child(system: System, part: str) -> int | None:
    found = [pid for pid, command in system.descendants().items() if PARTS[part] in command]
    return found[0] if len(found) == 1 else None


def _interrupted_check(environment: Environment, case: AuthorCase, interrupt: Any) -> list[str]:
    """Check something slow and interrupt it once it runs; returns how it ended."""
    subtask = case.subtask(SUBTASK)
    assert subtask is not None
    slow = {name: f"import time; time.sleep(2)\n{source}" for name, source in subtask.reference.items()}
    cells, runs, ended = environment.cells(slow), threading.Event(), []

    def check() -> None:
        try:
            for name, _ in environment.checking(SUBTASK, cells):
                runs.set()
                if name in ("feedback", "error"):
                    ended.append(name)
                    return
            ended.append("ended")
        except httpx.HTTPError as error:
            ended.append(type(error).__name__)

    thread = threading.Thread(target=check)
    thread.start()
    assert runs.wait(30)
    interrupt()
    thread.join(60)
    return ended


def test_services_that_hang_are_noticed_and_started_again(
    system: System, environment: Environment, case: AuthorCase, acknowledged: Acknowledged
) -> None:
    before = system.child(PARTS["services"])
    os.kill(before, signal.SIGSTOP)
    eventually(lambda: _child(system, "services") not in (None, before), "they are started again", 90)
    eventually(lambda: acknowledged.check(environment, case, note="after a hang") == "approved", "checks work", 90)


def test_saved_work_is_kept_at_once_and_changed_work_at_intervals(environment: Environment, kernel: Kernel) -> None:
    saved = environment.notebook()
    saved["cells"][0]["source"] += "\nsaved by JupyterLab"
    environment.save(saved)
    eventually(lambda: "saved by JupyterLab" in _newest_kept(environment), "the save is kept")
    kernel.run(
        "import json, pathlib; file = pathlib.Path.home() / 'python-basics.ipynb'; book = json.loads(file.read_text());"
        "book['metadata']['note'] = 'written by a program'; file.write_text(json.dumps(book))"
    )
    eventually(lambda: "written by a program" in _newest_kept(environment), "the change is kept")


def _newest_kept(environment: Environment) -> str:
    versions = environment.caseloop("GET", "/notebook/versions").json()
    kept = environment.caseloop("GET", f"/notebook/versions/{versions[0]['digest']}").json() if versions else {}
    return json.dumps(kept)


def test_kill_9_of_the_supervisor_takes_all_parts_along_and_the_next_start_goes_on(
    system: System, learner: Person, environment: Environment, kernel: Kernel
) -> None:
    assert learner.request_start(OTHER).status_code in (201, 202)
    eventually(lambda: len(system.leaders()) == 2, "a second environment is being started")
    system.stop(signal.SIGKILL)  # the Hub had no time to note the second one
    eventually(lambda: all(_child(system, part) is None for part in PARTS), "every part is gone", 90)
    survivors = system.leaders()
    assert len(survivors) == 2

    system.start()
    eventually(lambda: environment.caseloop("GET", "/case").status_code == 200, "the environment is reached", 90)
    assert kernel.ask("answer = [mine, os.getpid() == first_pid]") == [["my", "work"], True], "taken up again"
    other = learner.start(OTHER)
    assert other.caseloop("GET", "/case").json()["id"] == OTHER
    assert len(system.leaders()) == 2, "no environment runs twice"
    learner.stop(OTHER)
    assert len(system.leaders()) == 1


def test_a_case_cannot_be_opened_twice_at_once(system: System, learner: Person, environment: Environment) -> None:
    learner.api("POST", "/hub/api/users/learner/server", json={"case": CASE})
    eventually(lambda: learner.servers().get("", {}).get("pending") is None, "the second start has ended")
    assert not learner.servers().get("", {}).get("ready")
    assert len(system.leaders()) == 1
    assert environment.caseloop("GET", "/case").status_code == 200, "the first one is not disturbed"


def test_a_notebook_deleted_from_disk_is_restored_at_the_next_start(
    system: System, learner: Person, environment: Environment
) -> None:
    notebook = environment.notebook()
    notebook["cells"][0]["source"] += "\nlast words"
    environment.save(notebook)
    learner.stop(CASE)
    work = system.home / "homes" / "learner" / CASE / "work"
    (work / f"{CASE}.ipynb").unlink()
    again = learner.start(CASE)
    assert "last words" in json.dumps(again.notebook())


def test_nothing_that_caseloop_keeps_can_be_read_by_others(system: System) -> None:
    public = {"ca.pem"}  # certificates are for everybody; and sockets are guarded by their folders and by TLS
    # data of cases, which sandboxes read as somebody else: behind a folder that is private
    shown = {system.home / "runner" / "files", system.home / "runner" / "trees"}
    # what a learner's own programs make there has the modes they choose: behind a folder that is private, too
    shown |= set((system.home / "homes").glob("*/*/work"))
    assert len(shown) > 2
    for path, mode in _modes(system.home):
        if (
            any(folder in path.parents for folder in shown)
            or stat.S_ISLNK(mode)
            or stat.S_ISSOCK(mode)
            or path.name in public
        ):
            continue
        assert stat.S_IMODE(mode) & 0o077 == 0, f"{path} has mode {stat.S_IMODE(mode):o}"


def _modes(home: Path) -> Iterator[tuple[Path, int]]:
    """All that lies there; the system is running, and what it takes away meanwhile is left out."""
    for folder, folders, files in os.walk(home):
        for path in (Path(folder), *(Path(folder, name) for name in (*folders, *files))):
            with contextlib.suppress(FileNotFoundError):
                yield path, path.lstat().st_mode


def test_ctrl_c_ends_everything_and_a_later_start_has_everything(
    system: System, learner: Person, environment: Environment, acknowledged: Acknowledged
) -> None:
    assert system.stop() == 0
    assert "All work is kept." in system.output
    assert system.descendants() == {}
    assert system.sockets() == []
    # not by `glob`, which fails when others' groups go away meanwhile
    groups = [Path(name) for name, _, _ in os.walk("/sys/fs/cgroup") if "/caseloop-env-" in name]
    assert [group for group in groups if _ours(group, system)] == []

    passwords = dict(system.passwords)
    system.variables["CASELOOP_ENVIRONMENT_IDLE_HOURS"] = str(IDLE_SECONDS / 3600)  # for the next test
    system.start()
    assert system.passwords == passwords
    again = learner.start(CASE)
    assert acknowledged.submissions <= {version["submission"] for version in again.history()}
    assert again.caseloop("GET", "/case").json()["subtasks"][0]["progress"]["state"] == "approved"


def test_an_unused_environment_is_ended_with_its_work_kept_and_one_that_computes_is_spared(
    system: System, learner: Person
) -> None:
    Environment(learner, CASE).kernel().leave_running("import time\nwhile True: time.sleep(1)")
    learner.start(OTHER)
    log = system.home / "logs" / "hub.log"
    eventually(lambda: f"environment of learner:{OTHER} is ended: there was no" in log.read_text(), "one is ended")
    eventually(lambda: f"learner:{CASE} is unused and left alone: a kernel is busy" in log.read_text(), "one is spared")
    eventually(lambda: not learner.servers().get(OTHER, {}).get("ready"), "the Hub knows it")
    page = learner.http.get(f"/user/learner/{OTHER}/api/status", follow_redirects=True)
    assert page.status_code == 424, "the Hub itself answers: no server of this name runs"
    assert learner.servers()[CASE]["ready"]
    assert len(system.leaders()) == 1


def _ours(group: Path, system: System) -> bool:
    return (system.home / "run" / "e" / group.name.removeprefix("caseloop-env-")).exists()


def test_ctrl_c_while_starting_leaves_nobody_behind(system: System) -> None:
    assert system.stop() == 0
    for part in ("runner", "services", "hub"):
        system.begin()
        eventually(lambda part=part: _child(system, part) is not None, f"{part} starts", 60)
        assert system.stop() == 0
        assert system.descendants() == {}
        assert system.sockets() == []


def test_a_machine_without_bubblewrap_is_told_before_anything_starts(system: System, project: Path) -> None:
    programs = system.home.parent / "programs"
    programs.mkdir()
    for name in ("setpriv", "env", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    bare = System(project, system.home.parent / "bare", PATH=str(programs))
    bare.begin()
    assert bare.wait() == 1
    assert "apt install bubblewrap" in bare.output
    assert not (bare.home / "logs" / "runner.log").exists()
