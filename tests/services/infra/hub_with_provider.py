"""Configuration of a small real Hub, read by JupyterHub itself: ours is how people sign in and what they may."""

import os
from pathlib import Path

from jupyterhub import orm, roles
from jupyterhub.spawner import SimpleLocalProcessSpawner

from infra.hub.configuration import _roles
from infra.hub.figures import configure_figures
from infra.hub.public_address import configure_public_address
from infra.hub.single_sign_on import configure_single_sign_on
from services.gateway.dashboard.registration import ADMIN_SCOPE, MENTOR_SCOPE, QA_SCOPE
from services.kit.settings import OidcSettings
from tests.services.infra.no_proxy import NoProxy
from vault.adapters.encrypted_file import EncryptedFile


def had_an_admin(database: str, name: str) -> None:
    """Make the database as a Hub left it in which admins had the Hub's own role for them."""
    with orm.new_session_factory(database)() as db:
        for role in roles.get_default_roles():
            roles.create_role(db, role)
        user = orm.User(name=name, admin=True)
        db.add(user)
        db.commit()
        roles.assign_default_roles(db, user)
        assert {role.name for role in user.roles} == {"user", "admin"}


c = get_config()  # noqa: F821 - JupyterHub's
folder, port = Path(os.environ["HUB_TEST_FOLDER"]), os.environ["HUB_TEST_PORT"]
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.db_url = f"sqlite:///{folder / 'hub.sqlite'}"
had_an_admin(c.JupyterHub.db_url, "root")
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
oidc = OidcSettings(_env_file=None)
store = EncryptedFile(folder / "secrets")
configure_single_sign_on(c, oidc, store)
configure_figures(c, store)
configure_public_address(c, oidc.hub_address)
c.GenericOAuthenticator.auth_refresh_age = 1
