import asyncio

from feedback.firewall.firewall import Firewall
from feedback.single_flight import SingleFlight
from services.contracts.case import AuthorCase


class KeptFirewalls:
    """The reference firewall of each case version, made once; the last `size` versions stay in memory."""

    def __init__(self, size: int = 32) -> None:
        self._kept = SingleFlight[str, Firewall](size)

    async def of(self, case: AuthorCase) -> Firewall:
        """The version's own. Making one reads all its secrets, in a thread of its own."""
        return await self._kept.get(case.version, lambda: asyncio.to_thread(Firewall.of, case))
