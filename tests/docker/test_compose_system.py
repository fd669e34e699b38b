"""docker-compose.yml is brought up as docs/how-to/deploy.md says, step by step, worked with, taken down, and up again.

Our images are those that test_service_images.py builds. Vault, MinIO and Keycloak are stand-ins (stand_ins/).
PostgreSQL, Caddy and Prometheus are this machine's packages. Public certificates come by ACME from an authority of the
test's own.
"""

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from case_uploader.uploads.packing import pack
from infra.backup.keys import Identity
from infra.keycloak.realm import PROGRAM
from tests.docker.compose_system import DESK, HUB, PEOPLE, SIGN_IN, ComposeSystem, make_stand_ins
from tests.docker.https_visitor import Visitor, client, visiting
from tests.docker.machine_image import LEARNER, has

pytestmark = pytest.mark.timeout(1200)
CASE = "python-basics"
SUBTASK = "pulse-band"
TAG = LEARNER.partition(":")[2]
NOT_STARTED = {"grafana", "jaeger", "vllm"}


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    return (project / "docs" / "how-to" / "deploy.md").read_text()


@pytest.fixture(scope="module")
def keys() -> dict[str, Any]:
    """What the operator writes down: Vault's keys and token."""
    return {}


@pytest.fixture(scope="module")
def system(page: str, keys: dict[str, Any]) -> Iterator[ComposeSystem]:
    """Running, by the steps of the page."""
    missing = [one for one in ("hub", "operator", "runner", "cases", "learner") if not has(f"caseloop/{one}:{TAG}")]
    if missing:
        pytest.fail(f"images are missing: {missing}; tests/docker/test_service_images.py builds them")
    make_stand_ins()
    # Not below /tmp, which containers have one of their own of. A short path: unix sockets allow 107 bytes.
    made = ComposeSystem(Path(tempfile.mkdtemp(prefix="clc-", dir="/var/lib")))
    made.place.chmod(0o755)
    try:
        _bring_up(made, page, keys)
        yield made
    finally:
        made.end()


def _bring_up(system: ComposeSystem, page: str, keys: dict[str, Any]) -> None:
    def step(*words: str, **more: Any) -> str:
        """One line of the page, which must be there."""
        assert f"# docker compose {' '.join(words)}\n" in page, words
        return system.compose(*words, **more)

    config, secrets = system.config, system.checkout / ".secrets"
    said = system.caseloop(
        *("production", "init", "--state", str(system.state), "--secrets", str(secrets), "--config", str(config))
    )
    assert "Ready." in said
    _certify(page, config / "certificates")
    assert "All certificates" in system.caseloop("production", "certificates", str(config / "certificates"))
    system.folders_of_stand_ins()
    system.trust_the_authority()
    assert "# docker compose up -d vault\n" in page
    system.start_vault()
    said = system.compose("exec", "-T", "vault", "vault", "operator", "init")
    keys["shares"] = re.findall(r"Unseal Key \d: (\S+)", said)
    keys["root"] = re.findall(r"Initial Root Token: (\S+)", said)[0]
    system.unseal(keys["shares"])
    bootstrap = ("set-up", "caseloop", "vault", "bootstrap", "--credentials", "/run/sign-ins")
    assert f"# docker compose run --rm {' '.join(bootstrap)}\n" in page
    run = ("run", "--rm", "-T")
    assert "Vault is ready" in system.compose(*run, *bootstrap, say=f"{keys['root']}\n")
    assert "nothing was missing" in system.compose(*run, *bootstrap, say=f"{keys['root']}\n")
    step("up", "-d", "--wait", "postgres")
    assert "PostgreSQL is ready" in step("run", "--rm", "databases")
    assert "nothing was missing" in step("run", "--rm", "databases")
    system.say(".secrets/mail.env", CASELOOP_MAIL_SMTP_HOST="mail.school.test")
    step("up", "-d", "--wait", "keycloak")
    password = re.findall(r"KC_BOOTSTRAP_ADMIN_PASSWORD=(\S+)", (secrets / "keycloak.env").read_text())[0]
    realm = ("set-up", "caseloop", "keycloak", "bootstrap", "--address", "http://keycloak:8080")
    realm += ("--credentials", "/run/programs", "--class")
    assert f'# docker compose run --rm {" ".join(realm)} "ML 2026"\n' in page
    assert "Keycloak is ready" in system.compose(*run, *realm, "ML 2026", say=f"{password}\n")
    recipients = system.state / "services" / "backup" / "recipients"
    recipients.write_text(f"{Identity.generate().recipient}\n")
    recipients.chmod(0o644)
    step("--profile", "tls", "up", "-d")
    _all_healthy(system)


