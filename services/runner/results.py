"""What a session said -> an Observation. Everything in it is checked against what was asked."""

from typing import Any, get_args

from pydantic import ValidationError

from services.contracts.notebook import Place
from services.contracts.observation import (
    CapturedText,
    CellOutcome,
    CheckOutcome,
    CodeError,
    Lost,
    Observation,
    Operands,
    ProbeOutcome,
    RunRequest,
    Step,
)
from services.runner.sandbox.wire import Garbled

_MAX_STEPS, _MAX_STEP_TEXT = 40, 40
_REASONS = frozenset(get_args(Lost))


class Results:
    """Gathers one run's answers. Raises Garbled for what was never asked or is not of the agreed shape."""

    def __init__(self, request: RunRequest) -> None:
        self._request = request
        self._cells: list[CellOutcome] = []
        self._checks: list[CheckOutcome] = []
        self._probes: list[ProbeOutcome] = []
        self._lost: Lost | None = None
        self._optional = {probe.id for probe in request.probes if probe.optional}
        self._places = {cell.id for cell in request.cells} | {check.id for check in request.checks}

    def lose(self, reason: Lost) -> None:
        """Nothing more comes."""
        self._lost = self._lost or reason

    def may_ask(self) -> bool:
        """Whether the learner's process is still there to be asked."""
        return self._lost is None

    def take_cells(self, answers: Any) -> None:
        """The outcomes of the cells that were run, in order."""
        if not isinstance(answers, list) or len(answers) > len(self._request.cells):
            raise Garbled("cells")
        try:
            for cell, answer in zip(self._request.cells, answers, strict=False):
                outcome = self._cell(cell.id, answer)
                self._cells.append(outcome)
                if outcome.lost is not None:
                    self.lose(outcome.lost)
        except (ValidationError, AttributeError, KeyError, TypeError):
            raise Garbled("a cell's outcome") from None

    def _cell(self, cell_id: str, answer: dict[str, Any]) -> CellOutcome:
        error = self._error(answer.get("error"))
        lost = _reason(answer["lost"]) if "lost" in answer else None
        status = "lost" if lost else "ok" if answer["ok"] is True and error is None else "error"
        if status == "error" and error is None:
            raise Garbled("an error without words")
        result = answer.get("result")
        return CellOutcome(
            id=cell_id,
            status=status,
            error=error if status == "error" else None,
            lost=lost,
            result=result[: self._request.limits.output_chars] if isinstance(result, str) else None,
            stdout=CapturedText.model_validate(answer["stdout"]),
            stderr=CapturedText.model_validate(answer["stderr"]),
            wall_ms=answer["wall_ms"],
            cpu_ms=answer["cpu_ms"],
        )

    def _error(self, said: Any) -> CodeError | None:
        if said is None:
            return None
        kind, message = said["type"], said["message"]
        if not isinstance(kind, str) or not isinstance(message, str):
            raise Garbled("an error")
        return CodeError(type=kind[:200], message=message[:2_000], place=self._place(said.get("place")))

    def _place(self, said: Any) -> Place | None:
        """A place the learner's process claims; one that was never sent there is no place."""
        if not isinstance(said, dict) or said.get("id") not in self._places:
            return None
        line = said.get("line")
        return Place(cell=said["id"], line=line if isinstance(line, int) and line >= 1 else None)

    def take_answer(self, message: dict[str, Any], nonce: str) -> None:
        """One answer to a check or probe: the next that was asked, with the nonce, or nothing."""
        try:
            answer = message["answer"]
            if "lost" not in answer and answer["nonce"] != nonce:
                raise Garbled("a nonce")
            if message["event"] == "check":
                self._checks.append(self._check(message["id"], answer))
            elif message["event"] == "probe":
                self._probes.append(self._probe(message["id"], answer))
            else:
                raise Garbled("an event")
        except (ValidationError, AttributeError, KeyError, TypeError, ValueError, IndexError):
            raise Garbled("an answer") from None

    def _check(self, check_id: str, answer: dict[str, Any]) -> CheckOutcome:
        if check_id != self._request.checks[len(self._checks)].id:
            raise Garbled("a check that was not asked")
        operands = tuple(Operands.model_validate(o) for o in answer.get("operands", ())[:100])
        if "lost" in answer:
            return CheckOutcome(id=check_id, status="lost", lost=_reason(answer["lost"]), operands=operands)
        error = self._error(answer.get("error"))
        status = answer["status"]
        if (status == "passed") != (error is None):
            raise Garbled("a check's outcome")
        return CheckOutcome(id=check_id, status=status, error=error, operands=operands)

    def _probe(self, probe_id: str, answer: dict[str, Any]) -> ProbeOutcome:
        asked = self._request.probes[len(self._probes)]
        if probe_id != asked.id or answer.get("id", probe_id) != probe_id:
            raise Garbled("a probe that was not asked")
        if "lost" in answer:
            return ProbeOutcome(id=probe_id, lost=_reason(answer["lost"]))
        trace = self._trace(answer.get("trace", ())) if asked.trace else ()
        if "error" in answer:
            return ProbeOutcome(id=probe_id, error=self._error(answer["error"]), trace=trace)
        if answer.get("missing") is True:
            return ProbeOutcome(id=probe_id, missing=True)
        if not isinstance(answer["value"].get("kind"), str):
            raise Garbled("a value")
        return ProbeOutcome(id=probe_id, value=answer["value"], trace=trace)

    def _trace(self, said: Any) -> tuple[Step, ...]:
        """Steps the learner's process claims; those in no cell that was sent are none."""
        found = []
        for cell, line, name, text in list(said)[:_MAX_STEPS]:
            place = self._place({"id": cell, "line": line})
            if place is not None and isinstance(name, str) and isinstance(text, str):
                found.append(Step(place=place, name=name[:80], text=text[:_MAX_STEP_TEXT]))
        return tuple(found)

    def observation(self, memory: Lost | None, wall_ms: float) -> Observation:
        """All of it; what is not there was lost. `memory` replaces the reason where the kernel said so."""
        lost = memory if memory and self.missing() and self._lost in (None, "ended", "time", "cpu") else self._lost
        cells = self._all_cells(lost)
        checks = self._all_checks(lost or "ended")
        probes = self._all_probes(lost or "ended")
        reasons = [check.lost for check in checks] + [probe.lost for probe in probes if probe.id not in self._optional]
        first_lost = lost or next((reason for reason in reasons if reason), None)
        return Observation(
            cells=cells,
            checks=checks,
            probes=probes,
            complete=first_lost is None,
            lost=first_lost,
            wall_ms=wall_ms,
            cpu_ms=sum(cell.cpu_ms for cell in cells),
        )

    def missing(self) -> bool:
        """Whether anything was lost that had to be there."""
        asked, got = self._request, self
        answered = len(got._checks) == len(asked.checks) and len(got._probes) == len(asked.probes)
        needed = [probe for probe in got._probes if probe.id not in got._optional]
        any_lost = any(check.lost for check in got._checks) or any(probe.lost for probe in needed)
        return self._lost is not None or not answered or any_lost

    def _all_cells(self, lost: Lost | None) -> tuple[CellOutcome, ...]:
        cells = [c.model_copy(update={"lost": lost}) if c.lost and lost else c for c in self._cells]
        # The session broke off within its first cell, or said nothing readable about them.
        if not cells and lost is not None and self._request.cells:
            cells = [CellOutcome(id=self._request.cells[0].id, status="lost", lost=lost)]
        rest = self._request.cells[len(cells) :]
        return (*cells, *(CellOutcome(id=cell.id, status="not_run") for cell in rest))

    def _all_checks(self, lost: Lost) -> tuple[CheckOutcome, ...]:
        rest = self._request.checks[len(self._checks) :]
        return (*self._checks, *(CheckOutcome(id=check.id, status="lost", lost=lost) for check in rest))

    def _all_probes(self, lost: Lost) -> tuple[ProbeOutcome, ...]:
        rest = self._request.probes[len(self._probes) :]
        return (*self._probes, *(ProbeOutcome(id=probe.id, lost=lost) for probe in rest))


def _reason(said: Any) -> Lost:
    if said not in _REASONS:
        raise Garbled("a reason")
    reason: Lost = said
    return reason
