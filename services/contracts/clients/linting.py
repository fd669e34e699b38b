from services.contracts.clients.service import ServiceClient
from services.contracts.lint import LintReport, ReviewRequest


class LintingClient(ServiceClient):
    """`linting`: code -> findings; stateless."""

    name = "linting"

    async def review(self, request: ReviewRequest) -> LintReport:
        """Style review of a notebook as one module."""
        response = await self._call("POST", "/reviews", content=request.model_dump_json())
        return LintReport.model_validate_json(response.content)
