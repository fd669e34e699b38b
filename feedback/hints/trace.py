"""How a hint came about, for evaluation. Holds what learners must never see: candidates, explanation."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from feedback.model.port import ModelRequest


@dataclass
class Trace:
    """Notes taken while a hint is made."""

    model: str | None
    started: float = field(default_factory=time.perf_counter)
    notes: dict[str, Any] = field(default_factory=dict)

    def note(self, **notes: JsonValue) -> None:
        """Keep these facts; a later one of the same name replaces an earlier one."""
        self.notes |= notes

    def add(self, name: str, entry: Mapping[str, JsonValue]) -> None:
        """Add to a list of entries, with the time that has passed."""
        self.notes.setdefault(name, []).append({**entry, "at_ms": self._ms()})

    def prompt(self, request: ModelRequest) -> None:
        """Keep a prompt's digest and settings, not its text: it can be made again from the hint's cells."""
        text = json.dumps([[m.role, m.content] for m in request.messages], ensure_ascii=True)
        self.add(
            "prompts",
            {
                "purpose": request.purpose,
                "digest": hashlib.sha256(text.encode()).hexdigest(),
                "temperature": request.temperature,
                "seed": request.seed,
            },
        )

    def object(self, objection: str) -> None:
        """Note what speaks against the text that was written last."""
        self.notes["written"][-1]["objection"] = objection

    @property
    def objections(self) -> tuple[str, ...]:
        """What spoke against the texts that were written, in order."""
        return tuple(written["objection"] for written in self.notes.get("written", ()) if written["objection"])

    def text(self) -> str:
        """All of it as JSON."""
        return json.dumps({"model": self.model, **self.notes, "total_ms": self._ms()})

    def _ms(self) -> float:
        return round((time.perf_counter() - self.started) * 1000, 1)
