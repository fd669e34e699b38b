"""Putting Keycloak's rows into the tables that the same version of Keycloak has made at its first start."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

from sqlalchemy import text

from infra.backup.archive import Member
from infra.backup.errors import ArchiveRefused, RestoreRefused
from infra.backup.keycloak import LOCK, catalogue_of
from infra.backup.manifest import KeycloakTables
from services.kit.table_copies import Tables

_FIRST_REALM: Final = "master"
"""Keycloak's own, with the one administrator that it makes at its first start."""
_ACCOUNTS: Final = """
    SELECT r.name, u.username FROM user_entity u LEFT JOIN realm r ON r.id = u.realm_id
    WHERE u.service_account_client_link IS NULL ORDER BY u.created_timestamp, u.username
"""
_UNLOCK: Final = f"UPDATE {LOCK} SET locked = FALSE, lockgranted = NULL, lockedby = NULL"  # noqa: S608 - our name
_SHOWN: Final = 3


async def require_fits(tables: Tables, kept: KeycloakTables, *, replace: bool) -> None:
    """Whether these rows can be put into these tables; `replace`: also in place of accounts. Raises RestoreRefused."""
    if count := await tables.anybody():
        raise RestoreRefused(
            f"Keycloak's database is in use: it has {count} other connections. Stop Keycloak first "
            "(`docker compose stop keycloak`)"
        )
    here = await catalogue_of(tables)
    if here is None:
        raise RestoreRefused(
            "Keycloak's database has no tables, and Keycloak alone makes them: start it once and stop it again "
            "(`docker compose up -d --wait keycloak`, `docker compose stop keycloak`)"
        )
    if wrong := another_version(kept, here):
        raise RestoreRefused(wrong)
    if wrong := other_columns(kept, here):
        raise RestoreRefused(wrong)
    if not replace:
        await _require_fresh(tables)


def another_version(kept: KeycloakTables, here: KeycloakTables) -> str:
    """Why tables were made by another version of Keycloak; empty: they were not.

    The same changes may have been made in another order, where Keycloak was updated from version to version.
    """
    lacking = [change for change in kept.changes if change not in here.changes]
    more = [change for change in here.changes if change not in kept.changes]
    if not lacking and not more:
        return ""
    found = [
        f"'{changes[0]}' was {word}" for changes, word in ((lacking, "not made here"), (more, "made here")) if changes
    ]
    return (
        f"another version of Keycloak made the tables here: they are at the change {here.version}, and the backup is "
        f"at {kept.version}; {', and '.join(found)}{' only' if more else ''}. Make its database anew with the version "
        "that the backup is of, restore, and update Keycloak then: docs/how-to/backup.md"
    )


def other_columns(kept: KeycloakTables, here: KeycloakTables) -> str:
    """Where tables have other columns than the rows, in whichever order; empty: nowhere."""
    for table in sorted({*kept.tables, *here.tables}):
        if table not in here.tables:
            return f"Keycloak has no table '{table}' here, and the backup has one: is an extension missing?"
        if table not in kept.tables:
            return f"Keycloak has a table '{table}' here, and the backup has none: is an extension new?"
        wanted, found = kept.tables[table].columns, here.tables[table].columns
        if sorted(wanted) != sorted(found):
            return (
                f"Keycloak's table '{table}' has the columns {', '.join(sorted(found))} here, and in the backup "
                f"{', '.join(sorted(wanted))}: another version of Keycloak made it, or an extension"
            )
    return ""


async def _require_fresh(tables: Tables) -> None:
    found = [(str(realm), str(name)) for realm, name in await tables.connection.execute(text(_ACCOUNTS))]
    firsts = [one for one in found if one[0] == _FIRST_REALM]
    # What signs in for a program belongs to its client, and was made with the realm.
    if len(found) > len(firsts) or len(firsts) > 1:
        names = [f"{name} of {realm}" for realm, name in found if (realm, name) != next(iter(firsts), None)]
        raise RestoreRefused(
            f"this system is in use: Keycloak has accounts, {', '.join(names[:_SHOWN])}"
            f"{' …' if len(names) > _SHOWN else ''}. Say --replace to restore all the same: all that Keycloak has is "
            "replaced"
        )


@contextlib.asynccontextmanager
async def emptied(tables: Tables, kept: KeycloakTables) -> AsyncIterator["KeycloakFilling"]:
    """Empty all tables, to be filled in the block; what they refer to is looked at when it ends.

    All of it belongs to a transaction of somebody else's. Raises ArchiveRefused.
    """
    keys = await tables.take_foreign_keys()
    await tables.empty(kept.tables)
    async with contextlib.AsyncExitStack() as rows:
        yield KeycloakFilling(tables, kept, rows)
    for table, wanted in kept.tables.items():
        if (count := await tables.count(table)) != wanted.rows:
            raise ArchiveRefused(f"Keycloak's table {table!r} got {count} rows from it, and should have {wanted.rows}")
    await tables.go_on_from(kept.sequences)
    await tables.give_back(keys)
    # One that was killed while it changed tables would keep the next one waiting.
    await tables.connection.execute(text(_UNLOCK))


class KeycloakFilling:
    """Puts rows into its tables."""

    def __init__(self, tables: Tables, kept: KeycloakTables, rows: contextlib.AsyncExitStack) -> None:
        self._tables, self._kept, self._rows = tables, kept, rows
        self._table = ""
        self._copied: Any = None

    async def put(self, member: Member, *rest: str) -> None:
        """Add one member's rows. Raises ArchiveRefused, CopyFailed."""
        table = rest[0]
        if table not in self._kept.tables:
            raise ArchiveRefused(f"{member.name[:200]!r} in it is not where it belongs")
        if table != self._table:
            await self._rows.aclose()
            filling = self._tables.filling(table, self._kept.tables[table].columns)
            self._table, self._copied = table, await self._rows.enter_async_context(filling)
        for part in member.chunks():
            await self._copied.write(part)
