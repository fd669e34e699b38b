"""JupyterHub's configuration, as a function of Caseloop's settings."""

import secrets
from pathlib import Path
from typing import Any, Final

from infra.accounts import Accounts
from infra.hosts import Hosts, check_hosts
from infra.hub.authenticator import GROUPS, AccountsAuthenticator
from infra.hub.database import configure_database
from infra.hub.figures import configure_figures
from infra.hub.logs import configure_hub_logs
from infra.hub.pages import CaseHandler, CasesHandler
from infra.hub.progress_page import ProgressFileHandler, ProgressHandler
from infra.hub.proxy import StandingProxy, WholeProxy
from infra.hub.proxy_process import proxy_program, proxy_token, proxy_variables
from infra.hub.public_address import configure_learners_hosts, configure_public_address
from infra.hub.single_sign_on import configure_single_sign_on
from infra.production.settings import ProductionSettings
from infra.settings import EmbeddedSettings
from services.contracts.identity import Role
from services.gateway.dashboard.registration import (
    ADMIN_SCOPE,
    CLIENT_ID,
    DESK,
    MENTOR_SCOPE,
    QA_SCOPE,
    desk_secret,
)
from services.kit.settings import OidcSettings
from spawner.bubblewrap import BubblewrapSpawner
from spawner.case_server import CaseServer
from spawner.platform import Platform
from spawner.sockets import socket_address
from vault.identity import host_name
from vault.wiring import Vault

HERE = Path(__file__).parent
OPERATORS_SCOPES: Final = [
    "admin-ui",
    "list:users",
    "read:users",
    "read:roles:users",
    "delete:users",
    "servers",
    "list:groups",
    "read:groups",
    "list:services",
    "read:services",
    "read:hub",
    "read:metrics",
    "shutdown",
]
"""What the Hub's page «People and servers» does, without a way into anybody's server.

Such ways are `access:servers` and `shares`, but also `tokens` (one in another's name), `admin:users` (another's name on
oneself) and `proxy` (where everybody's requests go).
"""


def configure(c: Any, settings: EmbeddedSettings, vault: Vault, platform: Platform) -> None:
    """Fill JupyterHub's configuration object. ValueError for host names that would undo each other."""
    hosts = public_hosts(settings)
    configure_hub_logs(c, settings.logs)
    _hub(c, settings, vault)
    _proxy(c, settings, vault, hosts)
    _people(c, settings, vault, hosts)
    _desk(c, vault, hosts)
    if settings.mode == "production":
        configure_figures(c, vault.secrets)
    _pages(c, platform, hosts)
    _environments(c, settings, platform)


def configure_in_chart(c: Any, settings: ProductionSettings, vault: Vault, platform: Platform) -> None:
    """The same where a chart has said where Hub and proxy are and listen (`infra/helm/z2jh-values.yaml`)."""
    hosts = public_hosts(settings)
    configure_hub_logs(c, settings.logs)
    c.JupyterHub.cleanup_servers = False  # learners' servers outlive the Hub
    _people(c, settings, vault, hosts)
    _desk(c, vault, hosts)
    _pages(c, platform, hosts)
    _environments(c, settings, platform)


def public_hosts(settings: EmbeddedSettings) -> Hosts:
    """The host names that browsers know. ValueError for some that would undo each other."""
    if settings.mode == "embedded":
        return settings.hosts  # looked at before
    oidc = OidcSettings()
    hosts = Hosts(oidc.hub_address, settings.dashboard_address, settings.wildcard_domain)
    check_hosts(hosts, "CASELOOP_OIDC_HUB_ADDRESS", {"CASELOOP_OIDC_ISSUER": oidc.issuer})
    return hosts


