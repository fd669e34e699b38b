"""What a learner reads of a feedback."""

from collections.abc import Iterator

from services.contracts.feedback import Feedback


def told(feedback: Feedback) -> str:
    """All of it that is shown at once, a paragraph each."""
    return "\n".join(paragraphs(feedback))


def paragraphs(feedback: Feedback) -> Iterator[str]:
    """Headline, warnings, remarks, and a mentor's words: what stands on the screen before any hint is opened."""
    yield feedback.headline
    for warning in feedback.warnings:
        yield warning.message
    yield from feedback.remarks
    seen: set[str] = set()
    for finding in feedback.findings:
        if finding.mentor and finding.mentor not in seen:
            seen.add(finding.mentor)
            yield finding.mentor
