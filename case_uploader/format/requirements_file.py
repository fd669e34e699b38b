"""`requirements.txt`: read strictly, and compare with the environment learners' code runs in."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from packaging.requirements import InvalidRequirement, Requirement

from case_uploader.format.declarations import DECLARATIONS
from case_uploader.format.problem import CaseProblem, Problems
from case_uploader.format.yaml_file import read_text

REQUIREMENTS_FILE = "requirements.txt"


class LearnerEnvironment(Protocol):
    """What learners' code will find installed."""

    def unmet(self, requirement: Requirement) -> str | None:
        """Why the requirement is not satisfied (`pandas 3.1 is installed`), or None when it is."""
        ...

    def has_module(self, name: str) -> bool:
        """Whether the top-level module can be imported there."""
        ...

    def installed(self) -> Mapping[str, str]:
        """Name -> version of every package there."""
        ...


def read_requirements(folder: Path, environment: LearnerEnvironment | None, problems: Problems) -> tuple[str, ...]:
    """The requirements as sorted, normalised lines; without a file there are none."""
    path = folder / REQUIREMENTS_FILE
    if not path.exists() and not path.is_symlink():
        return ()
    text = read_text(path, REQUIREMENTS_FILE, 64 * 1024, problems)
    lines = set()
    for number, line in enumerate((text or "").split("\n"), 1):
        bare = line.split(" #")[0].strip()
        if not bare or bare.startswith("#"):
            continue
        requirement = _requirement(bare, number, problems)
        if requirement is None:
            continue
        lines.add(str(requirement))
        _compare(requirement, number, environment, problems)
    return tuple(sorted(lines))


def _requirement(line: str, number: int, problems: Problems) -> Requirement | None:
    where = f"line {number}"
    if line.startswith("-"):
        message = f"{line.split()[0]!r} is an option of pip; write only names with versions"
        problems.add("requirement-option", message, file=REQUIREMENTS_FILE, cell=where)
        return None
    try:
        requirement = Requirement(line)
    except InvalidRequirement as error:
        problems.add(
            "requirement-syntax", f"{line!r}: {str(error).splitlines()[0]}", file=REQUIREMENTS_FILE, cell=where
        )
        return None
    if requirement.url:
        message = f"{requirement.name!r} is asked for by address; only names with versions are taken"
        problems.add("requirement-url", message, file=REQUIREMENTS_FILE, cell=where)
        return None
    return requirement


def _compare(requirement: Requirement, number: int, environment: LearnerEnvironment | None, problems: Problems) -> None:
    if environment is None or (requirement.marker and not requirement.marker.evaluate()):
        return
    why = environment.unmet(requirement)
    if why:
        problems.add(
            "requirement-unmet",
            f"{requirement} is not satisfied by the learners' environment: {why}",
            file=REQUIREMENTS_FILE,
            cell=f"line {number}",
        )


def check_imports(
    modules: Iterable[str], own_modules: set[str], environment: LearnerEnvironment | None, file: str, problems: Problems
) -> None:
    """Record each imported module that the learners' environment does not have."""
    if environment is None:
        return
    for top in dict.fromkeys(module.split(".")[0] for module in modules):
        if top not in own_modules and not environment.has_module(top):
            problems.add(
                "import-missing", f"the notebook imports {top!r}, which learners' environments do not have", file=file
            )


def unresolvable(why: str) -> CaseProblem:
    """There is no environment for these requirements."""
    message = f"these packages cannot be installed together with those of the Lab: {why}"[:2_000]
    return CaseProblem(file=REQUIREMENTS_FILE, cell=None, rule="requirement-unresolvable", message=message)


def no_image(why: str) -> CaseProblem:
    """The requirements could be installed, but no image can be made with them."""
    message = (
        f"these packages can be installed, but not into the image that learners' containers are started from: {why}. "
        "Name versions that have a wheel for the image's Python and platform"
    )
    return CaseProblem(file=REQUIREMENTS_FILE, cell=None, rule="image-unbuildable", message=message[:2_000])


def no_stock_image(why: str) -> CaseProblem:
    """repo2docker's own packs made no image that learners' containers can be started from."""
    message = (
        f"no image can be made of {', '.join(DECLARATIONS)} (those that are there) together with the packages that "
        f"checks run with: {why}"
    )
    return CaseProblem(file="environment.yml", cell=None, rule="image-unbuildable", message=message[:2_000])


def made_later() -> CaseProblem:
    """The requirements need an environment that is not there yet."""
    message = (
        "learners' common environment lacks some of this, so the case gets one of its own when it is checked or "
        "published; until then nobody knows whether it can be made"
    )
    return CaseProblem(file=REQUIREMENTS_FILE, cell=None, rule="requirement-own", message=message, level="note")
