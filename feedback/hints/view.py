from typing import Literal, cast

from feedback.hints.models import HintRow
from services.contracts.assistance import WordsBy
from services.contracts.hint import HintKind, HintState, HintView
from services.contracts.notebook import Place

Stage = Literal["waiting", "checking", "repairing", "wording", "trying", "done"]
FINAL = ("ready", "failed")


def view(row: HintRow) -> HintView:
    """A hint as its learner may see it: its text only when it is ready."""
    ready = row.state == "ready"
    return HintView(
        id=row.id,
        subtask=row.subtask,
        kind=cast("HintKind", row.kind),
        state=cast("HintState", row.state),
        stage=cast("Stage", row.stage),
        asked=row.asked,
        text=row.text if ready else None,
        place=Place.model_validate_json(row.place) if ready and row.place else None,
        words_by=cast("WordsBy", row.words_by) if ready else "rules",
        reflection=row.reflection,
        helpful=row.helpful,
        counted=row.counted,
        problem=row.problem,
    )
