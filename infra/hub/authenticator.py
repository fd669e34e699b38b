import asyncio
from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import Any as AnyTrait

from infra.accounts import Accounts
from services.contracts.identity import Role

GROUPS = {Role.LEARNER: "learners", Role.MENTOR: "mentors", Role.ADMIN: "admins", Role.QA: "qa"}


class AccountsAuthenticator(Authenticator):
    """Sign-in with the embedded system's own accounts; roles become Hub groups."""

    accounts: Accounts = AnyTrait(config=True, help="Where the accounts are.")
    manage_groups = True

    async def authenticate(
        self,
        handler: Any,  # noqa: ARG002 - the Hub's signature
        data: dict[str, str],
    ) -> dict[str, Any] | None:
        """The user as the Hub wants it, or None when name or password is wrong."""
        name, password = data.get("username", ""), data.get("password", "")
        account = await asyncio.to_thread(self.accounts.verify, name, password)
        if account is None:
            return None
        return {"name": account.name, "groups": [GROUPS[account.role]]}