def _hub(c: Any, settings: EmbeddedSettings, vault: Vault) -> None:
    address = socket_address(settings.hub_listens)
    c.JupyterHub.bind_url = f"http://{settings.host}:{settings.port}"
    c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = address
    c.JupyterHub.hub_socket_mode = 0o600
    configure_database(c, settings)
    c.JupyterHub.cookie_secret = vault.secrets.create("hub-cookie", lambda: secrets.token_bytes(32))
    c.JupyterHub.log_level = "INFO"
    c.JupyterHub.cleanup_servers = False  # learners' servers outlive the Hub
    c.JupyterHub.cleanup_proxy = True


def _proxy(c: Any, settings: EmbeddedSettings, vault: Vault, hosts: Hosts) -> None:
    c.ConfigurableHTTPProxy.api_url = socket_address(settings.proxy_socket)
    # seconds in which a new proxy is noticed; looking costs one system call
    c.ConfigurableHTTPProxy.check_running_interval = 1
    # No `url` in the desk's service: the Hub would call it with a certificate it has not, and wait for it at its start.
    c.Proxy.extra_routes = {hosts.desk_route: f"https://{host_name('dashboard')}"}
    match settings.mode:
        case "embedded":  # the supervisor starts it
            c.JupyterHub.proxy_class = StandingProxy
            c.ConfigurableHTTPProxy.auth_token = proxy_token(vault.secrets)
        case "production":
            c.JupyterHub.proxy_class = WholeProxy
            _own_proxy(c, settings, vault, hosts)


def _own_proxy(c: Any, settings: EmbeddedSettings, vault: Vault, hosts: Hosts) -> None:
    """A proxy that the Hub starts: they share a container, and end together."""
    # it runs in a session of its own: without this it would survive a killed Hub and keep the port
    bound_to_hub = ["setpriv", "--pdeathsig", "KILL"]
    told = [f"{name}={value}" for name, value in proxy_variables(settings, vault, hosts).items()]
    figures = settings.socket("proxy")
    figures.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    program = [*proxy_program(settings), "--metrics-socket", str(figures)]
    c.ConfigurableHTTPProxy.command = [*bound_to_hub, "env", *told, *program]
    pid_file = settings.proxy_socket.with_suffix(".pid")
    c.ConfigurableHTTPProxy.pid_file = str(pid_file)
    # This proxy never outlives its Hub, so it is a left-over; the Hub would kill whatever has that process id by now.
    pid_file.unlink(missing_ok=True)


def _people(c: Any, settings: EmbeddedSettings, vault: Vault, hosts: Hosts) -> None:
    match settings.mode:
        case "embedded":
            c.JupyterHub.authenticator_class = AccountsAuthenticator
            c.Authenticator.allow_all = True  # whoever has a password has an account
            c.AccountsAuthenticator.accounts = Accounts(settings.home / "accounts.json")
        case "production":
            configure_single_sign_on(c, OidcSettings(), vault.secrets)
    configure_public_address(c, hosts.hub)
    configure_learners_hosts(c, hosts)
    _roles(c)


def _roles(c: Any) -> None:
    c.JupyterHub.load_roles = [
        # Everybody may go to the desk's door; it turns away whoever has no role there.
        {"name": "user", "scopes": ["self", f"access:services!service={DESK}"]},
        {
            "name": "server",
            # what the token inside an environment may do: say whose it is, report activity, open its own server
            "scopes": [
                "users:activity!user",
                "access:servers!server",
                "read:users:name!user",
                "read:users:groups!user",
            ],
        },
        {"name": "operators", "groups": [GROUPS[Role.ADMIN]], "scopes": OPERATORS_SCOPES},
        # The Hub's own, which opens everybody's server and cannot be narrowed: nobody has it, nor keeps it from before.
        {"name": "admin", "users": []},
        {"name": "mentors", "groups": [GROUPS[Role.MENTOR]], "scopes": [MENTOR_SCOPE]},
        {"name": "quality", "groups": [GROUPS[Role.QA]], "scopes": [QA_SCOPE]},
        {"name": "desk-admins", "groups": [GROUPS[Role.ADMIN]], "scopes": [ADMIN_SCOPE]},
    ]


