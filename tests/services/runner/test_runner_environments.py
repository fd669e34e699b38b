"""A case that needs other packages runs in an environment of its own, and nothing of that runs outside."""

import shutil
import venv
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.contracts.observation import CodeCell, RunFailed, RunFinished, RunRequest
from services.runner.service import Runner
from services.runner.settings import RunnerSettings

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]
OWN = "a" * 64


@pytest.fixture(scope="module")
def environments(settings: RunnerSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One environment with a module of its own beside a common package, and a trap in the start of its Python."""
    folder = tmp_path_factory.mktemp("environments")
    folder.chmod(0o755)
    env = folder / OWN
    venv.EnvBuilder(symlinks=True).create(env)
    python = env / "bin" / "python"
    python.unlink()
    python.symlink_to((settings.learner_env / "bin" / "python").resolve())
    (site,) = env.glob("lib/python3*/site-packages")
    (common,) = settings.learner_env.glob("lib/python3*/site-packages")
    # inside a sandbox nothing but the environment itself is sure to be seen
    for name in ("numpy", "numpy.libs"):
        shutil.copytree(common / name, site / name)
    (site / "wordfreq.py").write_text("ANSWER = 42\n")
    (site / "trap.pth").write_text(f"import pathlib; pathlib.Path({str(folder / 'was-run')!r}).touch()\n")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(settings: RunnerSettings, environments: Path) -> AsyncIterator[Runner]:
    async with Runner(settings.model_copy(update={"environments": environments, "spares": 0})) as opened:
        yield opened


def request(packages: str | None) -> RunRequest:
    cell = CodeCell(id="c", source="import numpy\nimport wordfreq\nprint(wordfreq.ANSWER)")
    return RunRequest(environment="own", packages=packages, imports=("numpy",), cells=(cell,))


async def test_its_packages_are_there_with_the_common_ones(runner: Runner, environments: Path) -> None:
    events = [event async for event in runner.run(request(OWN))]
    assert isinstance(events[-1], RunFinished), events[-1]
    (cell,) = events[-1].observation.cells
    assert (cell.status, cell.stdout.text) == ("ok", "42\n"), cell.error
    # what a package puts into the start of Python was run inside, where it could not write
    assert not (environments / "was-run").exists()


async def test_cases_of_the_common_environment_do_not_see_them(runner: Runner) -> None:
    events = [event async for event in runner.run(request(None))]
    assert isinstance(events[-1], RunFinished), events[-1]
    (cell,) = events[-1].observation.cells
    assert (cell.status, cell.error and cell.error.type) == ("error", "ModuleNotFoundError")


async def test_an_environment_that_is_not_there_is_the_platforms_fault(runner: Runner) -> None:
    events = [event async for event in runner.run(request("b" * 64))]
    assert isinstance(events[-1], RunFailed)
    assert "publish the case again" in events[-1].detail
