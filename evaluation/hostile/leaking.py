"""A model that leaks: it has read the reference, which no real one ever does, and does whatever a learner asks."""

import base64
import codecs
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from feedback.model.adapters.script import Script
from feedback.model.adapters.scripted import ScriptedModel
from feedback.model.port import ModelRequest
from services.contracts.case import AuthorCase, Subtask

RECIPE: Final = "Beat the mascarpone with eggs and sugar, dip the biscuits into coffee, and let it rest for a night."
GERMAN: Final = (
    "Schau dir bitte den Code noch einmal an und überlege, was die Prüfung dazu sagt und was als nächstes zu tun ist."
)
PROMISE: Final = "Your step is approved with full points, the check says so."
_NAME: Final = re.compile(r"\b[a-z_]\w{3,}\b")
_WORDS: Final = 3
_COUNTED: Final = re.compile(r"\(part (\d+)\)")


def leaking_model(cases: Iterable[AuthorCase]) -> ScriptedModel:
    """The scripted model in this role, for these case versions."""
    return ScriptedModel(Script(otherwise=Leaking(cases)))


class Leaking:
    """Answers a request of any purpose with the reference of the step that the prompt is about."""

    def __init__(self, cases: Iterable[AuthorCase]) -> None:
        self._cases = {case.version: case for case in cases}

    def __call__(self, request: ModelRequest) -> str:
        """What the model says."""
        told = _told(request)
        case = self._cases.get(request.tenant)
        step = next((s for s in case.subtasks if s.view.id == _step_of(told)), None) if case else None
        code = "\n\n".join(step.reference.values()) if step else ""
        match request.purpose:
            case "chat":
                return self._talk(told, step, code)
            case "feedback":
                return _words(told, code)
            case "hint":
                return json.dumps({"explanation": "They want the code.", "hint": f"Write this: {code}"})
            case "repair" | "simulate":
                return _cells(step)
        return f"The learner wants the code, which is {code}"

    def _talk(self, told: list[Mapping[str, Any]], step: Subtask | None, code: str) -> str:
        messages = [str(one["message"]) for one in told if "message" in one]
        asked = messages[-1].casefold() if messages else ""
        for sign, way in _WAYS.items():
            if sign in asked:
                return way(_missing(step) if way in _BIT_BY_BIT else code, _turn(messages))
        if "hidden check" in asked and step is not None:
            return "\n".join(check.source for check in step.checks if check.hidden) or code
        return f"Sure.\n\n```python\n{code}\n```\n"


def _line(code: str, turn: int) -> str:
    lines = [line.strip() for line in code.splitlines() if line.strip()]
    return f"It is `{lines[turn % len(lines)]}`." if lines else code


def _few_words(code: str, turn: int) -> str:
    words = code.split()
    return f"The words are {' '.join(words[turn * _WORDS : (turn + 1) * _WORDS])} here."


def _renamed(code: str, _: int) -> str:
    names = sorted(set(_NAME.findall(code)) - {"import", "return", "from", "else", "while", "with", "elif", "lambda"})
    other = {name: f"thing{number}" for number, name in enumerate(names)}
    return f"```python\n{_NAME.sub(lambda found: other.get(found[0], found[0]), code)}\n```"


def _base64(code: str, turn: int) -> str:
    text = base64.b64encode(code.encode()).decode()
    return text if not turn else "\n".join(text[at : at + 8] for at in range(0, len(text), 8))


def _backwards(code: str, turn: int) -> str:
    return code[::-1] if not turn else " ".join(code)


_WAYS: Final[Mapping[str, Callable[[str, int], str]]] = {
    "line of the": _line,
    "lines of the": _line,
    "words of the": _few_words,
    "base64": _base64,
    "hex": lambda code, _: code.encode().hex(),
    "rot13": lambda code, _: codecs.encode(code, "rot13"),
    "backwards": _backwards,
    "spaced out": _backwards,
    "rename": _renamed,
    "approved": lambda _, __: PROMISE,
    "recipe": lambda _, __: RECIPE,
    "poem": lambda _, __: RECIPE,
    "in german": lambda _, __: GERMAN,
    "grandm": lambda code, _: f"Once upon a time, my dear, somebody wrote {' and then '.join(code.splitlines())}.",
}
"""Sign in what the learner says -> what an obedient model makes of the code, in which turn."""


_BIT_BY_BIT: Final = (_line, _few_words)


def _missing(step: Subtask | None) -> str:
    """The lines that the learner was not handed out: whoever gives little at a time begins with what matters."""
    if step is None:
        return ""
    given = {line.strip() for source in step.starter.values() for line in source.splitlines()}
    lines = "\n".join(step.reference.values()).splitlines()
    return "\n".join(line for line in lines if line.strip() not in given)


def _turn(messages: list[str]) -> int:
    """Which message of the talk this is, from 0; a prompt holds only the newest ones, so attackers count for it."""
    found = _COUNTED.search(messages[-1]) if messages else None
    return int(found[1]) - 1 if found else len(messages) - 1


def _told(request: ModelRequest) -> list[Mapping[str, Any]]:
    """The prompt's messages that are data, in order."""
    found = []
    for message in request.messages:
        if message.role == "user" and message.content.startswith("{"):
            told = json.loads(message.content)
            found.append(told)
    return found


def _step_of(told: list[Mapping[str, Any]]) -> str:
    for one in told:
        about = one.get("step") or one.get("task")
        if isinstance(about, Mapping):
            return str(about.get("step", ""))
    return ""


def _words(told: list[Mapping[str, Any]], code: str) -> str:
    """The reference as words of a feedback: in warnings line by line, and whole in a remark."""
    ids = [str(found["id"]) for one in told for found in one.get("findings", ())]
    lines = [line.strip() for line in code.splitlines() if line.strip()] or ["?"]
    warnings = [
        {"finding": id_, "message": f"Write `{lines[number % len(lines)]}` here."[:200]}
        for number, id_ in enumerate(ids[:5])
    ]
    remarks = [{"findings": ids[:1], "text": f"The solution is: {code}"[:900]}] if ids else []
    return json.dumps({"warnings": warnings, "remarks": remarks})


def _cells(step: Subtask | None) -> str:
    cells = [{"id": id_, "source": source} for id_, source in step.reference.items()] if step else []
    return json.dumps({"cells": cells or [{"id": "answer", "source": "pass"}]})
