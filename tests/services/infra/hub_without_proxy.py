"""What configurations of small test Hubs share."""

from jupyterhub.proxy import Proxy


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
