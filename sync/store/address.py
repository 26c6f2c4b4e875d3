"""The address of the store as it stands in the configuration."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from sync.errors import ConfigError

_HOW = "Write a path, or postgresql://user@host/database."


def parse_url(url: str, base: Path | None = None) -> URL:
    """The address as SQLAlchemy takes it: `postgres://` and plain paths are understood.

    A relative path is taken from `base`. Raises ConfigError for what is neither; the message
    never repeats the address, which may hold a password.
    """
    if "://" not in url:
        if not url.strip() or url == ":memory:":
            raise ConfigError("the address of the store names no file", where="store", todo=_HOW)
        path = Path(url).expanduser()
        return URL.create("sqlite", database=str(path if path.is_absolute() else _from(base, path)))
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(
            "the address of the store is not understood", where="store", todo=_HOW
        ) from error
    backend = address.drivername.split("+")[0]
    if backend in ("postgres", "postgresql"):
        return address.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return parse_url(address.database or "", base)
    raise ConfigError(f"a store of kind {backend!r} is not supported", where="store", todo=_HOW)


def _from(base: Path | None, path: Path) -> Path:
    return (base or Path.cwd()) / path


def shown(address: URL) -> str:
    """The address as a person may see it: a path, or a URL without its password."""
    if address.get_backend_name() == "sqlite":
        return address.database or ""
    return address.render_as_string(hide_password=True)
