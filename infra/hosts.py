"""The host names that browsers know, and which of them must be no learner's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.gateway.dashboard.registration import PREFIX, REDIRECT_PATH

WILDCARD: Final = r"^(\*(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.[a-z]([a-z0-9-]*[a-z0-9])?)?$"
"""`*.learn.school.example`, or nothing."""


@dataclass(frozen=True)
class Hosts:
    """Addresses, `https://host`, each empty where there is none, and a domain of learners' hosts."""

    hub: str = ""
    desk: str = ""
    """The desk's own; empty: it is a path of the Hub's host."""
    wildcard: str = ""
    """`*.` and the Hub's host name, where each learner has a host below it; empty: learners' are paths of the Hub's."""

    @property
    def desk_page(self) -> str:
        """Where a link to the desk leads: an address, or a path of the Hub's host."""
        return f"{self.desk}{PREFIX}"

    @property
    def desk_callback(self) -> str:
        """Where the Hub sends browsers that sign in at the desk."""
        return f"{self.desk}{REDIRECT_PATH}"

    @property
    def desk_route(self) -> str:
        """The desk's path as the Hub's proxy knows it: with the Hub's host name where it looks at hosts."""
        return f"{host_of(self.hub)}{PREFIX}" if self.wildcard else PREFIX


def host_of(address: str) -> str:
    """The host name of an address, without its port; empty for none."""
    return urlsplit(address).hostname or ""


def check_hosts(hosts: Hosts, hub_setting: str, others: Mapping[str, str]) -> None:
    """Refuse names that would undo each other. ValueError.

    `hub_setting`: the variable that says the Hub's address; `others`: variable -> another address of the installation.
    """
    hub = host_of(hosts.hub)
    named = {"CASELOOP_DASHBOARD_ADDRESS": hosts.desk, **others}
    for variable, value in {
        "CASELOOP_DASHBOARD_ADDRESS": hosts.desk,
        "CASELOOP_WILDCARD_DOMAIN": hosts.wildcard,
    }.items():
        if value and not hub:
            raise ValueError(f"{variable} needs {hub_setting}, where browsers find the Hub")
    if hosts.desk and host_of(hosts.desk) == hub:
        raise ValueError(f"CASELOOP_DASHBOARD_ADDRESS must have another host name than {hub_setting}")
    if not hosts.wildcard:
        return
    if hosts.wildcard != f"*.{hub}":
        raise ValueError(f"CASELOOP_WILDCARD_DOMAIN={hosts.wildcard} must be *.{hub}, as {hub_setting} says")
    for variable, address in named.items():
        if host_of(address).endswith(f".{hub}"):
            # anybody may be called `desk`, and script of any learner's host may set cookies for all below the Hub's
            raise ValueError(f"{variable} must have a host name that is not below {hub}: those are learners'")
