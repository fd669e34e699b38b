"""What the computing process answers with. Here, because whoever asks it need not load what it computes with."""

from services.contracts.evaluation import Effect, RunComparison
from services.contracts.model import WireModel


class Indexed(WireModel):
    """The index of a run was made."""

    run: str


class ReadComparison(WireModel):
    """Two runs compared, and what became of each sample. `accepted` is for others to fill in."""

    comparison: RunComparison
    effects: dict[str, Effect]
