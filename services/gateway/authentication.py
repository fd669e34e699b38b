import re
from collections.abc import Sequence

from services.gateway.errors import IdentityMismatch, TokenInvalid, TokenMissing, TooManyRequests
from services.gateway.learner import Learner, roles_of
from services.gateway.ports import HubUsers
from services.gateway.rate_limit import TokenBuckets
from vault.identity import Identity

_TOKEN = re.compile(r"[Tt]oken ([A-Za-z0-9._~+/=-]{8,512})")


class Doorkeeper:
    """Lets environments in: a certificate and a Hub token of the same person, and not too often."""

    def __init__(self, users: HubUsers, requests: TokenBuckets, checks: TokenBuckets, assistance: TokenBuckets) -> None:
        self._users = users
        self._requests = requests
        self._checks = checks
        self._assistance = assistance

    async def admit(self, environment: Identity, authorization: Sequence[str]) -> Learner:
        """Say who asks, from an environment's certificate and all its `Authorization` headers.

        Raises TooManyRequests, TokenMissing, TokenInvalid, IdentityMismatch, HubUnavailable.
        """
        # Before the Hub is asked, so that a flood ends here.
        _spend(self._requests, environment.user, "requests")
        user = await self._users.user(_token(authorization))
        if user is None:
            raise TokenInvalid(
                "The Hub does not know this environment's token any more. Stop the server and start the case again."
            )
        if user.name != environment.user:
            raise IdentityMismatch("The token and the certificate of this call belong to two different people.")
        return Learner(user.name, roles_of(user.groups), environment.case, environment.version)

    def admit_work(self, learner: Learner) -> None:
        """Let a learner ask for something that costs computing. Raises TooManyRequests."""
        _spend(self._checks, learner.user, "checks")

    def admit_assistance(self, learner: Learner) -> None:
        """Let a learner ask for something that may cost a language model's time. Raises TooManyRequests."""
        _spend(self._assistance, learner.user, "questions to the assistant")


def _token(authorization: Sequence[str]) -> str:
    found = _TOKEN.fullmatch(authorization[0]) if len(authorization) == 1 else None
    if found is None:
        raise TokenMissing("Send exactly one header `Authorization: token <JUPYTERHUB_API_TOKEN>`.")
    return found[1]


def _spend(buckets: TokenBuckets, user: str, what: str) -> None:
    wait = buckets.take(user)
    if wait > 0:
        raise TooManyRequests(f"Too many {what} at once. Try again in {max(1, round(wait))} seconds.")