def _certify(page: str, folder: Path) -> None:
    """By the page's own lines, but for those of a model."""
    (block,) = (one for one in re.findall(r"```console\n(.*?)```", page, re.DOTALL) if "certify()" in one)
    lines = [line.strip().removeprefix("# ") for line in block.splitlines() if " cd /" not in line]
    subprocess.run(["bash", "-euc", "\n".join(lines)], cwd=folder, capture_output=True, check=True)
    (folder / "authority.key").unlink()


def _eventually(true: Any, what: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.5)


def _all_healthy(system: ComposeSystem, seconds: float = 420) -> None:
    until = time.monotonic() + seconds
    while ill := [name for name, one in system.containers().items() if one["Health"] != "healthy"]:
        assert time.monotonic() < until, f"not healthy: {ill}\n{system.logs()}"
        time.sleep(2)


@pytest.fixture(scope="module")
def world(system: ComposeSystem) -> Iterator[httpx.Client]:
    """Somebody outside, once every name has its certificate."""
    with client(system.authority) as made:
        for host in (HUB, SIGN_IN, DESK):
            _eventually(lambda host=host: _has_certificate(made, host), f"{host} has a certificate")
        yield made


def _has_certificate(http: httpx.Client, host: str) -> bool:
    try:
        http.get(f"https://{host}/")
    except httpx.ConnectError:
        return False
    return True


