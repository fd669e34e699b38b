import ipaddress
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from feedback.model.errors import ModelMisconfigured, RemoteModelNotAcknowledged
from feedback.model.port import DEFAULT_MAX_TOKENS
from services.kit.settings import Settings

_PREFIX: Final = "CASELOOP_MODEL_"


class ModelSettings(BaseSettings):
    """Which model writes words, where it is and how it is treated, by `CASELOOP_MODEL_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix=_PREFIX, hide_input_in_errors=True)

    kind: Literal["none", "vllm", "scripted"] = "none"
    """`none`: words by rules. `vllm`: a server with the OpenAI interface. `scripted`: fixed sentences, no model."""
    url: str = "http://127.0.0.1:8000/v1"
    """Where the server answers. `/v1` is added when there is no path."""
    socket: Path | None = None
    """The server's unix socket; `url` then only names the path and the server name."""
    name: str = ""
    """The model's name at the server."""
    api_key: SecretStr | None = None
    """The key that the server was given; only from the environment, never on a command line."""
    ca: Path | None = None
    """PEM file of the authority that signed the server's certificate. Default: those that the system trusts."""
    certificate: Path | None = None
    """PEM file with our certificate, for a server that asks for one."""
    key: Path | None = None
    """PEM file with the certificate's private key. Default: in `certificate`."""
    server_name: str | None = None
    """Name that the server's certificate must carry, when it is not the host of `url`."""
    remote_acknowledged: bool = False
    """Learners' code and questions may leave this machine for the server's."""
    script: Path | None = None
    """TOML file with the answers of the scripted model. Default: the built-in ones."""

    attempts: int = Field(default=2, ge=1, le=10)
    """How often a request is made, as long as nothing of an answer has come."""
    backoff: float = Field(default=0.4, ge=0)
    """Seconds before the second attempt, doubled for each further one, and up to half as much again at random."""
    first_token_limit: float = Field(default=10, gt=0)
    """Seconds in which an attempt must begin to answer."""
    time_limit: float = Field(default=30, gt=0)
    """Seconds that the server gets for one answer, all attempts and pauses included."""
    slots: int = Field(default=2, ge=1)
    """Requests at once; further ones wait for a slot."""
    slot_wait: float = Field(default=10, ge=0)
    """Longest wait for a slot, in seconds."""
    slot_expiry: float = Field(default=120, gt=0)
    """Seconds after which a slot is taken from whoever still holds it."""
    breaker_failures: int = Field(default=5, ge=1)
    """Failures in a row after which the server is left alone."""
    breaker_pause: float = Field(default=30, gt=0)
    """Seconds for which it is left alone."""
    response_chars: int = Field(default=2200, ge=200)
    """Longest prose of an answer, in characters; a longer one is cut after a sentence or word."""
    max_tokens: int = Field(default=DEFAULT_MAX_TOKENS, ge=16)
    """Longest answer, in tokens, where whoever asks wants no other."""

    @property
    def base_url(self) -> str:
        """`url` as the client needs it."""
        parts = self._parts()
        return parts._replace(path=parts.path.rstrip("/") or "/v1").geturl()

    def require_usable(self) -> None:
        """Raise `ModelMisconfigured` when a request could not, or must not, be made with these settings."""
        parts = self._parts()
        if not self.name:
            raise ModelMisconfigured(f"{_PREFIX}NAME must say which model the server at {self._place()} shall use")
        if self.key is not None and self.certificate is None:
            raise ModelMisconfigured(f"{_PREFIX}KEY is the key of a certificate; set {_PREFIX}CERTIFICATE too")
        if parts.scheme == "http" and (self.ca or self.certificate or self.server_name):
            raise ModelMisconfigured(f"certificates are for https, but {_PREFIX}URL begins with http://")
        if not self.is_remote():
            return
        if not self.remote_acknowledged:
            raise RemoteModelNotAcknowledged(
                f"The model server {parts.hostname} is not this machine: learners' code, outputs and questions would "
                f"be sent there. If they may be, set {_PREFIX}REMOTE_ACKNOWLEDGED=1; if not, run the server here or "
                f"set {_PREFIX}KIND=none."
            )
        if parts.scheme == "http":
            raise ModelMisconfigured(
                f"learners' texts and the key would cross the network unencrypted; {_PREFIX}URL must begin with "
                "https:// for a server on another machine"
            )

    def is_remote(self) -> bool:
        """Whether the server may be another machine; only loopback addresses and unix sockets are surely not."""
        return self.socket is None and not _is_loopback(self._parts().hostname or "")

    def _place(self) -> str:
        return str(self.socket or self._parts().hostname)

    def _parts(self) -> SplitResult:
        # The url is not repeated in any of these messages: it may hold a password.
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ModelMisconfigured(f"{_PREFIX}URL is no address like https://host:8000/v1")
        if parts.username is not None or parts.password is not None:
            raise ModelMisconfigured(f"{_PREFIX}URL holds a user or password; use {_PREFIX}API_KEY")
        if parts.query or parts.fragment:
            raise ModelMisconfigured(f"{_PREFIX}URL must end with its path, like https://host:8000/v1")
        return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
