"""Configuration of a small real Hub, read by JupyterHub itself: ours is where it keeps its tables."""

import os
from pathlib import Path

from jupyterhub.spawner import SimpleLocalProcessSpawner

from infra.hub.database import configure_database
from infra.settings import EmbeddedSettings
from tests.services.infra.no_proxy import NoProxy

c = get_config()  # noqa: F821 - JupyterHub's
folder, port = Path(os.environ["HUB_TEST_FOLDER"]), os.environ["HUB_TEST_PORT"]
configure_database(c, EmbeddedSettings(mode="production", home=folder, _env_file=None))
c.JupyterHub.bind_url = c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.cookie_secret_file = str(folder / "cookie")
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.spawner_class = SimpleLocalProcessSpawner
c.JupyterHub.authenticator_class = "null"
c.JupyterHub.services = [{"name": "operator", "api_token": os.environ["HUB_TEST_TOKEN"]}]
c.JupyterHub.load_roles = [{"name": "operators", "services": ["operator"], "scopes": ["admin:users"]}]
