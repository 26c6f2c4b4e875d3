"""Load the configuration: file, environment, and every mistake at once with its place."""

import hashlib
import json
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from connectors.registry import BrokenConnector, UnknownConnector
from connectors.registry import get as get_connector
from sync.config import environment, secrets
from sync.config.environment import PREFIX, variable_of
from sync.config.models import ConnectionSettings, Root
from sync.config.problems import Place, Problems, shown
from sync.config.unusable import Unusable
from sync.errors import ConfigError

__all__ = ["DEFAULT_FILE", "PREFIX", "Settings", "find", "load"]

DEFAULT_FILE = "driftline.toml"
#: Where a secret may come from, by the end of the key's name.
_SOURCES = ("env", "file", "command", "keyring")
#: Tables that say how to read, write, answer and mail, and move no number.
_NO_JUDGEMENT = (
    *("sync", "worker", "store", "mail", "ping", "report", "retention", "findings", "name"),
)
_IN_ADDRESS = "a password must not stand in the file, nor in an address: use "
#: Keys of a connection that say how to reach it.
_TRANSPORT = (
    "proxy",
    "ca_bundle",
    "timeout_seconds",
    "max_answer_mb",
    "page_size",
    "max_concurrency",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """A valid configuration and where it stands."""

    root: Root
    path: Path | None
    #: connection name -> validated options of its connector, with the secret inside.
    options: Mapping[str, BaseModel]
    #: hash of everything that can move a number, without secrets (16 hex digits).
    hash: str
    _places: Problems = field(default_factory=lambda: Problems(None), repr=False, compare=False)

    @property
    def base(self) -> Path:
        """Directory that relative paths are taken from."""
        return self.path.parent if self.path is not None else Path.cwd()

    def where(self, *path: str | int) -> str:
        """File and line, or variable, of a value: `driftline.toml:17: sync.workers`."""
        return self._places.where(path)


def find(path: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The configuration file: as told, from DRIFTLINE_CONFIG, or `driftline.toml` here.

    Raises ConfigError if there is none.
    """
    named = path or (Path(environ["DRIFTLINE_CONFIG"]) if environ.get("DRIFTLINE_CONFIG") else None)
    found = named or Path(DEFAULT_FILE)
    if not found.is_file():
        raise ConfigError(
            "there is no configuration"
            if named is None
            else "the configuration file does not exist",
            where=str(found),
            todo="Run `driftline init` to write one, or name one with --config.",
        )
    return found.resolve()


def load(
    path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    with_secrets: bool = True,
) -> Settings:
    """Read, check and complete the configuration. Raises ConfigError naming every mistake.

    Variables win over credential files, those over the file, that over defaults. `with_secrets`
    False leaves secrets unread, for commands that only look at the store.
    """
    file = find(path, environ)
    text, data = _parsed(file)
    problems = Problems(file, text)
    values, problems.variables, mistakes = environment.read(environ, data)
    problems.lines.extend(mistakes)
    _literal_secrets(data, problems)
    held = environment.credentials(environ, data) if with_secrets else {}
    for value in values.values():
        if password := _with_password(value):
            secrets.remember(password)
    options: dict[str, BaseModel] = {}
    try:
        root = _settings(data, values, held)
    except ValidationError as error:
        problems.add(error)
        for name, one in _tables(data.get("connections")):
            _foreign_keys(name, one, problems)
        problems.stop()
        raise
    for name, connection in root.connections.items():
        made = _options(name, connection, problems, file.parent, environ, with_secrets)
        if made is not None:
            options[name] = made
    if root.mail is not None:
        _one_source(("mail",), "password", root.mail, problems)
    if root.ping is not None:
        _one_source(("ping",), "secret_url", root.ping, problems)
    problems.stop()
    return Settings(root, file, options, _hash(root), problems)


def _parsed(file: Path) -> tuple[str, dict[str, Any]]:
    try:
        if os.name == "posix" and file.stat().st_mode & stat.S_IWOTH:
            raise ConfigError(
                "anybody of this machine may change the configuration, and so where tokens are "
                "sent to",
                where=shown(file),
                todo=f"chmod 600 {shown(file)}",
            )
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(
            "the configuration is not UTF-8 text", where=shown(file), todo="Save it as UTF-8."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"the configuration cannot be read: {error.strerror or type(error).__name__}",
            where=shown(file),
            todo="Check its permissions.",
        ) from error
    try:
        return text, tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"not valid TOML: {_told(error)}", where=_place(file, error)) from None


def _told(error: Exception) -> str:
    return str(error).partition(" (at ")[0]


def _place(file: Path, error: Exception) -> str:
    """`driftline.toml:3`, from the words of tomllib."""
    _, found, place = str(error).partition("(at line ")
    line = place.partition(",")[0]
    return f"{shown(file)}:{line}" if found and line.isdecimal() else shown(file)


@lru_cache(maxsize=64)
def _options_of(kind: str) -> type[BaseModel]:
    """Options of a connector; looking through all installed packages takes a while."""
    return get_connector(kind).options


def _settings(
    data: Mapping[str, Any], values: Mapping[Place, str], held: Mapping[Place, str]
) -> Root:
    """pydantic-settings merges: environment over credentials over file over defaults."""

    class Merged(Root, BaseSettings):
        model_config = SettingsConfigDict(
            extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=False
        )

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (
                environment.Variables(settings_cls, values),
                environment.Variables(settings_cls, held),
                InitSettingsSource(settings_cls, init_kwargs=dict(data)),
            )

    return Merged()


def _options(
    name: str,
    one: ConnectionSettings,
    problems: Problems,
    base: Path,
    environ: Mapping[str, str],
    with_secrets: bool,
) -> BaseModel | None:
    at = ("connections", name)
    try:
        model = _options_of(one.kind)
    except BrokenConnector as error:
        # That a plugin does not fit is no mistake of the file: the other connections are read.
        return Unusable(reason=str(error))
    except UnknownConnector as error:
        problems.say((*at, "kind"), str(error))
        return None
    values = {key: _decoded(value, (*at, key), problems) for key, value in one.options.items()}
    known = set(model.model_fields)
    _one_source(at, "token", one, problems)
    if "token" in known and with_secrets:
        try:
            source = next((s for s in _SOURCES if getattr(one, f"token_{s}")), None)
            values["token"] = secrets.resolve(
                problems.where((*at, f"token_{source}" if source else "token")),
                value=one.token,
                env=one.token_env,
                file=one.token_file,
                command=one.token_command,
                keyring=one.token_keyring,
                base=base,
                environ=environ,
            )
        except ConfigError as error:
            told = f"{error.where}: {error.what}"
            problems.lines.append(f"{told}. {error.todo}" if error.todo else told)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems.add(error, at, (known | set(ConnectionSettings.model_fields)) - {"token"})
        return None


def _decoded(value: Any, path: Place, problems: Problems) -> Any:
    """A list or table that a variable gives as JSON."""
    if path not in problems.variables or not isinstance(value, str):
        return value
    text = value.strip()
    if not text.startswith(("[", "{")):
        return value
    try:
        return json.loads(text)
    except ValueError:
        problems.say(path, "is not valid JSON")
        return value


def _foreign_keys(name: str, one: Mapping[str, Any], problems: Problems) -> None:
    """Unknown keys of a connection, told although something else is wrong too."""
    try:
        model = _options_of(str(one.get("kind")))
    except BrokenConnector:
        return
    except UnknownConnector as error:
        if "kind" in one:
            problems.say(("connections", name, "kind"), str(error))
        return
    own = set(ConnectionSettings.model_fields)
    try:
        model.model_validate({key: value for key, value in one.items() if key not in own})
    except ValidationError as error:
        known = (set(model.model_fields) | own) - {"token"}
        problems.add(error, ("connections", name), known)


def _one_source(at: Place, key: str, one: BaseModel, problems: Problems) -> None:
    """A secret that comes from two places is a riddle later."""
    given = [f"{key}_{source}" for source in _SOURCES if getattr(one, f"{key}_{source}", None)]
    if len(given) > 1:
        problems.say((*at, given[1]), f"{given[0]} is there already; keep one of them")


def _literal_secrets(data: Mapping[str, Any], problems: Problems) -> None:
    """A secret in a readable file is refused, whatever it is, and taken out of `data`."""
    for name, one in _tables(data.get("connections")):
        for key in {"token", "password", *_secret_options(one)} & set(one):
            at: Place = ("connections", name, key)
            problems.say(at, _elsewhere(key, at))
            del one[key]
        if _with_password(one.get("proxy")):
            problems.say(("connections", name, "proxy"), _IN_ADDRESS + "HTTPS_PROXY")
    if _with_password(data.get("store")):
        problems.say(("store",), _IN_ADDRESS + "DRIFTLINE_STORE, PGPASSWORD or ~/.pgpass")
    for table, key in (("mail", "password"), ("ping", "secret_url")):
        held = data.get(table)
        if isinstance(held, dict) and key in held:
            problems.say((table, key), _elsewhere(key, (table, key)))
            del held[key]


def _with_password(address: object) -> str | None:
    """The password inside an address."""
    try:
        return urlsplit(address).password if isinstance(address, str) else None
    except ValueError:
        return None


def _secret_options(one: Mapping[str, Any]) -> set[str]:
    try:
        fields = _options_of(str(one.get("kind"))).model_fields
    except UnknownConnector:
        return set()
    return {name for name, field_ in fields.items() if "SecretStr" in str(field_.annotation)}


def _elsewhere(key: str, path: Place) -> str:
    variable = variable_of(path)
    if key not in ("token", "password"):
        return f"a secret must not stand in the file: set {variable}"
    named = "password" if path[0] == "mail" else "token"
    others = ", ".join(f"{named}_{source}" for source in _SOURCES)
    return f"a secret must not stand in the file: use one of {others}, or set {variable}"


def _tables(value: Any) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(value, dict):
        return []
    return [(str(name), one) for name, one in value.items() if isinstance(one, dict)]


def _hash(root: Root) -> str:
    """Equal for two configurations that judge alike: secrets and ways to reach things are out."""
    plain = root.model_dump(mode="json", exclude=set(_NO_JUDGEMENT))
    for one in plain.get("connections", {}).values():
        for key in list(one):
            if key.startswith(("token", "password")) or key in _TRANSPORT:
                del one[key]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