def _desk(c: Any, vault: Vault, hosts: Hosts) -> None:
    """The mentors' desk, a service of ours that signs people in by the Hub's OAuth."""
    c.JupyterHub.custom_scopes = {
        MENTOR_SCOPE: {"description": "Answer learners' questions in Caseloop"},
        QA_SCOPE: {"description": "Measure the quality of feedback in Caseloop"},
        ADMIN_SCOPE: {"description": "Administer Caseloop", "subscopes": [MENTOR_SCOPE, QA_SCOPE]},
    }
    c.JupyterHub.services = [
        {
            "name": DESK,
            "api_token": desk_secret(vault.secrets),
            "oauth_client_id": CLIENT_ID,
            "oauth_redirect_uri": hosts.desk_callback,
            # a page of ours: nobody needs to allow it to read their name
            "oauth_no_confirm": True,
            # the last one: a token of the desk can be deleted with itself, and the desk needs no power over others'
            "oauth_client_allowed_scopes": [MENTOR_SCOPE, QA_SCOPE, ADMIN_SCOPE, "tokens!user"],
            "display": False,
        }
    ]


def _pages(c: Any, platform: Platform, hosts: Hosts) -> None:
    c.JupyterHub.template_paths = [str(HERE / "templates")]
    c.JupyterHub.template_vars = {"desk_scopes": [MENTOR_SCOPE, QA_SCOPE], "desk_url": hosts.desk_page}
    c.JupyterHub.logo_file = str(HERE / "static" / "logo.svg")
    c.JupyterHub.extra_handlers = [
        (r"/cases", CasesHandler, {"platform": platform}),
        (r"/cases/([^/]+)", CaseHandler, {"platform": platform}),
        (r"/progress", ProgressHandler, {"platform": platform}),
        (r"/progress\.json", ProgressFileHandler, {"platform": platform}),
    ]
    c.JupyterHub.default_url = "/hub/cases"


def _environments(c: Any, settings: EmbeddedSettings, platform: Platform) -> None:
    c.JupyterHub.spawner_class = _spawner(c, settings)
    c.JupyterHub.allow_named_servers = True  # one server a case, named after it
    c.JupyterHub.named_server_limit_per_user = settings.environments_per_learner
    c.JupyterHub.tornado_settings.update({"slow_spawn_timeout": 0})
    c.CaseServer.platform = platform
    c.CaseServer.idle_hours = settings.environment_idle_hours
    c.CaseServer.busy_hours = settings.environment_busy_hours
    c.Spawner.poll_interval = settings.save_seconds
    c.Spawner.http_timeout = 60
    c.Spawner.start_timeout = 180  # beyond the spawner's own limits, which say what took too long


def _spawner(c: Any, settings: EmbeddedSettings) -> type[CaseServer]:
    """The spawner's class, with the limits of each environment set."""
    kind = _kind(c, settings)
    limits = c[kind.__name__]
    limits.memory_mb = settings.environment_memory_mb
    limits.cpus = settings.environment_cpus
    limits.processes = settings.environment_processes
    if settings.isolation != "bubblewrap":
        limits.image_name, _, limits.image_tag = settings.learner_image.rpartition(":")
        limits.disk_mb = settings.environment_disk_mb
    return kind


def _kind(c: Any, settings: EmbeddedSettings) -> type[CaseServer]:
    """The class, and what only it needs; the packages of containers are installed for those only who want some."""
    match settings.isolation:
        case "bubblewrap":
            return BubblewrapSpawner
        case "docker":
            from spawner.docker import DockerServer

            return DockerServer
    if not isinstance(settings, ProductionSettings):
        raise ValueError(f"CASELOOP_ISOLATION={settings.isolation} needs CASELOOP_MODE=production")
    c.NetworkServer.plain_allowed = settings.cluster_plain
    if settings.isolation == "swarm":
        from spawner.swarm import SwarmServer

        c.SwarmServer.network_name = settings.cluster_network
        return SwarmServer
    from spawner.kube import KubeServer

    c.KubeServer.claim = settings.cluster_claim
    return KubeServer
