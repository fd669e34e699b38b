"""How the Hub's proxy is started; nothing here needs the Hub's own packages."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.hosts import Hosts, host_of
from infra.settings import EmbeddedSettings
from spawner.sockets import socket_address
from vault.ports import SecretStore
from vault.wiring import Vault

_CONNECTIONS: Final = Path(__file__).parent / "proxy_connections.mjs"


def proxy_program(settings: EmbeddedSettings) -> list[str]:
    """The command of the proxy, without the addresses that it serves."""
    node = json.loads(settings.node_file.read_text())["node"]
    found = settings.project / "web" / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
    return [node, "--import", _CONNECTIONS.as_uri(), str(found)]


def proxy_variables(settings: EmbeddedSettings, vault: Vault, hosts: Hosts) -> Mapping[str, str]:
    """What `proxy_connections.mjs` needs to know."""
    return {
        "CASELOOP_PROXY_LOGS": settings.logs.format,
        "CASELOOP_PROXY_DESK_HOST": host_of(hosts.desk),
        "CASELOOP_PROXY_HUB_ADDRESS": hosts.hub if hosts.wildcard else "",
        "CASELOOP_PROXY_TRUSTED": settings.trusted_proxies,
        "CASELOOP_PROXY_REFUSALS_BURST": str(settings.refusals_burst),
        "CASELOOP_PROXY_REFUSALS_PER_MINUTE": str(settings.refusals_per_minute),
        "CASELOOP_PROXY_LEAF": str(settings.leaf("proxy")),
        "CASELOOP_PROXY_AUTHORITY": str(vault.authority.bundle),
        **_desk(settings),
    }


def _desk(settings: EmbeddedSettings) -> Mapping[str, str]:
    """Where the mentors' desk is: containers share folders, and no address of a machine."""
    if settings.mode == "production":
        return {"CASELOOP_DASHBOARD_SOCKET": str(settings.socket("dashboard"))}
    return {"CASELOOP_DASHBOARD_PORT_FILE": str(settings.dashboard_port_file)}


def standing_command(settings: EmbeddedSettings) -> list[str]:
    """The command of a proxy that is started by itself, and stands while the Hub does not."""
    return [
        *proxy_program(settings),
        *("--ip", settings.host, "--port", str(settings.port)),
        *("--api-socket", str(settings.proxy_socket)),
        *("--error-target", socket_address(settings.hub_listens) + "/hub/error"),
        *("--log-level", "info"),
        # one that the Hub starts is told so by the Hub
        *(["--host-routing"] if settings.wildcard_domain else []),
    ]


def standing_variables(settings: EmbeddedSettings, vault: Vault) -> Mapping[str, str]:
    """The variables of such a proxy, besides those of the machine."""
    return {**proxy_variables(settings, vault, settings.hosts), "CONFIGPROXY_AUTH_TOKEN": proxy_token(vault.secrets)}


def proxy_token(store: SecretStore) -> str:
    """What the Hub shows to such a proxy, made at the first call."""
    return store.create("proxy-token", lambda: secrets.token_hex(32).encode()).decode()
