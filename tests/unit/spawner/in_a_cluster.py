"""A spawner of a cluster as the Hub makes it, without a cluster: for what it would ask for."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from services.contracts.case import DataFile, LearnerCase, Quotas
from spawner.network_server import NetworkServer
from spawner.platform import Platform

IMAGE = "sha256:" + "5" * 64
TOKEN = "the-token-of-this-start"


def case(**changes: Any) -> LearnerCase:
    made = LearnerCase(
        id="sales",
        version="a" * 64,
        number=1,
        title="Sales",
        summary="",
        level="introductory",
        minutes=20,
        ai_mode="full",
        strictness="light",
        topics=(),
        quotas=Quotas(),
        subtasks=(),
        notebook={},
        data=(DataFile(path="data/sales.csv", digest="b" * 64, size=1),),
    )
    return made.model_copy(update=changes)


def platform(home: Path) -> Platform:
    anything: Any = None
    return Platform(
        cases=anything,
        progress=anything,
        mentoring=anything,
        certificates=anything,
        run_dir=home / "run",
        gateway_dir=home / "run" / "gateway",
        hub_dir=home / "run" / "hub",
        homes_dir=home / "homes",
        data_dir=home / "data",
        learner_env=Path("/opt/learner"),
        environments=home / "environments",
        gateway_address="caseloop-gateway:8443",
    )


def spawner_of(kind: type[NetworkServer], home: Path, **settings: Any) -> Any:
    """Ada's server for the case `sales`, just before its launch."""
    user = SimpleNamespace(name="ada", id=7, url="/user/ada/", escaped_name="ada", settings={}, spawners={})
    hub = SimpleNamespace(
        public_host="", url="http://hub:8081/hub/", api_url="http://hub:8081/hub/api", base_url="/hub/"
    )
    made = kind(
        user=user,
        hub=hub,
        orm_spawner=SimpleNamespace(name="sales", server=None, user_options={}),
        platform=platform(home),
        api_token=TOKEN,
        **settings,
    )
    made.nonce = "n0nce"
    return made
