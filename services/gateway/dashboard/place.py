"""Where browsers find the desk: below the Hub's address, or at a host name of its own."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.gateway.dashboard.registration import PREFIX, REDIRECT_PATH
from services.gateway.dashboard.settings import DashboardSettings

SESSION_COOKIE: Final = "caseloop-desk"
"""The name of the session's cookie, where it needs no prefix."""
_STATE: Final = "caseloop-desk-state-"
_THIS_HOST_ONLY: Final = "__Host-"
"""Before a cookie's name: browsers take it from this very host only, over TLS and for all paths, so that no other host
(a learner's, another of the school's) can put one of its own in the place of ours."""
_PORTS: Final = {"https": ":443", "http": ":80"}


@dataclass(frozen=True)
class DeskPlace:
    """The desk's address and the Hub's, `https://host`; both empty where the desk is a path of the Hub's host."""

    address: str = ""
    hub: str = ""

    @classmethod
    def told_by(cls, settings: DashboardSettings) -> "DeskPlace":
        """The place that settings name."""
        return cls(settings.address, settings.hub_address) if settings.address else cls()

    @property
    def is_own(self) -> bool:
        """Whether the desk has a host name of its own."""
        return bool(self.address)

    def is_here(self, host: str) -> bool:
        """Whether a request's `Host` header names the desk's own host; always, where it has none."""
        if not self.is_own:
            return True
        own = urlsplit(self.address)
        return host.lower().removesuffix(_PORTS[own.scheme]) == own.netloc.lower().removesuffix(_PORTS[own.scheme])

    def at_hub(self, path: str) -> str:
        """The Hub's page at a path, as a link of the desk's page."""
        return f"{self.hub}{path}"

    @property
    def redirect_uri(self) -> str:
        """Where the Hub sends browsers back to, letter by letter as the Hub knows it."""
        return f"{self.address}{REDIRECT_PATH}"

    # --- cookies ----------------------------------------------------------------------------------------------------

    @property
    def is_over_tls(self) -> bool:
        """Whether the address itself says that browsers speak TLS."""
        return self.address.startswith("https://")

    @property
    def session_cookie(self) -> str:
        """The name of the session's cookie."""
        return self._before_names + SESSION_COOKIE

    @property
    def state_cookies(self) -> str:
        """How the names of the cookies begin that hold a sign-in under way."""
        return self._before_names + _STATE

    def cookie_path(self, path: str) -> str:
        """The path of a cookie that is for `path`: with the prefix of its name it must be for all."""
        return "/" if self._before_names else path

    @property
    def session_path(self) -> str:
        """The path of the session's cookie."""
        return self.cookie_path(PREFIX)

    @property
    def state_path(self) -> str:
        """The path of the cookies of a sign-in under way."""
        return self.cookie_path(REDIRECT_PATH)

    @property
    def _before_names(self) -> str:
        return _THIS_HOST_ONLY if self.is_over_tls else ""
