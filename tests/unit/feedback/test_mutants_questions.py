from feedback.mutants import asking_also
from services.contracts.observation import Probe, RunRequest


def test_a_runner_in_another_process_takes_what_is_asked_besides() -> None:
    """It looks at the request once more as it arrives, and at the order of its questions."""
    needed, spare = Probe(id="value:total", name="total"), Probe(id="try:0", name="total", optional=True)
    request = RunRequest(environment="e", cells=(), probes=(needed, spare))
    extra = (Probe(id="ci:rows", name="rows"),)
    arrived = RunRequest.model_validate_json(asking_also(request, extra).model_dump_json())
    assert [probe.id for probe in arrived.probes] == ["value:total", "ci:rows", "try:0"]
