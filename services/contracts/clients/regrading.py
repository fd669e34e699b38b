from services.contracts.clients.service import ServiceClient
from services.contracts.progress import Version
from services.contracts.regrade import ApplyRegrade, RegradablePage, RegradeApplied


class RegradingClient(ServiceClient):
    """`services.progress` as the case service sees it: work to judge again, and what became of it."""

    name = "progress"

    async def regradable(self, case: str, after: int = 0) -> RegradablePage:
        """The newest judged submission of every learner and subtask of a case, some at a time."""
        response = await self._call("GET", f"/cases/{case}/regradable", params={"after": str(after)})
        return RegradablePage.model_validate_json(response.content)

    async def submission(self, case: str, user: str, submission: str) -> Version:
        """One of them with its cells. 404 `submission_not_found`."""
        params = {"user": user}
        response = await self._call("GET", f"/cases/{case}/regradable/{submission}", params=params)
        return Version.model_validate_json(response.content)

    async def apply(self, regrade: ApplyRegrade) -> RegradeApplied:
        """Take verdicts over where they are better for the learner; doing it twice changes nothing more."""
        response = await self._call("POST", "/regrades", content=regrade.model_dump_json())
        return RegradeApplied.model_validate_json(response.content)
