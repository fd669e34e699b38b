"""What dashboards and alerts ask for is what the services say at /metrics, by the same names and labels."""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from infra.backup.figures import backup_figures
from infra.backup.settings import BackupSettings
from infra.production.metrics import SCRAPED
from infra.production.vault_figures import VaultWatch
from infra.service_apps import open_app
from infra.settings import EmbeddedSettings
from services.kit.app import running
from services.kit.http import in_process_client
from services.kit.scope import scope_keys
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import open_vault

OF_PROMETHEUS = {"service", "job", "le"}
"""Labels that are put on by the scrape, or belong to every histogram."""
METRIC = re.compile(r"(caseloop_\w+)(?:\{([^}]*)\})?")


def _asked(project: Path) -> Iterator[tuple[str, str]]:
    """(where, expression) of every alert and panel."""
    (group,) = yaml.safe_load((project / "infra" / "prometheus" / "alerts.yml").read_text())["groups"]
    yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])
    boards = sorted((project / "infra" / "grafana" / "dashboards").glob("*.json"))
    assert len(boards) == 2
    for board in boards:
        for panel in json.loads(board.read_text())["panels"]:
            yield from ((panel["title"], target["expr"]) for target in panel["targets"])


@pytest.fixture
def settings(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedSettings]:
    monkeypatch.setenv("CASELOOP_MODEL_KIND", "scripted")
    with tempfile.TemporaryDirectory(prefix="fg-") as folder:
        place = Path(folder)
        made = EmbeddedSettings(
            home=place / "home", run_dir=place / "run", learner_env=project / ".venv-learner", _env_file=None
        )
        made.prepare()
        yield made


async def test_every_figure_that_is_asked_for_is_given(project: Path, settings: EmbeddedSettings) -> None:
    vault = open_vault(settings.mode, settings.home)
    verifier = scope_keys(vault.secrets)[1]
    given: dict[str, set[str]] = {}
    async with AsyncExitStack() as stack:
        for name in SCRAPED:
            own = Credential(vault.authority, Identity.service(name), settings.leaf(name))
            app = await stack.enter_async_context(open_app(name, settings, vault, own, lambda: verifier))
            if name in ("feedback", "mentoring"):
                # They make some of what counts when they start.
                await stack.enter_async_context(running(app))
            client = await stack.enter_async_context(in_process_client(app, "supervisor"))
            text = (await client.get("/metrics")).text
            said = {family.name for family in text_string_to_metric_families(text)}
            assert "caseloop_requests" in said, name
            (left,) = re.findall(r"^caseloop_certificate_life_left (\S+)$", text, re.MULTILINE)
            assert 0.9 < float(left) <= 1, name
            for metric, labels in _labels(app.state.metrics.registry).items():
                assert re.sub(r"_(total|bucket|count|sum|created)$", "", metric) in said, metric
                given.setdefault(metric, set()).update(labels)
    async with httpx.AsyncClient() as nobody:
        for registry in (backup_figures(BackupSettings(_env_file=None)), VaultWatch(nobody).registry):
            given |= _labels(registry)
    asked = list(_asked(project))
    assert len(asked) > 30
    for where, expression in asked:
        metrics = METRIC.findall(expression)
        assert metrics or "up{" in expression, where
        for metric, selector in metrics:
            assert metric in given, (where, metric)
            grouped = re.findall(r"\bby \(([^)]*)\)", expression)
            used = {*re.findall(r"(\w+)[=!]", selector), *re.findall(r"\w+", " ".join(grouped))}
            assert used - given[metric] - OF_PROMETHEUS == set(), (where, metric)


def _labels(registry: CollectorRegistry) -> dict[str, set[str]]:
    """Name of a time series -> its labels. The text of a metric without a value yet does not say them."""
    return {name: set(made._labelnames) for name, made in registry._names_to_collectors.items()}
