import asyncio

from feedback.firewall.firewall import Firewall
from feedback.single_flight import SingleFlight
from services.contracts.case import AuthorCase


class KeptFirewalls:
    """The reference firewall of each case version, made once and kept for as long as it is among the newest used.

    Args:
        size: case versions whose firewalls are kept.
    """

    def __init__(self, size: int) -> None:
        self._made = SingleFlight[str, Firewall](size)

    async def of(self, case: AuthorCase) -> Firewall:
        """The version's own."""
        return await self._made.get(case.version, lambda: asyncio.to_thread(Firewall.of, case))
