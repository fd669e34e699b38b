from services.contracts.feedback import Feedback, LocalizedWarning, Verdict
from services.contracts.words import Words
from services.progress.errors import NotReworded, WordsOutOfPlace


def reworded(feedback: Feedback | None, words: Words) -> Feedback:
    """The feedback with other words: headline, warnings, remarks and who wrote them. Nothing else of it is read.

    A feedback that has a model's or a mentor's words already is returned as it is.

    Raises NotReworded, WordsOutOfPlace.
    """
    if feedback is None or feedback.verdict is not Verdict.NEEDS_WORK:
        found = "not judged yet" if feedback is None else f"{feedback.verdict}"
        raise NotReworded(f"Only a submission that needs work takes other words; this one is {found}.")
    if words.words_by != "model":
        raise NotReworded(f"Only a model's words replace those of the rules; these are by {words.words_by!r}.")
    if feedback.words_by != "rules":
        return feedback
    for warning in words.warnings:
        _require_place(feedback, warning)
    return feedback.model_copy(
        update={
            "headline": words.headline,
            "warnings": words.warnings,
            "remarks": words.remarks,
            "words_by": words.words_by,
        }
    )


def _require_place(feedback: Feedback, warning: LocalizedWarning) -> None:
    finding = next((f for f in feedback.findings if f.id == warning.finding), None)
    if finding is None:
        raise WordsOutOfPlace(f"A warning rests on {warning.finding[:80]!r}, which is no finding of this submission.")
    # The rules' own warning may mark fewer lines than its finding.
    places = {finding.place} | {w.place for w in feedback.warnings if w.finding == warning.finding}
    if warning.place not in places - {None}:
        raise WordsOutOfPlace(f"The warning of the finding {finding.id[:80]!r} points elsewhere than the finding.")
