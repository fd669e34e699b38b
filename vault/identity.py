import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from urllib.parse import quote, unquote

TRUST_DOMAIN = "caseloop.internal"
"""Every identity and every host name of ours lies below this name; it is never looked up in DNS."""

_PREFIX = f"spiffe://{TRUST_DOMAIN}/"
_SERVICE = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")
_CASE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_VERSION = re.compile(r"[0-9a-f]{64}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_MAX_USER = 255


class InvalidIdentity(ValueError):
    """A text, URI or certificate that does not state exactly one identity of ours."""


class Kind(StrEnum):
    """What a certificate stands for."""

    SERVICE = "service"
    ENV = "env"
    """One learner's environment: one start of one server for one case version."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is at the other end of a connection, as its certificate states it.

    Make one with `service` or `env`, or read one with `parse`, `from_uri` or `from_peercert`; all raise
    `InvalidIdentity`. `str()` gives the short form, `service/gateway` or `env/<user>/<case>/<version>/<nonce>`
    with the user percent-encoded.
    """

    kind: Kind
    name: str = ""
    """The service's name; empty for an environment."""
    user: str = ""
    """The environment's learner; empty for a service, as are `case`, `version` and `nonce`."""
    case: str = ""
    version: str = ""
    """Digest of the case version: 64 hex digits."""
    nonce: str = ""
    """Tells two starts of the same server apart."""

    @classmethod
    def service(cls, name: str) -> Self:
        """The identity of one of our services."""
        # "env" stands for every environment in the trust graph and in routes; no service may answer to it.
        if not _SERVICE.fullmatch(name) or name == Kind.ENV:
            raise InvalidIdentity(f"{name!r} is not a service name: lower-case letters, digits and dashes, at most 32")
        return cls(Kind.SERVICE, name=name)

    @classmethod
    def env(cls, user: str, case: str, version: str, nonce: str) -> Self:
        """The identity of a learner's environment."""
        if not user or len(user) > _MAX_USER or _CONTROL.search(user):
            raise InvalidIdentity(f"{user[:60]!r} is not a user name: 1 to {_MAX_USER} characters, none a control one")
        for value, pattern, what in (
            (case, _CASE, "a case id (lower-case letters, digits and dashes, at most 64)"),
            (version, _VERSION, "a case version (64 hex digits)"),
            (nonce, _NONCE, "a nonce (1 to 64 letters, digits, dashes and underscores)"),
        ):
            if not pattern.fullmatch(value):
                raise InvalidIdentity(f"{value[:80]!r} is not {what}")
        return cls(Kind.ENV, user=user, case=case, version=version, nonce=nonce)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the short form; only the one canonical spelling of an identity is accepted."""
        match text.split("/"):
            case ["service", name]:
                return cls.service(name)
            case ["env", user, case, version, nonce]:
                identity = cls.env(_decoded(user), case, version, nonce)
                if str(identity) == text:
                    return identity
        raise InvalidIdentity(
            f"{text[:200]!r} is neither service/<name> nor env/<user>/<case>/<version>/<nonce> (user percent-encoded)"
        )

    @classmethod
    def from_uri(cls, uri: str) -> Self:
        """Read a certificate's `spiffe://` URI."""
        if not uri.startswith(_PREFIX):
            raise InvalidIdentity(f"{uri[:200]!r} does not begin with {_PREFIX}")
        return cls.parse(uri.removeprefix(_PREFIX))

    @classmethod
    def from_peercert(cls, certificate: Mapping[str, Any] | None) -> Self:
        """Read `SSLObject.getpeercert()`. The certificate must hold exactly one URI."""
        names = (certificate or {}).get("subjectAltName", ())
        uris = [value for kind, value in names if kind == "URI"]
        if len(uris) != 1:
            raise InvalidIdentity(f"the certificate holds {len(uris)} URIs where exactly one names its identity")
        return cls.from_uri(uris[0])

    @property
    def uri(self) -> str:
        """As it stands in the certificate."""
        return _PREFIX + str(self)

    @property
    def is_service(self) -> bool:
        """True for one of our services, False for a learner's environment."""
        return self.kind is Kind.SERVICE

    def __str__(self) -> str:
        if self.is_service:
            return f"service/{self.name}"
        return f"env/{quote(self.user, safe='')}/{self.case}/{self.version}/{self.nonce}"


def host_name(service: str) -> str:
    """The TLS server name of a service: `gateway` -> `gateway.caseloop.internal`."""
    return f"{Identity.service(service).name}.{TRUST_DOMAIN}"


def _decoded(user: str) -> str:
    try:
        return unquote(user, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidIdentity(f"{user[:200]!r} is not percent-encoded UTF-8") from error
