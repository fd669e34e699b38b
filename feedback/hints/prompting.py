"""The prompts of a hint. What is the same for many comes first: text, then task, then what is the learner's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pydantic import BaseModel, Field, JsonValue

from feedback.findings.voice import Voice
from feedback.hints.settings import HintSettings
from feedback.hints.task import Answers, HintTask
from feedback.model.port import ModelMessage, ModelRequest, Purpose
from feedback.privacy.redaction import Redactor
from feedback.prompts.channel import data_message, harmless
from feedback.prompts.criteria import criteria
from feedback.prompts.facts import facts
from feedback.prompts.texts import prompt
from services.contracts.finding import Finding

MAX_SOURCE: Final = 8_000
MAX_CONTEXT: Final = 6_000
MAX_EARLIER: Final = 4
MAX_HINT: Final = 1_200
_HINT_TOKENS: Final = 500


class AnswerCell(BaseModel):
    """One answer cell as a model writes it."""

    id: str
    source: str


class AnswerCells(BaseModel):
    """A repair, or what the simulated learner makes of a hint."""

    cells: list[AnswerCell] = Field(min_length=1, max_length=40)

    def answers(self, known: Answers) -> Answers:
        """The cells that exist, by id; what the model left out stays as it was."""
        return {**known, **{cell.id: cell.source for cell in self.cells if cell.id in known}}


class WrittenHint(BaseModel):
    """What a model thinks, and what it wants the learner to read."""

    explanation: str
    hint: str = Field(min_length=1, max_length=MAX_HINT)


@dataclass(frozen=True)
class Prompts:
    """Makes every request of one hint. Nothing of the reference, the hidden checks or a repair is in any of them."""

    task: HintTask
    settings: HintSettings

    def repair(self, findings: Sequence[Finding], seed: int) -> ModelRequest:
        """Ask for a repair of the learner's answer."""
        parts = {**self._known(), "findings": _json(facts(findings, self._redactor.text))}
        return self._request("repair", "hint_repair", parts, self.settings.repair_tokens, 0.7, seed)

    def faster(self, seed: int) -> ModelRequest:
        """Ask for a version of the learner's answer that takes less time."""
        return self._request("repair", "hint_faster", self._known(), self.settings.repair_tokens, 0.7, seed)

    def simulate(self, hint: str) -> ModelRequest:
        """Ask what a learner makes of the hint."""
        parts = {**self._known(), "hint": hint}
        return self._request("simulate", "hint_simulate", parts, self.settings.repair_tokens, 0.0, 1)

    def hint(
        self,
        findings: Sequence[Finding],
        changes: Sequence[Mapping[str, JsonValue]],
        reflection: str | None,
        objection: str | None,
    ) -> ModelRequest:
        """Ask for the hint itself."""
        parts: dict[str, JsonValue] = {
            "task": criteria(self.task.case, self.task.subtask),
            "rules": self._rules(),
            "earlier_hints": [self._clean(text, MAX_HINT) for text in self.task.earlier[-MAX_EARLIER:]],
            "cells": self._cells(),
            "findings": _json(facts(findings, self._redactor.text)),
            "changes": _json(list(changes)),
        }
        if reflection is not None:
            parts["reflection"] = self._clean(reflection, 2_000)
        if objection is not None:
            parts["objection"] = objection
        return self._request(
            "hint", f"hint_{self.task.kind}", parts, _HINT_TOKENS, 0.0 if objection is None else 0.3, 1
        )

    def _request(
        self, purpose: Purpose, text: str, parts: Mapping[str, JsonValue], tokens: int, temperature: float, seed: int
    ) -> ModelRequest:
        return ModelRequest(
            purpose=purpose,
            messages=(ModelMessage("system", prompt(text)), data_message(parts)),
            max_tokens=tokens,
            temperature=temperature,
            seed=seed,
            tenant=self.task.case.version,
        )

    def _known(self) -> dict[str, JsonValue]:
        return {
            "task": criteria(self.task.case, self.task.subtask),
            "context": self._context(),
            "cells": self._cells(),
        }

    def _cells(self) -> list[JsonValue]:
        return [{"id": id_, "source": self._clean(text, MAX_SOURCE)} for id_, text in self.task.answers.items()]

    def _context(self) -> str:
        """The learner's code before this step, its end if there is too much of it."""
        sources = "\n\n".join(self.task.code_before)
        return self._clean(sources[-MAX_CONTEXT:], MAX_CONTEXT)

    def _rules(self) -> dict[str, JsonValue]:
        strict = self.task.scope.strictness == "strict"
        rules: dict[str, JsonValue] = {
            "examples": "none" if strict else "one small example from another subject, in words, if it helps",
            "line_numbers": "only those in findings" if strict else "those in findings and changes",
        }
        return rules | ({"languages": list(self.task.scope.languages)} if self.task.scope.languages else {})

    def _clean(self, text: str, limit: int) -> str:
        return harmless(self._redactor.text(text), limit)

    @cached_property
    def _redactor(self) -> Redactor:
        return Redactor(self.task.scope.user, Voice.of(self.task.case).public)


def _json(values: Sequence[Mapping[str, JsonValue]]) -> list[JsonValue]:
    return [dict(value) for value in values]
