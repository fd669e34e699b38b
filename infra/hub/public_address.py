"""Where browsers find the Hub and learners' servers, when something with TLS stands in front of them."""

from typing import Any

from infra.hosts import Hosts


def configure_public_address(c: Any, address: str) -> None:
    """Tell the Hub its address, `https://host`; without one it takes every request's word.

    Behind TLS that word is wrong: the Hub's own proxy adds that it was asked without, and the Hub believes the last in
    the row. Its cookies would then travel over plain HTTP as well, as soon as somebody has a browser ask so.
    """
    if not address:
        return
    c.JupyterHub.public_url = f"{address}/"
    if address.startswith("https://"):
        # the one cookie for which the Hub does not look at its address
        c.JupyterHub.tornado_settings.update({"xsrf_cookie_kwargs": {"secure": True}})


def configure_learners_hosts(c: Any, hosts: Hosts) -> None:
    """Give each learner's servers a host name below the Hub's, where there is a domain for them."""
    if not hosts.wildcard:
        return
    c.JupyterHub.subdomain_host = hosts.hub
    # Script on a learner's host may set cookies for the Hub's, but none whose name begins with __Host-. Browsers take
    # such names over TLS only.
    c.JupyterHub.cookie_host_prefix_enabled = hosts.hub.startswith("https://")
