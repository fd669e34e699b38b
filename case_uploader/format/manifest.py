"""`case.yaml`: its schema, and errors that point at the key."""

import difflib
import re
import types
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, ValidationError

from case_uploader.format.problem import Problems
from case_uploader.format.yaml_file import read_yaml
from services.contracts.case import CallProbe, Compare, Level, Quotas, Slug, Style
from services.contracts.identity import AiMode, ScopeMode, Strictness
from services.contracts.limits import Limits
from services.contracts.model import WireModel

MANIFEST_FILE = "case.yaml"
_SLUG = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


_Compare = Annotated[Compare, BeforeValidator(_named)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A BCP 47 tag: `en`, `de`, `pt-BR`."""


class SubtaskManifest(WireModel):
    """What the author says about one subtask beyond its cells."""

    id: Slug
    title: str | None = Field(default=None, min_length=1, max_length=200)
    plan: str | None = Field(default=None, max_length=2_000)
    example: str | None = Field(default=None, max_length=4_000)
    compare: tuple[_Compare, ...] = ()
    """Names to compare with the reference's; a plain string is a Compare with defaults."""
    probes: tuple[CallProbe, ...] = ()
    watch: tuple[str, ...] = ()
    hints: dict[str, str] = Field(default_factory=dict)
    """grade_id (or `grade_id/hidden`) of a check -> what a learner hears when it fails."""


class EquivalentMutant(WireModel):
    """A mutant that the author has looked at: it changes nothing that matters."""

    mutant: str = Field(pattern=r"^[0-9a-f]{10}$")
    """Its id, as the report shows it."""
    reason: str = Field(min_length=10, max_length=500)


class CiManifest(WireModel):
    """What the case demands of its own checks. No part of the version: learners get the same case with or without."""

    threshold: float | None = Field(default=None, ge=0, le=1)
    """Smallest share of mutants that the checks must catch before it may be published; None: they only report."""
    max_mutants: int = Field(default=160, ge=0, le=1_000)
    equivalent: tuple[EquivalentMutant, ...] = ()


class Manifest(WireModel):
    """`case.yaml` with its defaults filled in."""

    id: Slug
    title: str = Field(min_length=1, max_length=200)
    summary: str = Field(default="", max_length=2_000)
    level: Level = "introductory"
    minutes: int = Field(default=45, gt=0, le=10_000)
    ai_mode: AiMode = "full"
    strictness: Strictness = "light"
    topics: tuple[str, ...] = ()
    scope_mode: ScopeMode = "soft"
    languages: tuple[Language, ...] = ()
    style: Style = Style()
    quotas: Quotas = Quotas()
    limits: Limits = Limits()
    learn_from_approved: bool = False
    """Answers that learners were approved for tell where others go wrong."""
    ci: CiManifest = CiManifest()
    fictional_data: bool = False
    """What looks like personal data in the dataset was made up."""
    subtasks: tuple[SubtaskManifest, ...] = ()

    def subtask(self, subtask_id: str) -> SubtaskManifest | None:
        """The entry of that id, or None."""
        return next((s for s in self.subtasks if s.id == subtask_id), None)


def read_manifest(folder: Path, problems: Problems) -> Manifest | None:
    """`case.yaml` of the folder; defaults from the folder's name where there is none; None after an error."""
    path = folder / MANIFEST_FILE
    if not path.exists() and not path.is_symlink():
        return _default_manifest(folder, problems)
    before = len(problems.errors)
    raw = read_yaml(path, MANIFEST_FILE, problems)
    if len(problems.errors) > before:
        return None
    if not isinstance(raw, dict):
        problems.add("manifest-shape", "must hold keys and values (id: …, title: …)", file=MANIFEST_FILE)
        return None
    return _validated(raw, problems)


def _default_manifest(folder: Path, problems: Problems) -> Manifest | None:
    name = folder.resolve().name
    slug = slug_of(name)
    if slug is None:
        problems.add(
            "manifest-missing",
            f"there is no case.yaml, and the folder's name {name!r} cannot be made an id; "
            "add a case.yaml with id and title",
            file=MANIFEST_FILE,
        )
        return None
    problems.note("manifest-default", f"there is no case.yaml: id {slug!r} and defaults are used", file=MANIFEST_FILE)
    return Manifest(id=slug, title=name.replace("_", " ").replace("-", " ").strip().capitalize())


def slug_of(text: str) -> str | None:
    """The text as an id (lower-case letters, digits, dashes), or None when nothing is left of it."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64].strip("-")
    return slug if _SLUG.match(slug) else None


def _validated(raw: dict[Any, Any], problems: Problems) -> Manifest | None:
    try:
        manifest = Manifest.model_validate(raw)
    except ValidationError as error:
        add_validation_errors(error, Manifest, MANIFEST_FILE, problems)
        return None
    before = len(problems.errors)
    _check_subtasks(manifest, problems)
    return manifest if len(problems.errors) == before else None


def _check_subtasks(manifest: Manifest, problems: Problems) -> None:
    seen: set[str] = set()
    for position, subtask in enumerate(manifest.subtasks):
        key = f"subtasks[{position}]"
        if subtask.id in seen:
            problems.add(
                "subtask-duplicate", f"the id {subtask.id!r} is used twice", file=MANIFEST_FILE, cell=f"{key}.id"
            )
        seen.add(subtask.id)
        names = [(f"{key}.compare[{i}].name", c.name) for i, c in enumerate(subtask.compare)]
        names += [(f"{key}.probes[{i}].call", p.call) for i, p in enumerate(subtask.probes)]
        names += [(f"{key}.watch[{i}]", w) for i, w in enumerate(subtask.watch)]
        for place, name in names:
            if not name.isidentifier():
                problems.add(
                    "name-not-python", f"{name!r} is not a Python variable name", file=MANIFEST_FILE, cell=place
                )


def add_validation_errors(error: ValidationError, model: type[BaseModel], file: str, problems: Problems) -> None:
    """Record each pydantic error of an author's YAML with its key and in plain words."""
    for item in error.errors(include_url=False):
        key = _key(item["loc"])
        problems.add(_rule(item["type"]), _words(item, model), file=file, cell=key or None)


def _key(location: tuple[int | str, ...]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).lstrip(".")


def _rule(kind: str) -> str:
    return {"missing": "key-missing", "extra_forbidden": "key-unknown"}.get(kind, "key-value")


def _words(item: Any, model: type[BaseModel]) -> str:
    location, kind = item["loc"], item["type"]
    if kind == "missing":
        return "this key is required"
    if kind == "extra_forbidden":
        known = _known_keys(model, location[:-1])
        close = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known keys here: {', '.join(known)}"
        return f"unknown key; {hint}"
    value = repr(item["input"])
    shown = value if len(value) <= 60 else value[:57] + "…"
    if kind == "string_pattern_mismatch":
        return f"{shown} is no id: use 1 to 64 lower-case letters, digits and dashes, no dash at the ends"
    message = str(item["msg"]).removeprefix("Input should be ")
    return f"{shown} should be {message}" if message != item["msg"] else f"{message} (got {shown})"


def _known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    current: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int) or current is None:
            continue
        field = current.model_fields.get(part)
        current = _model_in(field.annotation) if field else None
    return list(current.model_fields) if current else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((m for m in map(_model_in, get_args(annotation)) if m), None)
