"""A Hub of a test is asked itself, and needs no proxy."""

from typing import Any

from jupyterhub.proxy import Proxy


class NoProxy(Proxy):
    """Nothing stands before the Hub."""

    should_start = False

    async def add_route(self, routespec: str, target: str, data: Any) -> None:
        """Nothing to do."""

    async def delete_route(self, routespec: str) -> None:
        """Nothing to do."""

    async def get_all_routes(self) -> dict[str, Any]:
        """Nothing is there."""
        return {}
