import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from feedback.evidence.difference import Difference
from feedback.evidence.error_types import OWN, known_type
from feedback.findings.voice import code, one_line
from services.contracts.observation import CodeError, Lost


@cache
def _sentences() -> dict[str, Any]:
    return tomllib.loads(files("feedback.words").joinpath("sentences.toml").read_text("utf-8"))


@cache
def _exceptions() -> dict[str, tuple[tuple[re.Pattern[str], str], ...]]:
    found: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for entry in _sentences()["exception"]:
        found.setdefault(entry["type"], []).append((re.compile(entry.get("match", ""), re.S), entry["says"]))
    return {kind: tuple(entries) for kind, entries in found.items()}


def said_exception(error: CodeError, *, quote: bool) -> str:
    """One sentence on what this error means.

    `quote`: its message may be shown. Never for what a hidden check or call did: it may hold what they passed in.
    """
    message = error.message[:2_000]
    for pattern, says in _exceptions().get(error.type, ()):
        found = pattern.search(message)
        if found is not None and (quote or "{0}" not in says):
            return says.format(*map(code, (group or "" for group in found.groups())))
    if not quote and known_type(error.type) == OWN:
        return "Python stops with an error of your own and cannot go on."
    if not quote or not message.strip():
        return f"Python stops with {code(error.type)} and cannot go on."
    return f"Python stops with {code(error.type)}: {one_line(message, 160)}"


def said_lost(lost: Lost, *, whole: bool) -> str:
    """What it means that the whole run, or one check or call, was not heard of any more."""
    return str(_sentences()["run" if whole else "call"][lost])


def said_value(name: str | None, difference: Difference) -> str:
    """What a difference means; `name` is None where it must not be said."""
    table: dict[str, str] = _sentences()["value"]
    says = table.get(difference.aspect, table["values"])
    if difference.inside:
        says = table.get(f"{difference.aspect}-inside", table["values"])
    elif difference.trend:
        says = table.get(f"{difference.aspect}-trend", says)
    return says.format(code(name) if name else "A value of this step", difference.trend)


def said_result(function: str | None, difference: Difference) -> str:
    """What a difference in a call's result means. The arguments stay unsaid."""
    table: dict[str, str] = _sentences()["result"]
    says = table.get(difference.aspect, table["values"])
    sentence = says.format(code(f"{function}(…)") if function else "a function of this step")
    return sentence[:1].upper() + sentence[1:]


def sentence(aspect: str, *parts: object) -> str:
    """How results come about, by the aspect of a `Behaves` clue."""
    says = str(_sentences()["behaviour"][aspect]).format(*parts)
    return says[:1].upper() + says[1:]


def small_example(*keys: str | None) -> str | None:
    """A small unrelated example for the first of these exception types, aspects or kinds that has one."""
    table: dict[str, str] = _sentences()["example"]
    return next((table[key].strip("\n") for key in keys if key and key in table), None)
