"""The certified provider from npm, in a process of its own, over real TLS."""

import json
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.keycloak.realm import AFTER_SIGN_OUT, CALLBACK, HUB, PROGRAM
from tests.openid_provider.ports import AUDIENCE, HUB_ADDRESS, OpenIdProvider, Person
from tests.tls_server import write_server_pair

PROGRAM_FILE = Path(__file__).with_name("provider.mjs")


class CertifiedProvider(OpenIdProvider):
    """Answers from its making until `stop`; it ends with this process, too."""

    says_anything = True

    def __init__(self, project: Path, folder: Path) -> None:
        node = json.loads((project / ".cache" / "setup" / "node.json").read_text())["node"]
        self.ca, key, self._log = folder / "provider.pem", folder / "provider.key", folder / "provider.log"
        write_server_pair(self.ca, key)
        self.hub_secret, self.program_secret = secrets.token_hex(16), secrets.token_hex(16)
        self._password = secrets.token_hex(8)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [node, PROGRAM_FILE, project / "web"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        started = self.tell(
            "start",
            certificate=str(self.ca),
            key=str(key),
            realm="caseloop",
            audience=AUDIENCE,
            hub={
                "id": HUB,
                "secret": self.hub_secret,
                "callback": f"{HUB_ADDRESS}{CALLBACK}",
                "afterSignOut": f"{HUB_ADDRESS}{AFTER_SIGN_OUT}",
            },
            program={"id": PROGRAM, "secret": self.program_secret, "role": "admin"},
            people={},
        )
        self.issuer = started["issuer"]
        self._people: dict[str, Person] = {}

    def tell(self, command: str, **more: Any) -> dict[str, Any]:
        """Have something done, and wait until it is."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"command": command, **more}).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the provider has ended:\n{self._log.read_text()[-4000:]}"
        told: dict[str, Any] = json.loads(answer)
        assert "failed" not in told, told["failed"]
        return told

    def have(self, people: Mapping[str, Person]) -> None:
        self._people = dict(people)
        described = {
            name: {"password": self._password, "claims": {"roles": person.roles, "groups": person.groups}}
            for name, person in people.items()
        }
        self.tell("people", people=described)

    def password(self, name: str) -> str:
        return self._password

    def shut_out(self, name: str) -> None:
        self.have({other: person for other, person in self._people.items() if other != name})

    def rotate(self, *, withdraw: bool = False, algorithm: str = "RS256") -> None:
        self.tell("rotate", withdraw=withdraw, algorithm=algorithm)

    def end_access_tokens(self) -> None:
        """Let none that people were given count any longer, as when their time is over."""
        self.tell("endAccessTokens")

    def grants(self) -> list[str]:
        """For what tokens were given out, in order."""
        return list(self.tell("grants")["grants"])

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
