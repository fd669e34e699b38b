from services.kit.errors import CaseloopError


class NotAMentor(CaseloopError):
    """A mentor's call by somebody who is none."""

    status, error = 403, "not_a_mentor"


class OutsideScope(CaseloopError):
    """The scope token was minted for another subtask, or for no single case."""

    status, error = 403, "outside_scope"


class EscalationNotFound(CaseloopError):
    """There is no escalation of that id, or it is somebody else's."""

    status, error = 404, "escalation_not_found"


class MemoryNotFound(CaseloopError):
    """There is no remembered answer of that id, or this learner never got it."""

    status, error = 404, "memory_not_found"


class QueueEmpty(CaseloopError):
    """Nobody waits."""

    status, error = 404, "queue_empty"


class EscalationClosed(CaseloopError):
    """The learner has cancelled it."""

    status, error = 409, "escalation_closed"


class AlreadyAnswered(CaseloopError):
    """There is an answer already."""

    status, error = 409, "already_answered"


class AnotherOpen(CaseloopError):
    """The learner has a newer question about the same subtask."""

    status, error = 409, "another_open"


class NothingToRate(CaseloopError):
    """There is no answer yet."""

    status, error = 409, "nothing_to_rate"


class LeaseTaken(CaseloopError):
    """Another mentor has it."""

    status, error = 409, "lease_taken"


class LeaseNeeded(CaseloopError):
    """The mentor does not hold it, or not any more."""

    status, error = 409, "lease_needed"


class NotWaiting(CaseloopError):
    """It is in no queue: answered, rated or cancelled."""

    status, error = 409, "not_waiting"


class OtherSignature(CaseloopError):
    """Another problem than the one that is answered."""

    status, error = 409, "other_signature"


class NotLookedAt(CaseloopError):
    """The mentor has not had it on the screen."""

    status, error = 409, "not_looked_at"


class NoSignature(CaseloopError):
    """There is nothing that an answer could be remembered by."""

    status, error = 409, "no_signature"


class MemoryWithdrawn(CaseloopError):
    """The remembered answer is given to nobody any more."""

    status, error = 409, "memory_withdrawn"


class MemoryTaken(CaseloopError):
    """Another remembered answer serves that version already."""

    status, error = 409, "memory_taken"


class AddressRefused(CaseloopError):
    """What should be an e-mail address is none."""

    status, error = 422, "address_refused"


class BadCursor(CaseloopError):
    """`after` is not what an earlier page gave."""

    status, error = 422, "invalid_request"


class ConversationFull(CaseloopError):
    """The conversation has as many turns as are kept."""

    status, error = 429, "conversation_full"


class BankFull(CaseloopError):
    """The comment bank has as many entries as are kept."""

    status, error = 429, "bank_full"
