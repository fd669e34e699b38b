"""Tables like those that Keycloak makes for itself, by Liquibase: a few of its hundred, with what is awkward in them.

Written after what dumps of its database look like; they are not its own.
"""

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import sql

CHANGES: Final = (
    "META-INF/jpa-changelog-11.0.0.xml::map-remove-ri::keycloak",
    "META-INF/jpa-changelog-12.0.0.xml::map-remove-ri::keycloak",
    "META-INF/jpa-changelog-25.0.0.xml::25.0.0-28265-tables::keycloak",
    "META-INF/jpa-changelog-26.0.0.xml::26.0.0-32583-drop-redundant-index-on-client-session::keycloak",
)
"""As Liquibase names them; an id alone is not one change's."""
ODD: Final = "tab\there, line\nthere,\r\nback\\slash, \\N, \\., 'quotes' \"twice\", %s :name {} é 漢 🎓"
_TABLES: Final = """
    CREATE TABLE realm (
        id varchar(36) PRIMARY KEY, name varchar(255) UNIQUE, enabled boolean DEFAULT false NOT NULL,
        master_admin_client varchar(36), not_before integer);
    CREATE TABLE client (
        id varchar(36) PRIMARY KEY, realm_id varchar(36), client_id varchar(255), secret varchar(255),
        bearer_only boolean DEFAULT false NOT NULL, UNIQUE (realm_id, client_id));
    ALTER TABLE realm ADD CONSTRAINT fk_traf444kk6qrkms7n56aiwq5y
        FOREIGN KEY (master_admin_client) REFERENCES client (id);
    ALTER TABLE client ADD CONSTRAINT fk_client_realm FOREIGN KEY (realm_id) REFERENCES realm (id)
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
    CREATE TABLE component (
        id varchar(36) PRIMARY KEY, name varchar(255), parent_id varchar(36) REFERENCES component (id),
        realm_id varchar(36) REFERENCES realm (id), sub_type varchar(255));
    CREATE TABLE component_config (
        id varchar(36) PRIMARY KEY, component_id varchar(36) NOT NULL REFERENCES component (id),
        name varchar(255) NOT NULL, value text);
    CREATE TABLE user_entity (
        id varchar(36) PRIMARY KEY, email varchar(255), email_verified boolean DEFAULT false NOT NULL,
        enabled boolean NOT NULL, realm_id varchar(255), username varchar(255), created_timestamp bigint,
        service_account_client_link varchar(255), UNIQUE (realm_id, username));
    CREATE TABLE credential (
        id varchar(36) PRIMARY KEY, salt bytea, type varchar(255), user_id varchar(36) REFERENCES user_entity (id),
        created_date bigint, user_label varchar(255), secret_data text, credential_data text, priority integer);
    CREATE TABLE offline_client_session (client_id varchar(255) PRIMARY KEY, "timestamp" integer, data text);
    CREATE TABLE event_entity (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, details text, at double precision,
        shown text GENERATED ALWAYS AS (upper(details)) STORED);
    CREATE TABLE nothing_yet (id integer PRIMARY KEY);
    CREATE TABLE databasechangelog (
        id varchar(255) NOT NULL, author varchar(255) NOT NULL, filename varchar(255) NOT NULL,
        dateexecuted timestamp NOT NULL, orderexecuted integer NOT NULL, exectype varchar(10) NOT NULL,
        md5sum varchar(35), description varchar(255), comments varchar(255), tag varchar(255), liquibase varchar(20));
    CREATE TABLE databasechangeloglock (
        id integer PRIMARY KEY, locked boolean NOT NULL, lockgranted timestamp, lockedby varchar(255));
    INSERT INTO databasechangeloglock (id, locked) VALUES (1, false), (1000, false), (1001, false);
"""

Connection = psycopg.Connection[Any]


def start_once(connection: Connection, changes: Sequence[str] = CHANGES, ids: str = "new") -> None:
    """Make the tables, and what is in them after the first start and `caseloop keycloak bootstrap`."""
    connection.execute(_TABLES.encode())
    for order, change in enumerate(changes, 1):
        connection.execute(
            "INSERT INTO databasechangelog (filename, id, author, orderexecuted, dateexecuted, exectype, comments) "
            "VALUES (%s, %s, %s, %s, now(), 'EXECUTED', '')",
            (*change.split("::"), order),
        )
    for realm in ("master", "caseloop"):
        connection.execute("INSERT INTO realm VALUES (%s, %s, true, NULL, 0)", (f"{ids}-{realm}", realm))
        connection.execute(
            "INSERT INTO client VALUES (%s, %s, 'cli', %s)",
            (f"{ids}-{realm}-cli", f"{ids}-{realm}", f"secret of {ids}"),
        )
        connection.execute("UPDATE realm SET master_admin_client = %s WHERE name = %s", (f"{ids}-{realm}-cli", realm))
    account(connection, f"{ids}-first", "master", "first-admin")
    account(connection, f"{ids}-program", "caseloop", "service-account-caseloop-cli", of_client=f"{ids}-caseloop-cli")


def account(connection: Connection, key: str, realm: str, name: str, of_client: str | None = None) -> None:
    """Make one."""
    connection.execute(
        "INSERT INTO user_entity SELECT %s, NULL, true, true, id, %s, 1790000000000, %s FROM realm WHERE name = %s",
        (key, name, of_client, realm),
    )


def use(connection: Connection) -> None:
    """What people leave in it."""
    account(connection, "ada", "caseloop", "ada")
    connection.execute(
        "INSERT INTO credential VALUES ('c1', %s, 'password', 'ada', 1790000000001, NULL, %s, '{}', 10)",
        (bytes(range(256)), ODD),
    )
    connection.execute("INSERT INTO credential VALUES ('c2', NULL, '', 'ada', NULL, %s, NULL, '', NULL)", (ODD,))
    # The first refers to one that comes later.
    connection.execute(
        "INSERT INTO component SELECT one.*, 'keys' FROM realm, "
        "LATERAL (VALUES ('a', 'child', 'b', id), ('b', 'parent', NULL, id)) one WHERE realm.name = 'caseloop'"
    )
    connection.execute("INSERT INTO component_config VALUES ('k', 'a', 'privateKey', %s)", (ODD * 5_000,))
    connection.execute("INSERT INTO offline_client_session VALUES ('', 0, NULL)")
    for number in range(7):
        connection.execute("INSERT INTO event_entity (details, at) VALUES (%s, %s)", (ODD, number / 3))


def tables_of(connection: Connection) -> list[str]:
    """Their names."""
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    return [row[0] for row in connection.execute(query)]


def content(connection: Connection) -> dict[str, Any]:
    """Everything in all tables but Liquibase's lock, which belongs to nobody's data."""
    rows = sql.SQL("SELECT to_jsonb(found)::text FROM {} AS found ORDER BY 1")
    return {
        table: [row[0] for row in connection.execute(rows.format(sql.Identifier(table)))]
        for table in tables_of(connection)
        if table != "databasechangeloglock"
    }


def foreign_keys(connection: Connection) -> list[tuple[str, ...]]:
    """How tables refer to each other, in the server's own words."""
    query = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated::text FROM pg_constraint "
        "WHERE contype = 'f' ORDER BY 1, 2"
    )
    return [tuple(row) for row in connection.execute(query)]
