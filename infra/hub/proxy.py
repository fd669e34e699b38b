from jupyterhub.proxy import ConfigurableHTTPProxy


class WholeProxy(ConfigurableHTTPProxy):
    """The Hub's proxy, which leads to the mentors' desk also after it was killed and started again."""

    async def restore_routes(self) -> None:
        """Put every route on a new proxy.

        The Hub by itself leaves the configured ones out until it looks at everybody's activity, minutes later.
        """
        for path, target in self.extra_routes.items():
            await self.add_route(path, target, {"extra": True})
        await super().restore_routes()