@pytest.fixture(scope="module")
def published(
    system: ComposeSystem, world: httpx.Client, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A case that a program has uploaded and published at the desk's own host."""
    secret = (system.config / "programs" / "caseloop-cli").read_text()
    got = world.post(
        f"https://{SIGN_IN}/realms/caseloop/protocol/openid-connect/token",
        data={"grant_type": "client_credentials"},
        auth=(PROGRAM, secret),
    )
    assert got.status_code == 200, got.text
    as_program = {"Authorization": f"Bearer {got.json()['access_token']}"}
    archive = tmp_path_factory.mktemp("archive") / f"{CASE}.zip"
    pack(project / "cases" / CASE, archive)
    content = archive.read_bytes()
    uploads = f"https://{DESK}/services/caseloop/api/uploads"
    opened = world.post(uploads, headers=as_program, json={"name": archive.name, "size": len(content), "publish": True})
    assert opened.status_code == 201, opened.text
    upload = f"{uploads}/{opened.json()['id']}"
    sent = world.patch(upload, content=content, headers=as_program | {"Upload-Offset": "0"})
    assert sent.status_code == 200, sent.text
    done = world.post(f"{upload}/completion", headers=as_program, json={})
    assert done.is_success, done.text
    with world.stream("GET", f"{upload}/steps", headers=as_program, timeout=300) as steps:
        told = [line for line in steps.iter_lines() if line.startswith("data:")]
    assert json.loads(told[-1].removeprefix("data:"))["step"]["kind"] == "published", told
    return CASE


@pytest.fixture(scope="module")
def lena(system: ComposeSystem, published: str) -> Iterator[Visitor]:
    """A learner who is signed in, with an open case."""
    with visiting(system.authority, HUB, "lena", PEOPLE["lena"]["password"]) as visitor:
        assert visitor.sign_in().url.path == "/hub/token"
        visitor.take_token()
        visitor.start(published)
        yield visitor


def test_every_container_is_healthy(system: ComposeSystem) -> None:
    found = system.containers()
    wanted = set(system.compose("--profile", "tls", "config", "--services").split())
    assert set(found) == wanted
    assert not NOT_STARTED & set(found)
    assert {name for name, one in found.items() if (one["State"], one["Health"]) != ("running", "healthy")} == set()


def test_the_public_names_have_certificates_and_lead_where_they_should(world: httpx.Client) -> None:
    assert world.get(f"https://{HUB}/hub/health").status_code == 200
    told = world.get(f"https://{SIGN_IN}/realms/caseloop/.well-known/openid-configuration")
    assert told.json()["issuer"] == f"https://{SIGN_IN}/realms/caseloop"
    for administration in ("/admin/", "/realms/master/.well-known/openid-configuration"):
        assert world.get(f"https://{SIGN_IN}{administration}").status_code == 404
    plain = world.get(f"http://{HUB}/hub/health")
    assert (plain.status_code, plain.headers["location"]) == (308, f"https://{HUB}/hub/health")
    desk = world.get(f"https://{DESK}/", follow_redirects=False)
    assert desk.status_code < 400
    assert world.get(f"https://{DESK}/hub/health").status_code == 404


def test_a_learner_works(lena: Visitor, system: ComposeSystem) -> None:
    said = lena.check(CASE, SUBTASK)
    assert said["feedback"]["verdict"] == "needs_work", said
    assert len(lena.history(CASE)) == 1
    # her container has no network, and is confined as the door to the engine wants it
    (own,) = json.loads(_docker("inspect", *_docker("ps", "-q", "--filter", f"label=caseloop.case={CASE}").split()))
    assert own["HostConfig"]["NetworkMode"] == "none"
    assert own["Config"]["User"] == "10001:10001"


def test_whoever_has_no_role_does_not_get_in(system: ComposeSystem) -> None:
    with visiting(system.authority, HUB, "nobody", PEOPLE["nobody"]["password"]) as visitor:
        assert visitor.sign_in().status_code == 403


def test_a_mentor_is_at_the_desk_and_a_learner_is_not(system: ComposeSystem, lena: Visitor) -> None:
    with visiting(system.authority, HUB, "mara", PEOPLE["mara"]["password"]) as visitor:
        visitor.sign_in()
        page = visitor.go(f"https://{DESK}/services/caseloop/")
        assert (page.status_code, page.url.host) == (200, DESK)
        assert visitor.go(f"https://{DESK}/services/caseloop/api/queue").status_code == 200
    refused = lena.go(f"https://{DESK}/services/caseloop/api/queue")
    assert refused.status_code in (401, 403)


def test_prometheus_hears_of_all(system: ComposeSystem) -> None:
    def down() -> dict[str, str]:
        said = system.compose(
            *("exec", "-T", "prometheus", "wget", "-q", "-O", "-", "http://127.0.0.1:9090/api/v1/targets")
        )
        targets = json.loads(said)["data"]["activeTargets"]
        assert len(targets) == 12
        return {one["labels"]["service"]: one["lastError"] for one in targets if one["health"] != "up"}

    _eventually(lambda: not down(), f"all answer: {down()}")


def test_a_backup_was_made(system: ComposeSystem) -> None:
    assert list((system.state / "backups").iterdir())


def test_all_that_is_started_again_comes_back_with_what_was_kept(
    system: ComposeSystem, lena: Visitor, keys: dict[str, Any]
) -> None:
    """Vault has to be unsealed, and nothing else has to be done."""
    before = lena.history(CASE)
    assert before
    system.compose("--profile", "tls", "restart")
    system.start_vault()
    system.unseal(keys["shares"])
    _all_healthy(system)
    with visiting(system.authority, HUB, "lena", PEOPLE["lena"]["password"]) as again:
        again.sign_in()
        again.take_token()
        # her environment has outlived the Hub, and all that it asks
        assert again.history(CASE) == before
        assert again.check(CASE, SUBTASK)["feedback"]["verdict"] == "needs_work"
    with visiting(system.authority, HUB, "mara", PEOPLE["mara"]["password"]) as visitor:
        visitor.sign_in()
        assert visitor.go(f"https://{DESK}/services/caseloop/").status_code == 200
        assert visitor.go(f"https://{DESK}/services/caseloop/api/queue").status_code == 200


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout
