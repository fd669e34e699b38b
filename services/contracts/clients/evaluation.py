from pydantic import TypeAdapter

from services.contracts.clients.service import ServiceClient
from services.contracts.evaluated_sample import EvaluatedSample, JudgeExchange, SamplePage
from services.contracts.evaluation import RunComparison, RunFigures, RunPage
from services.contracts.labelling import GiveLabel, LabelGiven, LabelPage

_EXCHANGES = TypeAdapter(tuple[JudgeExchange, ...])


class EvaluationClient(ServiceClient):
    """`evaluation`: runs, samples, labels. `scope`: of somebody from QA, or an admin; others get 403 `not_qa`.

    404 `run_not_found` where a run is named that does not exist, 409 `run_unreadable` where its files are damaged.
    """

    name = "evaluation"

    async def runs(self, scope: str, *, suite: str | None = None, after: int = 0, limit: int = 20) -> RunPage:
        """Part of the runs, newest first."""
        params = _set(suite=suite, after=after, limit=limit)
        return RunPage.model_validate_json((await self._call("GET", "/runs", params=params, scope=scope)).content)

    async def run(self, run: str, scope: str) -> RunFigures:
        """One run in figures."""
        return RunFigures.model_validate_json((await self._call("GET", f"/runs/{run}", scope=scope)).content)

    async def samples(
        self,
        run: str,
        scope: str,
        *,
        case: str | None = None,
        failed: str | None = None,
        against: str | None = None,
        changed: bool = False,
        after: int = 0,
        limit: int = 50,
    ) -> SamplePage:
        """Part of a run's samples: of a case, missing something of the score `failed`, changed since `against`."""
        params = _set(
            case=case, failed=failed, against=against, changed="true" if changed else None, after=after, limit=limit
        )
        response = await self._call("GET", f"/runs/{run}/samples", params=params, scope=scope)
        return SamplePage.model_validate_json(response.content)

    async def sample(self, run: str, sample: str, scope: str, *, against: str | None = None) -> EvaluatedSample:
        """One sample with all that was said. 404 `sample_not_found`."""
        params = _set(id=sample, against=against)
        response = await self._call("GET", f"/runs/{run}/sample", params=params, scope=scope)
        return EvaluatedSample.model_validate_json(response.content)

    async def exchanges(self, run: str, sample: str, scope: str) -> tuple[JudgeExchange, ...]:
        """All that was said between us and the judge about one sample. 404 `sample_not_found`."""
        response = await self._call("GET", f"/runs/{run}/exchanges", params={"id": sample}, scope=scope)
        return _EXCHANGES.validate_json(response.content)

    async def compare(self, before: str, after: str, scope: str) -> RunComparison:
        """Two runs compared."""
        params = {"before": before, "after": after}
        response = await self._call("GET", "/comparison", params=params, scope=scope)
        return RunComparison.model_validate_json(response.content)

    async def labels(self, run: str, scope: str) -> LabelPage:
        """What the person should label next. 409 `not_judged`."""
        response = await self._call("GET", f"/runs/{run}/labels", scope=scope)
        return LabelPage.model_validate_json(response.content)

    async def label(self, run: str, label: GiveLabel, scope: str) -> LabelGiven:
        """Answer one. 404 `nothing_to_label`, 409 `labels_in_use`."""
        response = await self._call("POST", f"/runs/{run}/labels", content=label.model_dump_json(), scope=scope)
        return LabelGiven.model_validate_json(response.content)


def _set(**values: str | int | None) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}
