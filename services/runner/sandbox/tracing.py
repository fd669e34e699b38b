"""A call with what its variables held on the way: for showing where a result comes about."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from .cells import place_of

MAX_STEPS = 40
MAX_TEXT = 40
RETURNED = "return"
"""Stands for the name of what a function gives back; no variable can be called so."""
_SIMPLE = (int, float, bool, str, type(None))


class Tracer:
    """Keeps each new value of the variables of code in cells: `[cell, line, name, text]`, up to MAX_STEPS of them."""

    def __init__(self) -> None:
        self.steps: list[list[Any]] = []
        self._held: dict[FrameType, dict[str, str]] = {}
        self._lines: dict[FrameType, int] = {}

    def call(self, function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
        """The call's result; its steps are in `steps`, also when it raises."""
        sys.settrace(self._enter)
        try:
            return function(*args, **kwargs)
        finally:
            sys.settrace(None)
            self._held.clear()

    def _enter(self, frame: FrameType, event: str, _: Any) -> Any:
        if event != "call" or place_of(frame.f_code.co_filename, 1) is None:
            return None
        self._lines[frame] = frame.f_lineno
        return self._step

    def _step(self, frame: FrameType, event: str, result: Any) -> Any:
        if len(self.steps) >= MAX_STEPS:
            sys.settrace(None)
            return None
        held = self._held.setdefault(frame, {})
        for name, value in frame.f_locals.items():
            text = plain_text(value)
            if held.get(name) != text and name.isidentifier():
                held[name] = text
                self._keep(frame, name, text)
        if event == "return":
            self._lines[frame] = frame.f_lineno
            self._keep(frame, RETURNED, plain_text(result))
        self._lines[frame] = frame.f_lineno
        return self._step

    def _keep(self, frame: FrameType, name: str, text: str) -> None:
        place = place_of(frame.f_code.co_filename, self._lines[frame])
        if place is not None and len(self.steps) < MAX_STEPS:
            self.steps.append([place["id"], place["line"], name[:80], text])


def plain_text(value: Any, depth: int = 2) -> str:
    """The value as short text; calls nothing of the value's own."""
    kind = type(value)
    if kind in _SIMPLE:
        if kind is int and value.bit_length() > 100:
            return "int"
        return repr(value[:MAX_TEXT] if kind is str else value)[:MAX_TEXT]
    if kind in (list, tuple) and depth:
        inner = ", ".join(plain_text(item, depth - 1) for item in value[:8])
        more = ", …" if len(value) > 8 else ""
        return (f"[{inner}{more}]" if kind is list else f"({inner}{more})")[:MAX_TEXT]
    if kind is dict and depth:
        pairs = list(dict.items(value))[:8]
        return ("{" + ", ".join(f"{plain_text(k, 0)}: {plain_text(v, depth - 1)}" for k, v in pairs) + "}")[:MAX_TEXT]
    return str(type.__dict__["__name__"].__get__(kind))[:MAX_TEXT]
