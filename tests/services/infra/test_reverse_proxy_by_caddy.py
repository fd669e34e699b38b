"""Caddy itself reads our file, whatever stands in `.env`, and serves by it.

It does so with certificates of its own making, on ports of this machine, before two servers in place of the Hub's proxy
and Keycloak.
"""

import json
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.compose_file import environment, services
from tests.free_port import free_port

pytestmark = pytest.mark.caddy
Json = dict[str, Any]
NAMES = {"HUB_HOST": "h.test", "SIGN_IN_HOST": "s.test"}
ALL = {**NAMES, "DESK_HOST": "d.test", "WILDCARD_DOMAIN": "*.h.test", "ACME_EMAIL": "it@school.test"}
_PATIENCE = 30


class Front:
    """The reverse proxy with `given` in `.env`, and what stands behind it."""

    def __init__(self, project: Path, folder: Path, **given: str) -> None:
        self._folder = folder
        self.file = folder / "Caddyfile"
        text = (project / "infra" / "caddy" / "Caddyfile").read_text()
        self.file.write_text(text.replace("/wildcard/", f"{folder}/wildcard/"))
        self._variables = {
            "PATH": os.environ["PATH"],
            **environment(services(project)["reverse-proxy"], **given),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CONFIG_HOME": str(folder / "configuration"),
        }

    def ask_caddy(self, *words: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        return subprocess.run(["caddy", *words], env=self._variables, capture_output=True, text=True, check=False)

    def validate(self) -> "subprocess.CompletedProcess[str]":
        """Load all that the file names, and start nothing."""
        return self.ask_caddy("validate", "--config", self.file, "--adapter", "caddyfile")

    def adapted(self) -> Json:
        """The file as Caddy understands it."""
        done = self.ask_caddy("adapt", "--config", self.file, "--adapter", "caddyfile", "--validate")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def start(self, hub: int, keycloak: int) -> "Running":
        """Have it serve here."""
        http, https = free_port(), free_port()
        text = json.dumps(self.adapted())
        for told, here in (
            ('"hub:8000"', f'"127.0.0.1:{hub}"'),
            ('"keycloak:8080"', f'"127.0.0.1:{keycloak}"'),
            ('":443"', f'"127.0.0.1:{https}"'),
            ('":80"', f'"127.0.0.1:{http}"'),
        ):
            text = text.replace(told, here)
        assert "hub:8000" not in text
        changed = json.loads(text)
        changed["admin"] = {"disabled": True}
        changed["apps"]["http"] |= {"http_port": http, "https_port": https}
        changed["apps"]["pki"] = {"certificate_authorities": {"local": {"install_trust": False}}}
        changed["apps"].setdefault("tls", {})["automation"] = {"policies": [{"issuers": [{"module": "internal"}]}]}
        (self._folder / "here.json").write_text(json.dumps(changed))
        log = (self._folder / "log").open("wb")
        process = subprocess.Popen(
            ["caddy", "run", "--config", self._folder / "here.json"], env=self._variables, stderr=log
        )
        log.close()
        return Running(process, http, https, self._folder)


class Running:
    """A Caddy that serves until `stop`."""

    def __init__(self, process: "subprocess.Popen[bytes]", http: int, https: int, folder: Path) -> None:
        self._process, self.http, self.https, self._folder = process, http, https, folder
        self.root = folder / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    def ask(
        self, method: str, host: str, path: str, headers: Mapping[str, str] | None = None, *, trust: Path | None = None
    ) -> httpx.Response:
        """Over https, as a browser that knows the authority; waits until there is a certificate of that name."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                context = ssl.create_default_context(cafile=trust or self.root)
                with httpx.Client(verify=context, trust_env=False) as client:
                    return client.request(
                        method,
                        f"https://127.0.0.1:{self.https}/",
                        headers={"Host": host, **(headers or {})},
                        # the path as it stands there: nothing is made simpler on the way
                        extensions={"sni_hostname": host, "target": path.encode()},
                    )
            except (OSError, httpx.TransportError):
                assert self._process.poll() is None, self.log
                assert time.monotonic() < until, self.log
                time.sleep(0.05)

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


class _Behind(BaseHTTPRequestHandler):
    """Says what has come through."""

    server: "_Server"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        said = json.dumps({"who": self.server.who, "path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def __init__(self, who: str) -> None:
        self.who, self.asked = who, list[str]()
        super().__init__(("127.0.0.1", 0), _Behind)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


@pytest.fixture
def behind() -> Iterator[Mapping[str, _Server]]:
    made = {who: _Server(who) for who in ("hub", "keycloak")}
    yield made
    for one in made.values():
        one.stop()


@pytest.fixture
def serving(project: Path, tmp_path: Path, behind: Mapping[str, _Server]) -> Iterator[Callable[..., Running]]:
    """Start the reverse proxy with what is given in `.env`."""
    started: list[Running] = []

    def start(**given: str) -> Running:
        front = Front(project, tmp_path, **given)
        started.append(front.start(behind["hub"].server_port, behind["keycloak"].server_port))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def _for_learners(folder: Path, name: str) -> Path:
    """Write a certificate of that name, which vouches for itself, where the file looks for it."""
    place = folder / "wildcard"
    place.mkdir()
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Learners")])
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (place / "wildcard.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (place / "wildcard.key").write_bytes(key.private_bytes(*plain))
    return place / "wildcard.pem"


@pytest.mark.parametrize(
    "given",
    [
        {},
        NAMES,
        NAMES | {"ACME_EMAIL": "it@school.test"},
        NAMES | {"DESK_HOST": "d.test"},
        NAMES | {"SIGN_IN_ADMINS": "192.0.2.0/24 198.51.100.7 2001:db8::/32"},
        dict.fromkeys((*ALL, "SIGN_IN_ADMINS"), ""),
        ALL,
    ],
    ids=["nothing", "names", "mail", "desk", "admins", "empty", "all"],
)
def test_it_understands_the_file(project: Path, tmp_path: Path, given: dict[str, str]) -> None:
    if "WILDCARD_DOMAIN" in given:
        _for_learners(tmp_path, "*.h.test")
    done = Front(project, tmp_path, **given).validate()
    assert done.returncode == 0, done.stderr
    # written as Caddy's own formatter would have it, or it says so at every start
    assert "not formatted" not in done.stderr
    assert "Valid configuration" in done.stdout


def test_it_does_not_start_without_the_certificate_of_learners_hosts(project: Path, tmp_path: Path) -> None:
    done = Front(project, tmp_path, **ALL).validate()
    assert done.returncode != 0
    assert "wildcard.pem" in done.stderr


def test_certificates_are_asked_for_for_the_names_that_are_given_and_no_other(project: Path, tmp_path: Path) -> None:
    """A site of a name that nobody has is there without TLS: no authority is ever asked for it."""

    def hosts(**given: str) -> dict[str, set[str]]:
        servers = Front(project, tmp_path, **given).adapted()["apps"]["http"]["servers"].values()
        return {
            server["listen"][0]: {
                host for route in server["routes"] for match in route["match"] for host in match["host"]
            }
            for server in servers
        }

    assert hosts(**NAMES) == {":443": {"h.test", "s.test"}, ":80": {"desk.invalid", "learners.invalid"}}
    _for_learners(tmp_path, "*.h.test")
    assert hosts(**ALL) == {":443": {"h.test", "s.test", "d.test", "*.h.test"}}
    (policy,) = Front(project, tmp_path, **ALL).adapted()["apps"]["tls"]["automation"]["policies"]
    # for learners' hosts there is one already, so that it does not ask: see below
    assert set(policy["subjects"]) == {"h.test", "s.test", "d.test", "*.h.test"}
    assert {issuer["email"] for issuer in policy["issuers"]} == {"it@school.test"}


def test_the_hub_hears_who_asks_and_the_browser_what_is_safe(serving: Callable[..., Running]) -> None:
    front = serving(**NAMES, DESK_HOST="d.test")
    for host in ("h.test", "d.test"):
        lie = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.test"}
        answer = front.ask("GET", host, "/hub/login?a=1", lie)
        said = answer.json()
        assert (said["who"], said["path"], said["headers"]["Host"]) == ("hub", "/hub/login?a=1", host)
        heard = {name: said["headers"][name] for name in lie}
        assert heard == {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": host}
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
    with httpx.Client(trust_env=False) as client:
        plain = client.get(f"http://127.0.0.1:{front.http}/hub/", headers={"Host": "h.test"})
    assert (plain.status_code, plain.headers["location"].startswith("https://h.test")) == (308, True)


def test_a_learners_host_has_the_one_certificate_of_all(serving: Callable[..., Running], tmp_path: Path) -> None:
    certificate = _for_learners(tmp_path, "*.h.test")
    front = serving(**ALL)
    said = front.ask("GET", "lena.h.test", "/user/lena/", trust=certificate).json()
    assert (said["who"], said["headers"]["Host"]) == ("hub", "lena.h.test")
    skipped = [json.loads(line) for line in front.log.splitlines() if "skipping automatic certificate" in line]
    assert [line["domain"] for line in skipped] == ["*.h.test"]


OF_ADMINS = (
    *("/admin", "/admin/", "/admin/realms", "/realms/master", "/realms/master/protocol/openid-connect/token"),
    *("/ADMIN/", "//admin/", "/./admin/", "/x/../admin/", "/%61dmin/", "/realms//master/", "/realms/%6daster/"),
    *("/realms/caseloop/../master/", "/realms/caseloop/..%2fmaster/", "/admin;x=1/", "/realms/master;x=1/"),
)


def test_administration_is_there_for_those_who_are_named_and_for_nobody_else(
    serving: Callable[..., Running], behind: Mapping[str, _Server]
) -> None:
    """However the path is written: what is let through must not be of those that Keycloak takes for administration."""
    front = serving(**NAMES, SIGN_IN_ADMINS="192.0.2.0/24")
    assert front.ask("GET", "s.test", "/realms/caseloop/account").json()["who"] == "keycloak"
    got = {path: front.ask("GET", "s.test", path).status_code for path in OF_ADMINS}
    assert got == dict.fromkeys(OF_ADMINS, 404)
    # nor by saying that one is somebody else
    assert front.ask("GET", "s.test", "/admin/", {"X-Forwarded-For": "192.0.2.1"}).status_code == 404
    assert behind["keycloak"].asked == ["/realms/caseloop/account"]


def test_an_admin_gets_in_from_where_he_may(serving: Callable[..., Running]) -> None:
    front = serving(**NAMES, SIGN_IN_ADMINS="192.0.2.0/24 127.0.0.1")
    assert front.ask("GET", "s.test", "/admin/master/console/").json()["path"] == "/admin/master/console/"
