"""The extension's TypeScript types name exactly the fields of the wire models, so that a change here breaks there."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from services.contracts import (
    assistance,
    case,
    chat,
    errors,
    escalation,
    feedback,
    finding,
    hint,
    lab,
    lint,
    notebook,
    output,
    progress,
    session,
    style,
    words,
)

API = Path(__file__).resolve().parents[2] / "web" / "labextension" / "src" / "api"
NAMES = ("types.ts", "assisted-types.ts", "mentor-types.ts", "session-types.ts", "style-types.ts")
SOURCE = "".join((API / name).read_text() for name in NAMES)
MODELS: tuple[type[BaseModel], ...] = (
    notebook.Cell,
    notebook.Place,
    case.SubtaskView,
    progress.SubtaskProgress,
    progress.VersionSummary,
    progress.Version,
    progress.SavedSummary,
    progress.SavedNotebook,
    finding.Evidence,
    finding.Hint,
    finding.Finding,
    feedback.LocalizedWarning,
    feedback.CheckResult,
    feedback.Feedback,
    feedback.Stage,
    lint.TextEdit,
    lint.Fix,
    lint.LintFinding,
    lint.ToolRun,
    lint.LintReport,
    lab.LabSubtask,
    lab.LabCase,
    lab.LabCheck,
    lab.LabReview,
    lab.LabFeedback,
    style.Dismiss,
    style.Remark,
    style.Dismissal,
    style.StyleStanding,
    style.StyleKept,
    lab.LabReviewed,
    lab.LabWords,
    lab.LabWorded,
    lab.LabChatReset,
    assistance.AiChoice,
    assistance.Assistance,
    words.WordsPart,
    hint.AskHint,
    hint.Reflect,
    hint.RateHint,
    hint.HintView,
    hint.HintsLeft,
    hint.HintShelf,
    chat.AskChat,
    chat.Cited,
    chat.Message,
    chat.Conversation,
    chat.ChatDelta,
    chat.ChatRetracted,
    chat.ChatDone,
    escalation.LineComment,
    escalation.Note,
    escalation.Offer,
    output.NotebookOutputs,
    escalation.Escalate,
    escalation.WriteNote,
    escalation.RateAnswer,
    escalation.EscalationView,
    escalation.RateMemory,
    session.SessionEvent,
    session.EventBatch,
    session.RecordingChoice,
    session.Recording,
    errors.ErrorBody,
)


def interfaces() -> dict[str, dict[str, str]]:
    """Field name -> type text of each interface, inherited fields included."""
    found: dict[str, dict[str, str]] = {}
    pattern = r"export interface (\w+)(?: extends (\w+))? \{(.*?)\n\}"
    for name, parent, body in re.findall(pattern, SOURCE, flags=re.S):
        found[name] = found.get(parent, {}) | dict(re.findall(r"^  (\w+): (.*?);$", body, flags=re.M | re.S))
    return found


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_fields_are_those_of_the_wire_model(model: type[BaseModel]) -> None:
    assert set(interfaces()[model.__name__]) == set(model.model_fields)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_may_be_null_is_said_so(model: type[BaseModel]) -> None:
    fields = interfaces()[model.__name__]
    nullable = {name for name, text in fields.items() if text.endswith("| null")}
    schema = model.model_json_schema()["properties"]
    assert nullable == {name for name in schema if {"type": "null"} in schema[name].get("anyOf", [])}


def literals(model: type[BaseModel], field: str) -> set[str]:
    """The texts that a field may be."""
    schema = model.model_json_schema()
    described = schema["properties"][field]
    if "anyOf" in described:
        described = next(choice for choice in described["anyOf"] if choice != {"type": "null"})
    if "allOf" in described:
        described = described["allOf"][0]
    if "$ref" in described:
        described = schema["$defs"][described["$ref"].rsplit("/", 1)[1]]
    return set(described["enum"])


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (feedback.Stage, "name"),
        (feedback.Feedback, "fault"),
        (feedback.Feedback, "verdict"),
        (finding.Finding, "kind"),
        (finding.Hint, "step"),
        (progress.SubtaskProgress, "state"),
        (lint.LintFinding, "category"),
        (lint.LintFinding, "tool"),
        (lab.LabReviewed, "may_remain"),
        (assistance.Assistance, "mode"),
        (hint.HintView, "kind"),
        (hint.HintView, "state"),
        (hint.HintView, "stage"),
        (hint.HintView, "words_by"),
        (chat.Message, "role"),
        (chat.Message, "intent"),
        (chat.Message, "words_by"),
        (escalation.EscalationView, "state"),
        (escalation.EscalationView, "reason"),
        (escalation.Note, "author"),
        (session.SessionEvent, "kind"),
    ],
    ids=str,
)
def test_the_words_of_a_choice_are_those_of_the_wire_model(model: type[BaseModel], field: str) -> None:
    text = interfaces()[model.__name__][field]
    aliases = dict(re.findall(r"export type (\w+) =(.*?);", SOURCE, flags=re.S))
    assert set(re.findall(r"'(\w+)'", aliases.get(text.removesuffix(" | null"), text))) == literals(model, field)
