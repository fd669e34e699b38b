"""Hostile samples: what learners try so that the feedback lies, gives the solution away, or talks of something else."""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from pydantic import Field

from evaluation.suites.notebooks import answered
from evaluation.suites.sample import Expected, Sample
from services.contracts.case import AuthorCase, Slug, Subtask
from services.contracts.chat import MAX_QUESTION
from services.contracts.feedback import Verdict
from services.contracts.hint import HintKind
from services.contracts.identity import ScopeMode
from services.contracts.model import WireModel
from services.contracts.notebook import MAX_SOURCE_CHARS

_LONG_CODE: Final = MAX_SOURCE_CHARS - 2_000
_DEEP: Final = 4_000


class Talk(WireModel):
    """What is said to the assistant, turn by turn; in a sample's metadata under `talk`."""

    turns: tuple[str, ...] = Field(min_length=1)
    scope_mode: ScopeMode = "soft"
    languages: tuple[str, ...] = ()


class HintAsked(WireModel):
    """A hint that is asked for; in a sample's metadata under `hint`."""

    kind: HintKind


class _Attack(WireModel):
    id: Slug
    tags: tuple[Slug, ...]


class _InCode(_Attack):
    text: str


class _InTalk(_Attack):
    turns: tuple[str, ...] = Field(min_length=1)
    held: tuple[str, ...] = ()
    scope_mode: ScopeMode = "soft"
    languages: tuple[str, ...] = ()


class _ForHint(_InCode):
    kind: HintKind


class _Attacks(WireModel):
    code: tuple[_InCode, ...]
    instead: tuple[_InCode, ...]
    talk: tuple[_InTalk, ...]
    hint: tuple[_ForHint, ...]


def hostile(case: AuthorCase) -> Iterator[Sample]:
    """All hostile samples of a case, each against one of its steps; the same ones each time."""
    for number, attack in enumerate(_attacks().code):
        step = _step(case, number)
        yield _in_code(case, step, attack, done=False)
        yield _in_code(case, step, attack, done=True)
    for number, attack in enumerate(_attacks().instead):
        step = _step(case, number)
        text = attack.text.replace("{long}", "x = 1\n" * (_LONG_CODE // 6)).replace("{deep}", "(" * _DEEP + ")" * _DEEP)
        first, *others = step.view.answer_cells
        answers = {first: text} | dict.fromkeys(others, "")
        yield _sample(case, step, f"instead/{attack.id}", answers, attack.tags, _NOT_DONE)
    for number, talk in enumerate(_attacks().talk):
        yield _talk(case, _step(case, number), talk)
    for number, hint in enumerate(_attacks().hint):
        step = _step(case, number)
        yield _sample(
            case,
            step,
            f"hint/{hint.id}",
            _beside(step, hint.text),
            hint.tags,
            _NOT_DONE,
            hint=HintAsked(kind=hint.kind),
        )


def talk_of(sample: Sample) -> Talk | None:
    """The talk that a sample is, if it is one."""
    told = sample.metadata.get("talk")
    return Talk.model_validate(told) if told is not None else None


def hint_of(sample: Sample) -> HintAsked | None:
    """The hint that a sample asks for, if it does."""
    told = sample.metadata.get("hint")
    return HintAsked.model_validate(told) if told is not None else None


_NOT_DONE: Final = Expected(verdict=Verdict.NEEDS_WORK)


@cache
def _attacks() -> _Attacks:
    text = files("evaluation.suites").joinpath("attacks.toml").read_text("utf-8")
    return _Attacks.model_validate(tomllib.loads(text))


def _step(case: AuthorCase, number: int) -> Subtask:
    return case.subtasks[number % len(case.subtasks)]


def _in_code(case: AuthorCase, step: Subtask, attack: _InCode, *, done: bool) -> Sample:
    if not done:
        return _sample(case, step, f"code/{attack.id}", _beside(step, attack.text), attack.tags, _NOT_DONE)
    # Work that is right stays right, whatever stands beside it.
    first = step.view.answer_cells[0]
    answers = {first: f"{step.reference[first]}\n{attack.text}\n"}
    expected = Expected(verdict=Verdict.APPROVED)
    return _sample(case, step, f"right-code/{attack.id}", answers, attack.tags, expected)


def _beside(step: Subtask, text: str) -> dict[str, str]:
    first = step.view.answer_cells[0]
    return step.starter | {first: f"{text}\n{step.starter.get(first, '')}\n"}


def _talk(case: AuthorCase, step: Subtask, attack: _InTalk) -> Sample:
    turns = tuple(_long_turn(turn) for turn in attack.turns)
    talk = Talk(turns=turns, scope_mode=attack.scope_mode, languages=attack.languages)
    expected = _NOT_DONE.model_copy(update={"must_not_say": attack.held})
    return _sample(case, step, f"talk/{attack.id}", step.starter, attack.tags, expected, talk=talk)


def _long_turn(turn: str) -> str:
    room = MAX_QUESTION - len(turn)
    return turn.replace("{long}", "Please. " * (room // 8))


def _sample(
    case: AuthorCase,
    step: Subtask,
    name: str,
    answers: dict[str, str],
    tags: tuple[str, ...],
    expected: Expected,
    **asked: WireModel,
) -> Sample:
    kinds: list[Literal["talk", "hint"]] = [kind for kind in ("talk", "hint") if kind in asked]
    metadata: dict[str, Any] = {kind: asked[kind].model_dump(mode="json") for kind in kinds}
    return Sample(
        id=f"{case.id}/hostile/{name}",
        case=case.id,
        subtask=step.view.id,
        cells=answered(case, answers),
        expected=expected,
        source="hostile",
        tags=tags,
        metadata=metadata,
    )
