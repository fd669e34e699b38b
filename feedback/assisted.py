from dataclasses import dataclass

from feedback.assistance.service import AssistanceService
from feedback.briefs.service import BriefService
from feedback.chat.service import ChatService
from feedback.hints.ratings import HintRatings
from feedback.hints.service import HintService
from feedback.words.service import WordsService


@dataclass(frozen=True)
class Assisted:
    """What `feedback` does beyond judging."""

    choices: AssistanceService
    words: WordsService
    hints: HintService
    ratings: HintRatings
    chat: ChatService
    briefs: BriefService
