"""Configuration of a small real Hub, read by JupyterHub itself: only how people sign in is ours."""

import os
from pathlib import Path

from jupyterhub.proxy import Proxy
from jupyterhub.spawner import SimpleLocalProcessSpawner

from infra.hub.configuration import _roles
from infra.hub.single_sign_on import configure_single_sign_on
from services.gateway.dashboard.registration import ADMIN_SCOPE, MENTOR_SCOPE, QA_SCOPE
from services.kit.settings import OidcSettings
from vault.adapters.encrypted_file import EncryptedFile


class NoProxy(Proxy):
    """The test asks the Hub itself."""

    should_start = False

    async def add_route(self, routespec, target, data):
        """Nothing to do."""

    async def delete_route(self, routespec):
        """Nothing to do."""

    async def get_all_routes(self):
        """Nothing is there."""
        return {}


c = get_config()  # noqa: F821 - JupyterHub's
folder, port = Path(os.environ["HUB_TEST_FOLDER"]), os.environ["HUB_TEST_PORT"]
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.db_url = f"sqlite:///{folder / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(folder / "cookie")
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.spawner_class = SimpleLocalProcessSpawner
c.JupyterHub.custom_scopes = {
    MENTOR_SCOPE: {"description": "mentor"},
    QA_SCOPE: {"description": "qa"},
    ADMIN_SCOPE: {"description": "admin", "subscopes": [MENTOR_SCOPE, QA_SCOPE]},
}
c.JupyterHub.services = [{"name": "caseloop", "api_token": "t" * 32}]
_roles(c)
configure_single_sign_on(c, OidcSettings(_env_file=None), EncryptedFile(folder / "secrets"))
c.GenericOAuthenticator.auth_refresh_age = 1
