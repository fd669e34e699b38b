"""Whether rows of one Keycloak fit into the tables of another, and what a backup says of them."""

import pytest

from infra.backup.errors import ArchiveRefused
from infra.backup.keycloak import words_of_keycloak
from infra.backup.keycloak_restoring import another_version, other_columns
from infra.backup.manifest import End, KeptTable, KeycloakTables, read_end


def tables(*changes: str, order: int = 0, **columns: str) -> KeycloakTables:
    """Of Keycloak, with so many changes and these columns."""
    found = {table: KeptTable(columns=tuple(names.split()), rows=3) for table, names in columns.items()}
    return KeycloakTables(change=changes[-1], order=order or len(changes), changes=changes, tables=found)


def test_the_same_changes_are_the_same_version_in_whichever_order() -> None:
    assert another_version(tables("a", "b", "c"), tables("a", "b", "c")) == ""
    # updated from version to version, and made by the last one at once
    assert another_version(tables("a", "c", "b"), tables("a", "b", "c")) == ""


def test_another_version_is_named_with_what_differs() -> None:
    older = another_version(tables("a", "b"), tables("a"))
    assert "they are at the change a (number 1), and the backup is at b (number 2)" in older
    assert "'b' was not made here." in older
    newer = another_version(tables("a"), tables("a", "b"))
    assert "they are at the change b (number 2), and the backup is at a (number 1); 'b' was made here only." in newer
    both = another_version(tables("a", "b", order=7), tables("a", "c"))
    assert "'b' was not made here, and 'c' was made here only." in both


def test_columns_and_tables_must_be_the_same_in_whichever_order() -> None:
    assert other_columns(tables("a", realm="id name"), tables("a", realm="name id")) == ""
    more = other_columns(tables("a", realm="id"), tables("a", realm="id name"))
    assert "'realm' has the columns id, name here, and in the backup id:" in more
    assert "no table 'own' here" in other_columns(tables("a", own="id"), tables("a"))
    assert "a table 'own' here" in other_columns(tables("a"), tables("a", own="id"))


def test_a_backup_says_what_of_keycloaks_is_in_it() -> None:
    kept = End(schemas={}, keycloak=tables("a", "26.0", realm="id", client="id"))
    assert words_of_keycloak(kept) == "Keycloak's database: 2 tables, 6 rows, at the change 26.0 (number 2)"
    assert read_end(kept.model_dump_json().encode()) == kept
    assert "is not in it" in words_of_keycloak(End(schemas={}))
    with pytest.raises(ArchiveRefused):
        read_end(kept.model_dump_json().replace("realm", r"realm\u001b[2J").encode())
    # as an older Caseloop wrote it
    assert read_end(b'{"schemas": {}}').keycloak is None
