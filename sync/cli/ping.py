"""A dead man's switch is told of a run: that it began, and how it ended. It never stops a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sync.cli.app import App

if TYPE_CHECKING:
    from sync.config.settings import Settings

#: Exit codes of a run that did what it should: fine, and drift that was asked about.
_WELL = frozenset({0, 3})
_BUSY = 75


@contextmanager
def watched(app: App, settings: "Settings") -> Iterator[set[int]]:
    """Say that a run begins, and at its end how it went, by the exit codes put into the set."""
    codes: set[int] = set()
    ping = settings.root.ping
    if ping is None:
        yield codes
        return
    if ping.start:
        _tell(app, settings, ping.start)
    try:
        yield codes
    except BaseException as error:
        codes = {getattr(error, "exit_code", 1)}
        raise
    finally:
        if not codes - {_BUSY} <= _WELL:
            _tell(app, settings, ping.fail)
        elif _BUSY not in codes:
            # Who left because another run is at work has nothing to say: that one will.
            _tell(app, settings, "")


def _tell(app: App, settings: "Settings", suffix: str) -> None:
    import requests

    from connectors.origin import OriginAdapter, origin_of
    from connectors.redaction import redact
    from sync.config import secrets
    from sync.errors import ConfigError

    ping = settings.root.ping
    assert ping is not None
    try:
        held = secrets.resolve(
            "ping.secret_url",
            value=ping.secret_url,
            env=ping.secret_url_env,
            file=ping.secret_url_file,
            command=ping.secret_url_command,
            keyring=ping.secret_url_keyring,
            base=settings.base,
        )
        if held is None:
            raise ConfigError(
                "no address is configured", where="ping", todo="Write secret_url_env."
            )
        url = held.get_secret_value().rstrip("/") + suffix
        origin = origin_of(url)
        if origin is None:
            raise ConfigError("the address of the ping is none", where="ping.secret_url")
        with requests.Session() as session:
            session.mount(f"{origin[0]}://", OriginAdapter(origin, system_trust=True))
            answer = session.get(url, timeout=ping.timeout_seconds, stream=True)
            answer.close()
        if not answer.ok:
            app.trouble(f"ping: the dead man's switch answered {answer.status_code}")
    except ConfigError as error:
        app.trouble(str(error))
    except requests.RequestException as error:
        app.trouble(redact(f"ping: the dead man's switch was not reached: {type(error).__name__}"))
