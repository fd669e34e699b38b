"""Tables whose rows can neither be changed nor deleted: the database itself refuses it."""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from services.kit.audit_chain import NOTHING, linked

_SQLITE: Final = ("UPDATE", "DELETE")
_POSTGRES: Final = ("UPDATE", "DELETE", "TRUNCATE")


def only_ever_added_to(table: str, name: str) -> None:
    """In a migration: from now on whoever changes or deletes rows of `table` gets an IntegrityError that says `name`.

    Whoever owns the file or the table could still remove the triggers first.
    """
    message = f"{name} is only ever added to"
    if op.get_bind().dialect.name == "sqlite":
        for deed in _SQLITE:
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for deed in _POSTGRES:
        op.execute(
            f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} EXECUTE FUNCTION {table}_refuse()"
        )


def chain(table: str, name: str) -> None:
    """In a migration: make `table` a log of `audit_chain.Chained` rows, with those that it has in the chain."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for deed in _SQLITE if sqlite else _POSTGRES:
        op.execute(f"DROP TRIGGER IF EXISTS {table}_no_{deed.lower()}{'' if sqlite else f' ON {table}'}")
    if not sqlite:
        op.execute(f"DROP FUNCTION IF EXISTS {table}_refuse()")
    op.add_column(table, sa.Column("link", sa.String(64), nullable=False, server_default=NOTHING))
    _link_rows(sa.Table(table, sa.MetaData(), autoload_with=op.get_bind()))
    only_ever_added_to(table, name)


def _link_rows(log: sa.Table) -> None:
    connection = op.get_bind()
    before = NOTHING
    for row in connection.execute(sa.select(log).order_by(log.c.seq)).mappings().all():
        content: dict[str, Any] = {key: value for key, value in row.items() if key not in ("seq", "link")}
        before = linked(before, content)
        connection.execute(sa.update(log).where(log.c.seq == row["seq"]).values(link=before))
