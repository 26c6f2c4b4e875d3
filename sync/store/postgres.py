"""PostgreSQL as driftline uses it: psycopg 3, UTC, bounded waiting for locks."""

import sqlalchemy as sa
from sqlalchemy.engine import URL

from sync.errors import ConfigError
from sync.store.sqlite import BUSY_SECONDS


def server_engine(address: URL, *, read_only: bool) -> sa.Engine:
    """Engine for a server; nothing is connected yet.

    Raises ConfigError where the driver is not installed.
    """
    wanted = address.query.get("options", "")
    options = f"-c lock_timeout={int(BUSY_SECONDS * 1000)}"
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
