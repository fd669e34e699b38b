"""The documentation agrees with the product."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from infra.cli import app
from vault.trust import CALLS, ENV

LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
RECIPES = {"setup", "run", "test", "test-vllm", "test-docker", "check", "format", "bench", "clean"}


def _pages(texts: Mapping[Path, str]) -> dict[Path, str]:
    return {path: text for path, text in texts.items() if path.suffix == ".md"}


def test_every_link_leads_somewhere(project: Path, texts: Mapping[Path, str]) -> None:
    broken = []
    for page, text in _pages(texts).items():
        for target in LINK.findall(FENCE.sub("", text)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            goal = (project / page.parent / name).resolve() if name else project / page
            if not goal.exists() or (anchor and anchor not in _anchors(goal.read_text())):
                broken.append(f"{page}: {target}")
    assert broken == []


def _anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ +(.+?)\s*$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_can_be_reached_from_the_index(project: Path, texts: Mapping[Path, str]) -> None:
    index = texts[Path("docs/README.md")]
    linked = {(project / "docs" / target.partition("#")[0]).resolve() for target in LINK.findall(index)}
    pages = {project / page for page in _pages(texts) if page.parts[0] == "docs"} - {project / "docs" / "README.md"}
    assert pages - linked == set()


def test_every_command_is_in_the_documentation(texts: Mapping[Path, str]) -> None:
    everything = "\n".join(_pages(texts).values())
    commands = set(_commands(typer.main.get_command(app), "caseloop"))
    assert {"caseloop run", "caseloop case publish", "caseloop grade"} <= commands
    assert [command for command in sorted(commands) if command not in everything] == []


def test_every_option_stands_with_its_command(texts: Mapping[Path, str]) -> None:
    page = texts[Path("docs/reference/command-line.md")]
    sections = {part.partition("\n")[0].strip(): part for part in page.split("\n## ")}
    options = [
        (command, option)
        for command, parameters in _commands(typer.main.get_command(app), "caseloop").items()
        for parameter in parameters
        if parameter.param_type_name == "option"
        for option in parameter.opts
    ]
    assert ("caseloop grade", "--again") in options
    assert [(command, option) for command, option in options if f"`{option}" not in sections.get(command, "")] == []


def _commands(command: Any, name: str) -> dict[str, Any]:
    """Every command that does something -> its parameters."""
    below = getattr(command, "commands", {})
    found = {} if below else {name: command.params}
    for part, one in below.items():
        found |= _commands(one, f"{name} {part}")
    return found


def test_make_lists_its_recipes(project: Path) -> None:
    listed = subprocess.run(["make", "help"], cwd=project, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make (\S+)", listed, re.MULTILINE)) == {"help", *RECIPES}


def test_the_written_trust_graph_is_the_one_that_is_enforced(texts: Mapping[Path, str]) -> None:
    page = texts[Path("docs/explanation/architecture.md")]
    rows = re.findall(r"^\| `([\w]+)` \| ((?:`\w+`(?:, )?)+) \|", page, re.MULTILINE)
    written = {caller: frozenset(re.findall(r"\w+", callees)) for caller, callees in rows}
    assert written == dict(CALLS)
    assert ENV in written
