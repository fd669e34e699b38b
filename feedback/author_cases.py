from feedback.ports import AuthorCases
from feedback.single_flight import SingleFlight
from services.contracts.case import AuthorCase


class KeptAuthorCases:
    """AuthorCases that asks for a version once: a version never changes."""

    def __init__(self, cases: AuthorCases, size: int = 32) -> None:
        self._cases = cases
        self._kept = SingleFlight[str, AuthorCase](size)

    async def author(self, version: str) -> AuthorCase:
        """One version. Raises `ServiceError`, which is not kept."""
        return await self._kept.get(version, lambda: self._cases.author(version))
