from services.contracts.case import LearnerCase
from services.gateway.learner import Learner
from services.kit.scope import ScopeMinter


class Scopes:
    """Makes the scope token of every call behind the gateway: one call, one token, good for minutes."""

    def __init__(self, minter: ScopeMinter) -> None:
        self._minter = minter

    def of(self, learner: Learner, case: LearnerCase | None = None, subtask: str | None = None) -> str:
        """A token for `learner`; `subtask` None: the whole case. What the case sets is stated where it matters."""
        if case is None:
            return self._minter.mint(
                user=learner.user,
                role=learner.role,
                case=learner.case,
                case_version=learner.version,
                subtask=subtask,
            )
        return self._minter.mint(
            user=learner.user,
            role=learner.role,
            case=learner.case,
            case_version=learner.version,
            subtask=subtask,
            ai_mode=case.ai_mode,
            strictness=case.strictness,
            topics=case.topics,
            scope_mode=case.scope_mode,
            languages=case.languages,
            may_remain=case.style.may_remain,
        )
