"""PostgreSQL as driftline uses it: psycopg 3, UTC, one writer at a time, bounded waiting."""

import sqlalchemy as sa
from sqlalchemy.engine import URL

from sync.errors import ConfigError, StoreRefused

#: How long a statement waits for a lock, seconds. Other hosts may be judging what they read.
BUSY_SECONDS = 60.0
#: A writer that stands still so long (its host sleeps or is cut off) is ended by the server.
STALLED_SECONDS = 300.0
#: After so many seconds of silence the server asks whether a client is still there.
_ALIVE_SECONDS = 60
#: Key of the advisory lock of whoever writes ("driw").
_WRITER = 0x64726977


def server_engine(address: URL, *, read_only: bool) -> sa.Engine:
    """Engine for a server; nothing is connected yet.

    Raises ConfigError where the driver is not installed.
    """
    wanted = address.query.get("options", "")
    options = " ".join(
        f"-c {name}={value}"
        for name, value in (
            ("lock_timeout", int(BUSY_SECONDS * 1000)),
            ("tcp_keepalives_idle", _ALIVE_SECONDS),
            ("tcp_keepalives_interval", 10),
            ("tcp_keepalives_count", 3),
        )
    )
    try:
        engine = sa.create_engine(
            address.difference_update_query(["options"]),
            hide_parameters=True,
            pool_size=10,
            # A pause for a rate limit may outlast a firewall's patience.
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 10,
                "application_name": "driftline",
                "keepalives_idle": _ALIVE_SECONDS,
                "keepalives_interval": 10,
                "keepalives_count": 3,
                # What the address itself asks for comes last and wins, but for the time zone.
                "options": f"{options} {wanted} -c timezone=UTC",
            },
        )
    except ModuleNotFoundError as error:
        raise ConfigError(
            "a store on PostgreSQL needs the package psycopg",
            where="store",
            todo="Install it with: pip install 'driftline[postgres]'",
        ) from error
    return engine.execution_options(postgresql_readonly=True) if read_only else engine


def check_encoding(conn: sa.Connection, where: str) -> None:
    """Raises StoreRefused where the database cannot hold every text that a source may send."""
    found = conn.exec_driver_sql("SHOW server_encoding").scalar()
    if found != "UTF8":
        raise StoreRefused(
            f"the database keeps its texts as {found} and cannot hold every letter",
            where=where,
            todo="Make it anew with ENCODING 'UTF8' TEMPLATE template0.",
        )


def take_turn(conn: sa.Connection) -> None:
    """Wait until no other process writes; given back with the transaction.

    What a transaction reads before it writes is then still so, as on SQLite, and no two of them
    wait for each other. Who only reads may take all the time of a person who pages through it.
    """
    conn.exec_driver_sql(
        f"SET LOCAL idle_in_transaction_session_timeout = {int(STALLED_SECONDS * 1000)}; "
        f"SELECT pg_advisory_xact_lock({_WRITER})"
    )
