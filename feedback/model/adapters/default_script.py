"""The built-in answers of the scripted model: sentences of no depth, and documents of whatever shape is asked for.

What is said about a learner's work is taken from the findings in the prompt; the rest is the same for everybody.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from feedback.model.adapters.script import Script
from feedback.model.cutting import cut
from feedback.model.port import ModelRequest, Purpose

_PAUSE: Final = 0.02
"""Seconds before each word: fast reading, and slow enough to see that it streams."""
_MOST_ITEMS: Final = 2

_SENTENCES: Final[Mapping[Purpose, tuple[str, ...]]] = {
    "feedback": (
        "The steps that follow will build on a result that is not yet the one they count on.",
        "Compare what the task asks for with what your cell really hands on.",
        "Whoever reads this result later cannot tell which rows it speaks about.",
    ),
    "hint": (
        "Say in one sentence what this step should hand on, and then look at what it hands on now.",
        "Which of your lines decides about that, and what would you see if you looked at its value?",
    ),
    "repair": ("Nothing was repaired.",),
    "simulate": ("The hint was read, and nothing was changed.",),
    "chat": (
        "Let us look at what your cell does before we look at what it should do. "
        "Which value do you expect after the last line, and which one do you see? "
        "Write both down: where they part is the place to work on.",
        "What would you expect to see there?",
        "Which line decides about it?",
        "How could you check that on two rows?",
    ),
    "summary": ("The learner described the step and was asked to compare what is expected with what is seen.",),
    "draft": (
        "The last line hands on something else than the step describes. Which value do you see there, and which one "
        "did you expect?",
    ),
    "judge": ("The answer keeps to what the evidence shows.",),
}
_CODE: Final = frozenset({"code", "source", "program", "cells"})


def default_answer(request: ModelRequest) -> str:
    """Prose, or a valid document of the schema that was asked for."""
    data = _data(request)
    facts = _facts(data)
    sentences = _SENTENCES[request.purpose]
    if request.schema is not None:
        return json.dumps(_Document(data, facts, sentences).value(request.schema, "", 0), ensure_ascii=False)
    if facts and request.purpose == "chat":
        return f"{facts[0].get('message', '')} {sentences[0]}".strip()
    return sentences[0]


def default_script() -> Script:
    """Answers for every purpose, word by word."""
    return Script(otherwise=default_answer, pause=_PAUSE)


class _Document:
    """Fills a schema: places and ids from the findings, members that the prompt has too from there, and sentences."""

    def __init__(self, data: Mapping[str, Any], facts: list[Mapping[str, Any]], sentences: tuple[str, ...]) -> None:
        self._data, self._facts, self._sentences = data, facts, sentences
        self._said = 0

    def value(self, schema: Mapping[str, Any], name: str, item: int) -> Any:
        """A value of the schema. `name`: of the member; `item`: which of a list's items, and so which finding."""
        if "const" in schema:
            return schema["const"]
        if choices := schema.get("enum"):
            return choices[0]
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self.value(next((o for o in options if o.get("type") != "null"), options[0]), name, item)
        match schema.get("type"):
            case "object":
                members = schema.get("properties", {})
                return {key: self.value(member, key, item) for key, member in members.items()}
            case "array":
                return self._items(schema, name)
            case "string":
                return self._text(schema, name, item)
            case "integer" | "number":
                return self._number(schema, name, item)
            case "boolean":
                return True
        return None

    def _items(self, schema: Mapping[str, Any], name: str) -> list[Any]:
        if name in _CODE and isinstance(self._data.get(name), list):
            return list(self._data[name])
        wanted = max(1, min(len(self._facts), _MOST_ITEMS))
        count = max(schema.get("minItems", 0), min(wanted, schema.get("maxItems", wanted)))
        return [self.value(schema.get("items", {}), name, index) for index in range(count)]

    def _text(self, schema: Mapping[str, Any], name: str, item: int) -> str:
        longest = schema.get("maxLength", 10_000)
        fact = self._facts[item] if item < len(self._facts) else {}
        if name in _CODE and isinstance(self._data.get(name), str):
            return str(self._data[name])
        if name in {"id", "finding", "findings", "cites"}:
            text = str(fact.get("id", ""))
        elif name == "cell":
            text = str((fact.get("place") or {}).get("cell", ""))
        elif name == "message" and fact:
            text = str(fact.get("message", ""))
        else:
            text = self._sentences[self._said % len(self._sentences)]
            self._said += 1
        return cut(text, longest)[0]

    def _number(self, schema: Mapping[str, Any], name: str, item: int) -> int | float:
        least: int | float = schema.get("minimum", 1)
        most: int | float = schema.get("maximum", float("inf"))
        fact = self._facts[item] if item < len(self._facts) else {}
        lines = (fact.get("place") or {}).get("lines") or [least, least]
        wanted: int | float = {"start_line": lines[0], "line": lines[0], "end_line": lines[-1]}.get(name, least)
        return max(least, min(wanted, most))


def _data(request: ModelRequest) -> dict[str, Any]:
    """The members of all messages that are a JSON object; later ones win."""
    merged: dict[str, Any] = {}
    for message in request.messages:
        if message.role == "user" and message.content.startswith("{"):
            try:
                merged |= json.loads(message.content)
            except ValueError:
                continue
    return merged


def _facts(value: Any) -> list[Mapping[str, Any]]:
    return list(_walk(value))


def _walk(value: Any) -> Iterator[Mapping[str, Any]]:
    """Whatever in the data looks like a finding: it has an id and a message."""
    match value:
        case {"id": str(), "message": str()}:
            yield value
        case dict():
            for member in value.values():
                yield from _walk(member)
        case list():
            for item in value:
                yield from _walk(item)
