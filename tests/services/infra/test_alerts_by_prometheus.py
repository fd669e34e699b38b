"""Prometheus' own program reads our configuration, and says when each alert fires and when it does not."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.prometheus

_REQUESTS = "caseloop_requests_total"
_FAILED = "caseloop_checks_failed_total"
_CHECKS = "caseloop_checks_total"
_SECONDS = "caseloop_check_feedback_seconds_bucket"


@dataclass(frozen=True)
class Story:
    """What is measured each minute from 0 on, when the alert is still silent, and when it has begun to fire."""

    alert: str
    figures: Mapping[str, str]
    silent: int
    """The last minute of silence; of a story without `fires`, one long after the alert could have fired."""
    fires: int | None = None
    of: Mapping[str, str] = field(default_factory=dict)
    """The labels that say whose alert it is."""


STORIES = (
    Story(
        "ServiceDown",
        {'up{job="caseloop",service="cases"}': "1x5 0x20", 'up{job="caseloop",service="hub"}': "0x25"},
        silent=7,
        fires=8,
        of={"service": "cases"},
    ),
    Story("ServiceDown", {'up{job="caseloop",service="cases"}': "1x5 0 1x20"}, silent=20),
    Story("HubDown", {'up{job="caseloop",service="hub"}': "1x5 0x20"}, silent=7, fires=8, of={"service": "hub"}),
    Story("ProxyDown", {'up{job="caseloop",service="proxy"}': "1x5 0x20"}, silent=6, fires=7, of={"service": "proxy"}),
    Story("VaultSealed", {"caseloop_vault_open": "1x5 0x20"}, silent=7, fires=8),
    Story(
        "CertificateNotRenewed",
        {
            'caseloop_certificate_life_left{service="cases"}': "0.9x5 0.2x20",
            'caseloop_certificate_life_left{service="runner"}': "0.3x30",
        },
        silent=10,
        fires=11,
        of={"service": "cases"},
    ),
    Story(
        "ServerErrors",
        {
            f'{_REQUESTS}{{service="cases",status="200"}}': "0+90x40",
            f'{_REQUESTS}{{service="cases",status="500"}}': "0x5 0+5x34",
            f'{_REQUESTS}{{service="cases",status="503"}}': "0x5 0+5x34",
            # one in a hundred
            f'{_REQUESTS}{{service="runner",status="200"}}': "0+99x40",
            f'{_REQUESTS}{{service="runner",status="500"}}': "0+1x40",
        },
        silent=10,
        fires=20,
        of={"service": "cases"},
    ),
    Story("ServerErrors", {f'{_REQUESTS}{{service="cases",status="500"}}': "0+1x40"}, 5, 15, {"service": "cases"}),
    Story(
        "ChecksSlow",
        {
            f'{_SECONDS}{{le="1"}}': "0+90x60",
            f'{_SECONDS}{{le="5"}}': "0+90x60",
            f'{_SECONDS}{{le="10"}}': "0+100x60",
            f'{_SECONDS}{{le="+Inf"}}': "0+100x60",
        },
        silent=10,
        fires=15,
    ),
    Story(
        "ChecksSlow",
        {
            f'{_SECONDS}{{le="1"}}': "0+90x60",
            f'{_SECONDS}{{le="5"}}': "0+96x60",
            f'{_SECONDS}{{le="10"}}': "0+100x60",
            f'{_SECONDS}{{le="+Inf"}}': "0+100x60",
        },
        silent=60,
    ),
    Story(
        "ChecksFail",
        {f'{_FAILED}{{error="unavailable"}}': "0+10x60", f'{_CHECKS}{{verdict="passed"}}': "0+90x60"},
        silent=10,
        fires=15,
    ),
    # none has come through since the start, so there is no figure of those that did
    Story("ChecksFail", {f'{_FAILED}{{error="unavailable"}}': "0+1x60"}, silent=10, fires=15),
    Story(
        "ChecksFail",
        {
            f'{_FAILED}{{error="superseded"}}': "0+50x60",
            f'{_FAILED}{{error="unavailable"}}': "0+1x60",
            f'{_CHECKS}{{verdict="passed"}}': "0+50x60",
        },
        silent=60,
    ),
    Story(
        "ChecksNotJudged",
        {f'{_CHECKS}{{verdict="could_not_judge"}}': "0+10x60", f'{_CHECKS}{{verdict="passed"}}': "0+90x60"},
        silent=10,
        fires=15,
    ),
    Story(
        "ChecksNotJudged",
        {f'{_CHECKS}{{verdict="could_not_judge"}}': "0+1x60", f'{_CHECKS}{{verdict="needs_work"}}': "0+90x60"},
        silent=60,
    ),
    Story(
        "LearnersTurnedAway",
        {
            f'{_REQUESTS}{{service="gateway",status="429"}}': "0+20x60",
            f'{_REQUESTS}{{service="gateway",status="200"}}': "0+80x60",
        },
        silent=15,
        fires=20,
    ),
    Story(
        "LearnersTurnedAway",
        {
            f'{_REQUESTS}{{service="progress",status="429"}}': "0+20x60",
            f'{_REQUESTS}{{service="gateway",status="200"}}': "0+80x60",
        },
        silent=60,
    ),
    Story("ModelAway", {"caseloop_model_breaker_open": "0x5 1x20"}, silent=15, fires=16),
    Story("QuestionsWait", {"caseloop_escalations_longest_wait_seconds": "90000x60"}, silent=29, fires=30),
    Story("QuestionsWait", {"caseloop_escalations_longest_wait_seconds": "86400x60"}, silent=60),
    Story(
        "MailsFail",
        {'caseloop_mails_total{outcome="refused"}': "0+1x90", 'caseloop_mails_total{outcome="sent"}': "0+9x90"},
        silent=30,
        fires=32,
    ),
    Story("MailsFail", {'caseloop_mails_total{outcome="sent"}': "0+9x90"}, silent=90),
    Story("AnswerShowsSolution", {"caseloop_memory_leaks_total": "0x5 1x20"}, silent=5, fires=7),
    Story(
        "CallsRefused",
        {
            'caseloop_mentoring_refused_total{reason="not_theirs"}': "0+1x30",
            'caseloop_mentoring_refused_total{reason="not_a_mentor"}': "0x10 1x20",
        },
        silent=4,
        fires=10,
        of={"reason": "not_theirs"},
    ),
    Story(
        "BackupsOverdue",
        # the clock of these stories begins at 0, when a backup was made
        {"caseloop_backup_last_success_timestamp_seconds": "0x300", "caseloop_backup_interval_seconds": "3600x300"},
        silent=240,
        fires=242,
    ),
    Story(
        "BackupsOverdue",
        {"caseloop_backup_last_success_timestamp_seconds": "0+60x300", "caseloop_backup_interval_seconds": "3600x300"},
        silent=300,
    ),
    Story(
        "DiskNearlyFull",
        {
            'caseloop_disk_free_share{place="backups"}': "0.5x5 0.05x20",
            'caseloop_disk_free_share{place="homes"}': "1x25",
        },
        silent=15,
        fires=16,
        of={"place": "backups"},
    ),
)


def _promtool(*words: str | Path) -> str:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(project: Path) -> Path:
    return project / "infra" / "prometheus"


def test_it_understands_its_configuration_and_the_rules_in_it(folder: Path) -> None:
    said = _promtool("check", "config", "--lint-fatal", folder / "prometheus.yml")
    assert f"{len(_alerts(folder))} rules found" in said


def test_it_asks_the_door_for_each_service_by_its_path(folder: Path) -> None:
    """As docker-compose.yml has it: one address, and the service in the path and in a label."""
    said = _promtool("check", "service-discovery", "--timeout=1s", folder / "prometheus.yml", "caseloop")
    found = [one["labels"] for one in json.loads(said)]
    assert {one["__address__"] for one in found} == {"metrics:9464"}
    assert {one["service"]: one["__metrics_path__"] for one in found} == {
        one["service"]: f"/metrics/{one['service']}" for one in found
    }
    assert {"cases", "hub", "vault"} <= {one["service"] for one in found}


def test_it_understands_what_the_dashboards_ask(project: Path, tmp_path: Path) -> None:
    asked = [
        re.sub(r"\$__rate_interval|\$__interval|\$__range", "5m", target["expr"])
        for board in (project / "infra" / "grafana" / "dashboards").glob("*.json")
        for panel in json.loads(board.read_text())["panels"]
        for target in panel["targets"]
    ]
    assert len(asked) > 15
    rules = [{"record": f"panel:{number}", "expr": one} for number, one in enumerate(asked)]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(asked)} rules found" in _promtool("check", "rules", tmp_path / "panels.yml")


def test_every_alert_fires_when_it_should_and_not_before(folder: Path, tmp_path: Path) -> None:
    assert {story.alert for story in STORIES if story.fires} == {rule["alert"] for rule in _alerts(folder)}
    told = {"rule_files": [str(folder / "alerts.yml")], "evaluation_interval": "1m"}
    (tmp_path / "stories.yml").write_text(json.dumps(told | {"tests": [_test(story) for story in STORIES]}))
    _promtool("test", "rules", tmp_path / "stories.yml")


def _alerts(folder: Path) -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((folder / "alerts.yml").read_text())["groups"]
    return list(group["rules"])


def _test(story: Story) -> dict[str, Any]:
    """In promtool's own form."""
    labels = ", ".join(f'{name}="{value}"' for name, value in story.of.items())
    firing = f'count by ({", ".join(story.of)}) (ALERTS{{alertname="{story.alert}", alertstate="firing"}})'
    looks: list[dict[str, Any]] = [{"expr": firing, "eval_time": f"{story.silent}m", "exp_samples": []}]
    if story.fires:
        looks.append(
            {"expr": firing, "eval_time": f"{story.fires}m", "exp_samples": [{"labels": f"{{{labels}}}", "value": 1}]}
        )
    return {
        "name": story.alert,
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in story.figures.items()],
        "promql_expr_test": looks,
    }
