from services.kit.errors import CaseloopError


class ReasoningFirst(CaseloopError):
    """The case wants the learner's own reasoning before the first answer of a conversation."""

    status, error = 409, "reasoning_first"


class MessagesSpent(CaseloopError):
    """All messages to the assistant that the case allows in a subtask are used."""

    status, error = 429, "messages_spent"


class NoSubtask(CaseloopError):
    """The scope is for a whole case; a conversation is about one subtask."""

    status, error = 400, "subtask_missing"


class ConversationDeleted(CaseloopError):
    """The conversation was deleted while its answer was being written."""

    status, error = 409, "conversation_deleted"
