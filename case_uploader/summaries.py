from typing import cast

from case_uploader.repository import Listed
from services.contracts.case import CaseSummary, Level


def summary_of(listed: Listed) -> CaseSummary:
    """A published version as everybody may see it in a list."""
    version, publication = listed
    return CaseSummary(
        id=version.case_id,
        version=version.digest,
        number=publication.number,
        title=version.title,
        summary=version.summary,
        level=cast("Level", version.level),
        minutes=version.minutes,
        subtasks=version.subtasks,
        published=publication.published,
    )
