"""Who else of this machine can read our secrets, or tell us where to send them."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel

from sync.config.problems import shown
from sync.config.settings import Settings

#: Ends of keys that name a file with a secret.
_SECRET_FILES = ("token_file", "password_file", "private_key_file", "secret_url_file")
#: Ends of keys that say where a secret comes from.
_SOURCES = ("_env", "_file", "_command", "_keyring")


@dataclass(frozen=True, slots=True)
class Exposed:
    """A file that more people can use than should."""

    where: str
    what: str
    todo: str


def exposed(settings: Settings) -> tuple[Exposed, ...]:
    """What others of this machine may do; empty where the system has no such permissions."""
    if os.name != "posix":
        return ()
    return tuple(_config(settings)) + tuple(_secrets(settings))


def in_clear(settings: Settings) -> tuple[Exposed, ...]:
    """Connections whose credentials travel without encryption to another machine."""
    found = []
    for name, options in settings.options.items():
        parts = urlsplit(str(getattr(options, "url", "")))
        if parts.scheme == "http" and not _is_here(parts.hostname or ""):
            found.append(
                Exposed(
                    settings.where("connections", name, "url"),
                    "the token travels without encryption, readable on its way",
                    "Write https://, if the server has it.",
                )
            )
    return tuple(found)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _config(settings: Settings) -> Iterator[Exposed]:
    path = settings.path
    mode = _mode(path)
    if path is None or mode is None:
        return
    todo = f"chmod 600 {shown(path)}"
    if mode & stat.S_IWGRP:
        yield Exposed(shown(path), "its group may change it, and so where tokens are sent to", todo)
    elif mode & (stat.S_IRGRP | stat.S_IROTH) and any(_names_of_secrets(settings)):
        yield Exposed(shown(path), "others may read where the secrets are", todo)


def _secrets(settings: Settings) -> Iterator[Exposed]:
    for place, file in _files(settings):
        path = settings.base / Path(file).expanduser()
        mode = _mode(path)
        if mode is not None and mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Exposed(
                settings.where(*place),
                f"others may read the secret in {shown(path)}",
                f"chmod 600 {shown(path)}",
            )


def _files(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    for place, values in _tables(settings):
        for key, value in values.items():
            if key.endswith(_SECRET_FILES) and value:
                yield (*place, key), str(value)


def _names_of_secrets(settings: Settings) -> Iterator[str]:
    for _, values in _tables(settings):
        for key, value in values.items():
            if value and key.startswith(("token", "password", "private_key", "secret_url")):
                yield from (key for end in _SOURCES if key.endswith(end))


def _tables(settings: Settings) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    for name, one in settings.root.connections.items():
        yield ("connections", name), {**_set(one), **one.options}
    if settings.root.mail is not None:
        yield ("mail",), _set(settings.root.mail)
    if settings.root.ping is not None:
        yield ("ping",), _set(settings.root.ping)


def _set(model: BaseModel) -> dict[str, object]:
    return {name: getattr(model, name) for name in type(model).model_fields}


def _mode(path: Path | None) -> int | None:
    try:
        return None if path is None else stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
