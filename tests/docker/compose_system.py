"""docker-compose.yml as a whole, in a folder of its own, with what stands in for public images."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.docker.compose_program import compose_program
from tests.docker.machine_image import LEARNER, has, make_base

ROOT = Path(__file__).resolve().parents[2]
HUB, SIGN_IN, DESK = "learn.school.test", "sign-in.school.test", "desk.school.test"
STAND_INS = "caseloop-test/stand-ins:1"
_PROGRAMS = "caseloop-test/programs:1"
_TAG = LEARNER.partition(":")[2]
_PROXY = 10004
_SEALED = 2
"""Status of `vault status`."""
_ACME = "acme_ca https://acme.school.test/acme/local/directory\n\tacme_ca_root /authority/root.crt"
_AUTHORITY = """{
	skip_install_trust
	admin off
}
acme.school.test {
	tls internal
	acme_server
}
"""
PEOPLE: Mapping[str, dict[str, Any]] = {
    "lena": {"password": "lena-s-password", "claims": {"roles": ["learner"], "groups": ["/classes/ML 2026"]}},
    "mara": {"password": "mara-s-password", "claims": {"roles": ["mentor"], "groups": []}},
    "adam": {"password": "adam-s-password", "claims": {"roles": ["admin"], "groups": []}},
    "nobody": {"password": "nobody-s-password", "claims": {"roles": [], "groups": []}},
}


def make_stand_ins() -> None:
    """The image of all stand-ins, and the reverse proxy's of it."""
    if not has(_PROGRAMS):
        make_base(_PROGRAMS, "postgresql-15", "caddy", "prometheus", "curl", "wget")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(json.loads((ROOT / ".cache" / "setup" / "node.json").read_text())["node"], f"{folder}/node")
        for name in ("Dockerfile", "postgres.sh"):
            shutil.copy(ROOT / "tests" / "docker" / "stand_ins" / name, folder)
        _run("docker", "build", "--quiet", "--tag", STAND_INS, "--build-arg", f"BASE={_PROGRAMS}", folder)
    build = (sys.executable, str(ROOT / "infra" / "images" / "build.py"), "--tag", _TAG)
    _run(*build, "--replace", f"CADDY={STAND_INS}", "reverse-proxy")


class ComposeSystem:
    """Its folder has what the operator's checkout has; all that it keeps is below `place`."""

    def __init__(self, place: Path, *, front: str = "172.30.69") -> None:
        self.place, self.checkout = place, place / "checkout"
        self.state, self.config = place / "state", place / "etc"
        self.authority = self.state / "public" / "root.crt"
        self.program = compose_program()
        self._lay(front)

    def _lay(self, front: str) -> None:
        for name in ("caddy", "postgres", "prometheus", "grafana", "vault/server"):
            shutil.copytree(ROOT / "infra" / name, self.checkout / "infra" / name)
        shutil.copy(ROOT / "docker-compose.yml", self.checkout)
        shutil.copy(ROOT / "tests" / "docker" / "compose.override.yml", self.checkout / "docker-compose.override.yml")
        file = self.checkout / "infra" / "caddy" / "Caddyfile"
        said = file.read_text()
        assert "admin 127.0.0.1:2019" in said
        file.write_text(said.replace("admin 127.0.0.1:2019", f"admin 127.0.0.1:2019\n\t{_ACME}"))
        (self.checkout / "acme.Caddyfile").write_text(_AUTHORITY)
        (self.checkout / "people.json").write_text(json.dumps(PEOPLE))
        packages = Path(os.path.realpath(ROOT / ".venv")) / "lib"
        self.say(
            ".env",
            HUB_HOST=HUB,
            SIGN_IN_HOST=SIGN_IN,
            DESK_HOST=DESK,
            SIGN_IN_ADMINS="192.0.2.0/24",
            ACME_EMAIL="it@school.test",
            DOCKER_GROUP=str(Path("/var/run/docker.sock").stat().st_gid),
            STATE=str(self.state),
            CASELOOP_SIGN_INS=str(self.config / "sign-ins"),
            CASELOOP_PROGRAMS=str(self.config / "programs"),
            CASELOOP_CERTIFICATES=str(self.config / "certificates"),
            CASELOOP_TAG=_TAG,
            FRONT_NETWORK=front,
            RUNNER_CPUS=str(min(4, os.cpu_count() or 1)),
            CHECKOUT=str(ROOT),
            PACKAGES=str(next(packages.glob("python3*")) / "site-packages"),
            NODE_PACKAGES=os.path.realpath(ROOT / "web" / "node_modules"),
        )
        self.say("settings.env", CASELOOP_OIDC_CA="/public/root.crt", CASELOOP_ENVIRONMENT_MEMORY_MB="1024")

    def say(self, file: str, **settings: str) -> None:
        """Write one of the operator's files of settings."""
        path = self.checkout / file
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def caseloop(self, *words: str) -> str:
        """A command of ours on this machine, as root."""
        return _run(sys.executable, "-m", "infra.cli", *words, cwd=ROOT)

    def folders_of_stand_ins(self) -> None:
        """What the stand-ins keep outside of volumes."""
        for folder, owner in ((self.state / "keycloak", 1000), (self.state / "acme", _PROXY)):
            (folder / "caddy" / "pki" / "authorities" / "local").mkdir(parents=True)
            for one in (folder, *folder.rglob("*")):
                os.chown(one, owner, owner)
        self.authority.parent.mkdir()

    def trust_the_authority(self) -> None:
        """As all the world trusts the real one."""
        self.compose("up", "-d", "--wait", "acme")
        root = self.state / "acme" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        self.authority.write_bytes(root.read_bytes())
        self.authority.chmod(0o644)

    def compose(self, *words: str, say: str | None = None, **variables: str) -> str:
        """`docker compose …`; what it prints, and a failing assertion with all of it where it fails."""
        return _run(*self.program, *words, cwd=self.checkout, say=say, **variables)

    def containers(self) -> dict[str, dict[str, Any]]:
        """Service -> what Compose says of its container."""
        said = self.compose("--profile", "tls", "ps", "--all", "--format", "json")
        told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        return {one["Service"]: one for one in told}

    def logs(self) -> str:
        """The end of everybody's, for a failing test's message."""
        return self.compose("--profile", "tls", "logs", "--no-color", "--tail", "15")

    def start_vault(self) -> None:
        """It answers, sealed; whoever waits for it to be healthy waits on."""
        self.compose("up", "-d", "vault")
        until = time.monotonic() + 60
        asked = (*self.program, "exec", "-T", "vault", "vault", "status")
        while subprocess.run(asked, cwd=self.checkout, capture_output=True, check=False).returncode != _SEALED:
            assert time.monotonic() < until, self.compose("logs", "vault")
            time.sleep(0.5)

    def unseal(self, keys: list[str]) -> None:
        """With three of them, one at a time."""
        for key in keys[:3]:
            said = self.compose("exec", "-T", "vault", "vault", "operator", "unseal", key)
        assert "Sealed false" in re.sub(r" +", " ", said)

    def end(self) -> None:
        """Leave nothing: no container, no volume, no folder."""
        label = _run("docker", "ps", "-aq", "--filter", "label=caseloop.case").split()
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "5")
        for one in label:
            if str(self.state) in _run("docker", "inspect", one):
                _run("docker", "rm", "-f", one)
        shutil.rmtree(self.place)


def _run(*words: str, cwd: Path | None = None, say: str | None = None, **variables: str) -> str:
    done = subprocess.run(
        words,
        cwd=cwd,
        input=say,
        stdin=None if say is not None else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COMPOSE_PROGRESS": "plain", **variables},
    )
    assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
