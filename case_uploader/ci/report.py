"""Put together what trials and mutants gave."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from case_uploader.format.case_folder import CaseDraft
from case_uploader.format.manifest import MANIFEST_FILE, CiManifest
from case_uploader.format.problem import Problems
from services.contracts.case_report import CaseReport, Gate, MutantLine, MutantOutcome, SubtaskLine, TrialLine

EQUIVALENT: tuple[MutantOutcome, ...] = ("same_code", "same_result", "declared")
SHOWN_NOTES = 20
"""Missed mutants that a refusal lists; the report holds them all."""


@dataclass
class Findings:
    """What a run of the CI has found so far."""

    trials: list[TrialLine] = field(default_factory=list)
    mutants: list[MutantLine] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    """Subtask -> how long a check of the reference takes."""
    mutant_seconds: float = 0
    left_out: int = 0

    @property
    def missed(self) -> int:
        """How many mutants were missed so far."""
        return sum(mutant.outcome == "missed" for mutant in self.mutants)


def build_report(draft: CaseDraft, found: Findings, seconds: float) -> CaseReport:
    """The report of one run."""
    return CaseReport(
        case=draft.author.id,
        version=draft.version,
        title=draft.author.title,
        at=datetime.now(UTC),
        seconds=round(seconds, 3),
        mutant_seconds=round(found.mutant_seconds, 3),
        trials=tuple(found.trials),
        mutants=tuple(found.mutants),
        subtasks=tuple(
            SubtaskLine(
                id=subtask.view.id,
                title=subtask.view.title,
                points=subtask.view.points,
                seconds=found.seconds.get(subtask.view.id),
                caught=_count(found.mutants, subtask.view.id, "caught"),
                missed=_count(found.mutants, subtask.view.id, "missed"),
                equivalent=_count(found.mutants, subtask.view.id, *EQUIVALENT),
                not_judged=_count(found.mutants, subtask.view.id, "not_judged"),
            )
            for subtask in draft.author.subtasks
        ),
        left_out=found.left_out,
        gate=_gate(draft.ci, found.mutants),
    )


def _count(mutants: Sequence[MutantLine], subtask: str, *outcomes: MutantOutcome) -> int:
    return sum(mutant.subtask == subtask and mutant.outcome in outcomes for mutant in mutants)


def _gate(wanted: CiManifest, mutants: Sequence[MutantLine]) -> Gate:
    caught = sum(mutant.outcome == "caught" for mutant in mutants)
    judged = caught + sum(mutant.outcome == "missed" for mutant in mutants)
    unknown = sum(mutant.outcome == "not_judged" for mutant in mutants)
    score = caught / judged if judged else None
    gate = Gate(threshold=wanted.threshold, score=score)
    if wanted.threshold is None:
        return gate
    if unknown:
        why = f"{unknown} mutants could not be judged, so nobody knows whether the checks see them; check again"
        return gate.model_copy(update={"passed": False, "why": why})
    if score is None or score >= wanted.threshold:
        return gate
    why = (
        f"the checks catch {caught} of {judged} small faults ({score:.0%}), and the case demands {wanted.threshold:.0%}"
    )
    return gate.model_copy(update={"passed": False, "why": why})


def add_gate_problems(report: CaseReport, file: str, problems: Problems) -> None:
    """Record why the gate refuses, and the faults that nothing sees."""
    if report.gate.passed:
        return
    problems.add("ci-gate", f"{report.gate.why}; the missed ones are listed", file=MANIFEST_FILE, cell="ci.threshold")
    for mutant in [m for m in report.mutants if m.outcome == "missed"][:SHOWN_NOTES]:
        problems.note(
            "mutant-missed",
            f"{mutant.subtask}: {mutant.title} ({mutant.operator}, {mutant.id}): `{mutant.before[:80]}` became "
            f"`{mutant.after[:80]}`, and it is approved",
            file=file,
            cell=f"{mutant.cell}, line {mutant.line}",
        )


def add_unknown_declarations(ci: CiManifest, mutants: Sequence[MutantLine], left_out: int, problems: Problems) -> None:
    """Note what is declared equivalent and is not there (any more), or was caught."""
    outcomes = {mutant.id: mutant.outcome for mutant in mutants}
    for number, entry in enumerate(ci.equivalent):
        place, outcome = f"ci.equivalent[{number}]", outcomes.get(entry.mutant)
        if outcome is None and not left_out:
            message = f"there is no mutant {entry.mutant} (any more); take the entry out"
        elif outcome == "caught":
            message = f"the mutant {entry.mutant} is caught, so it is not equivalent; take the entry out"
        else:
            continue
        problems.note("ci-declared", message, file=MANIFEST_FILE, cell=place)
