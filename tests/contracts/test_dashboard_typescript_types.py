"""The dashboard's TypeScript types name exactly the fields of the wire models, so that a change here breaks there."""

import re
from pathlib import Path
from typing import Final

import pytest
from pydantic import BaseModel

from case_uploader.format.problem import CaseProblem
from services.contracts import (
    brief,
    case,
    case_report,
    case_version,
    classroom,
    errors,
    escalation,
    evaluated_sample,
    evaluation,
    feedback,
    finding,
    labelling,
    lint,
    measures,
    notebook,
    output,
    progress,
    regrade,
    session,
    style,
    upload,
)
from services.gateway.dashboard.runs import RunCode
from services.gateway.dashboard.sign_in_endpoints import Me

API: Final = Path(__file__).resolve().parents[2] / "web" / "dashboard" / "src" / "api"
FILES: Final = (
    "types.ts",
    "mentoring-types.ts",
    "session-types.ts",
    "desk-types.ts",
    "authoring-types.ts",
    "report-types.ts",
    "quality-types.ts",
)
SOURCE: Final = "".join((API / name).read_text() for name in FILES)
NAMES: Final[dict[type[BaseModel], str]] = {RunCode: "Run"}
MODELS: tuple[type[BaseModel], ...] = (
    notebook.Cell,
    notebook.Place,
    finding.Evidence,
    finding.Hint,
    finding.Finding,
    feedback.LocalizedWarning,
    feedback.CheckResult,
    feedback.Feedback,
    feedback.Stage,
    progress.VersionSummary,
    progress.Version,
    lint.TextEdit,
    lint.Fix,
    lint.LintFinding,
    lint.ToolRun,
    lint.LintReport,
    errors.ErrorBody,
    escalation.LineComment,
    escalation.Note,
    escalation.WriteNote,
    escalation.AnswerEscalation,
    escalation.QueueItem,
    escalation.QueuePage,
    escalation.MemoryEntry,
    escalation.MemoryPage,
    output.Output,
    output.CellOutputs,
    escalation.EscalationFull,
    escalation.EditMemory,
    escalation.Phrase,
    measures.WeekFigures,
    measures.Measures,
    upload.OpenUpload,
    upload.UploadView,
    upload.UploadStep,
    case_version.CaseVersion,
    case_version.CellChange,
    case_version.CheckChange,
    case_version.VersionChanges,
    regrade.RegradeItem,
    regrade.RegradeView,
    CaseProblem,
    case_report.TrialLine,
    case_report.MutantLine,
    case_report.SubtaskLine,
    case_report.Gate,
    case_report.CaseReport,
    session.SessionEvent,
    session.Gap,
    session.SessionSummary,
    session.ReplayCell,
    session.Instant,
    session.SessionPart,
    case.CaseSummary,
    style.Dismissal,
    brief.CellDifference,
    brief.Brief,
    classroom.Watch,
    classroom.ClassSubtask,
    classroom.ClassRow,
    classroom.ClassView,
    classroom.LearnersWork,
    evaluation.Interval,
    evaluation.RunHeading,
    evaluation.RunPage,
    evaluation.ScoreFigures,
    evaluation.HeatTile,
    evaluation.HeatRow,
    evaluation.VerdictCount,
    evaluation.JudgeState,
    evaluation.RunFigures,
    evaluation.ScoreChange,
    evaluation.RunComparison,
    evaluated_sample.SampleLine,
    evaluated_sample.SamplePage,
    evaluated_sample.CodeLine,
    evaluated_sample.CodeCell,
    evaluated_sample.PlacedWords,
    evaluated_sample.GivenAnswer,
    evaluated_sample.ExpectedProblem,
    evaluated_sample.SampleScore,
    evaluated_sample.JudgeOpinion,
    evaluated_sample.EvaluatedSample,
    evaluated_sample.JudgeMessage,
    evaluated_sample.JudgeExchange,
    labelling.LabelItem,
    labelling.LabelPage,
    labelling.GiveLabel,
    labelling.LabelGiven,
    Me,
    RunCode,
)
CHOICES: tuple[tuple[type[BaseModel], str], ...] = (
    (feedback.Stage, "name"),
    (feedback.Feedback, "verdict"),
    (feedback.Feedback, "fault"),
    (finding.Finding, "kind"),
    (finding.Finding, "severity"),
    (lint.LintFinding, "severity"),
    (escalation.QueueItem, "state"),
    (escalation.QueueItem, "reason"),
    (escalation.Note, "author"),
    (session.SessionEvent, "kind"),
    (session.ReplayCell, "kind"),
    (brief.CellDifference, "against"),
    (style.Dismissal, "severity"),
    (classroom.Watch, "rule"),
    (classroom.ClassSubtask, "state"),
    (case.CaseSummary, "level"),
    (evaluation.ScoreFigures, "kind"),
    (evaluation.ScoreChange, "decision"),
    (evaluation.RunComparison, "outcome"),
    (evaluated_sample.CodeCell, "kind"),
    (evaluated_sample.PlacedWords, "kind"),
    (evaluated_sample.JudgeOpinion, "good"),
    (evaluated_sample.JudgeMessage, "role"),
    (evaluated_sample.JudgeExchange, "look"),
    (evaluated_sample.JudgeExchange, "order"),
    (labelling.GiveLabel, "answer"),
    (labelling.LabelGiven, "drawn"),
)


def interfaces() -> dict[str, dict[str, str]]:
    """Field name -> type text of each interface, inherited fields included."""
    found: dict[str, dict[str, str]] = {}
    pattern = r"export interface (\w+)(?: extends (\w+))? \{(.*?)\n\}"
    for name, parent, body in re.findall(pattern, SOURCE, flags=re.S):
        found[name] = found.get(parent, {}) | dict(re.findall(r"^  (\w+): (.*?);$", body, flags=re.M | re.S))
    return found


def fields_of(model: type[BaseModel]) -> dict[str, str]:
    return interfaces()[NAMES.get(model, model.__name__)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_fields_are_those_of_the_wire_model(model: type[BaseModel]) -> None:
    assert set(fields_of(model)) == set(model.model_fields)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_may_be_null_is_said_so(model: type[BaseModel]) -> None:
    nullable = {name for name, text in fields_of(model).items() if text.endswith("| null")}
    schema = model.model_json_schema()["properties"]
    assert nullable == {name for name in schema if {"type": "null"} in schema[name].get("anyOf", [])}


def literals(model: type[BaseModel], field: str) -> set[str]:
    """The texts that a field may be."""
    schema = model.model_json_schema()
    described = schema["properties"][field]
    if "$ref" in described:
        described = schema["$defs"][described["$ref"].rsplit("/", 1)[1]]
    return set(described["enum"])


@pytest.mark.parametrize(("model", "field"), CHOICES, ids=str)
def test_the_words_of_a_choice_are_those_of_the_wire_model(model: type[BaseModel], field: str) -> None:
    text = fields_of(model)[field]
    aliases = dict(re.findall(r"export type (\w+) =(.*?);", SOURCE, flags=re.S))
    assert set(re.findall(r"'(\w+)'", aliases.get(text, text))) == literals(model, field)
