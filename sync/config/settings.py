"""Load the configuration: file, environment, and every mistake at once with its place."""

import hashlib
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from connectors.registry import UnknownConnector
from connectors.registry import get as get_connector
from mappings.toml_lines import line_of, locate
from sync.config import secrets
from sync.config.models import ConnectionSettings, Root
from sync.errors import ConfigError

PREFIX = "DRIFTLINE_"
DEFAULT_FILE = "driftline.toml"
#: Variables with our prefix that are no settings.
_OTHER = ("CONFIG", "TEST_", "PEER_DATA")
_SECRET_KEYS = ("token", "password")


@dataclass(frozen=True, slots=True)
class Settings:
    """A valid configuration and where it stands."""

    root: Root
    path: Path | None
    #: connection name -> validated options of its connector, with the secret inside.
    options: Mapping[str, BaseModel]
    #: hash of everything but secrets (16 hex digits).
    hash: str

    @property
    def base(self) -> Path:
        """Directory that relative paths are taken from."""
        return self.path.parent if self.path is not None else Path.cwd()


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

    `with_secrets` False leaves secrets unread, for commands that only look at the store.
    """
    file = find(path, environ)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the configuration cannot be read ({type(error).__name__})", where=str(file)
        ) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not valid TOML: {error}", where=_shown(file)) from error
    problems = _Problems(file, text)
    problems.environment(environ)
    problems.literal_secrets(data)
    problems.stop()
    try:
        root = _settings(data, environ)
    except ValidationError as error:
        problems.add(error, ())
        problems.stop()
        raise
    options = {
        name: made
        for name, one in root.connections.items()
        if (made := _options(name, one, problems, file.parent, environ, with_secrets)) is not None
    }
    problems.stop()
    return Settings(root, file, options, _hash(root))


def _settings(data: dict[str, Any], environ: Mapping[str, str]) -> Root:
    """pydantic-settings merges: environment over file over defaults."""
    names = {name.casefold() for name in environ if name.upper().startswith(PREFIX)}

    class Merged(Root, BaseSettings):
        model_config = SettingsConfigDict(
            env_prefix=PREFIX,
            env_nested_delimiter="__",
            extra="forbid",
            frozen=True,
            hide_input_in_errors=True,
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
            from_file = InitSettingsSource(settings_cls, init_kwargs=data)
            return (env_settings, from_file) if names else (from_file,)

    return Merged()


def _options(
    name: str,
    one: ConnectionSettings,
    problems: "_Problems",
    base: Path,
    environ: Mapping[str, str],
    with_secrets: bool,
) -> BaseModel | None:
    at = ("connections", name)
    try:
        entry = get_connector(one.kind)
    except UnknownConnector as error:
        problems.say((*at, "kind"), str(error))
        return None
    values = one.options
    known = set(entry.options.model_fields)
    if "token" in known and with_secrets:
        try:
            values["token"] = secrets.resolve(
                problems.where((*at, "token")),
                value=one.token,
                env=one.token_env,
                file=one.token_file,
                command=one.token_command,
                keyring=one.token_keyring,
                base=base,
                environ=environ,
            )
        except ConfigError as error:
            problems.lines.append(str(error))
            return None
    try:
        return entry.options.model_validate(values)
    except ValidationError as error:
        problems.add(error, at, known | set(ConnectionSettings.model_fields))
        return None


class _Problems:
    """Every mistake found, as lines a person can act on."""

    def __init__(self, file: Path, text: str) -> None:
        self.file, self.places = file, locate(text)
        self.lines: list[str] = []

    def where(self, path: tuple[str | int, ...]) -> str:
        line = line_of(self.places, path)
        shown = f"{_shown(self.file)}:{line}" if line else _shown(self.file)
        return f"{shown}: {'.'.join(map(str, path))}" if path else shown

    def say(self, path: tuple[str | int, ...], what: str) -> None:
        self.lines.append(f"{self.where(path)}: {what}")

    def add(
        self,
        error: ValidationError,
        at: tuple[str | int, ...],
        known: Iterable[str] | None = None,
    ) -> None:
        for one in error.errors(include_input=False, include_url=False, include_context=False):
            path = (*at, *(part for part in one["loc"]))
            kind = one["type"]
            if kind == "extra_forbidden":
                names = list(known) if known is not None else _known_keys(path[:-1])
                self.say(path, f"unknown key{_suggest(str(path[-1]), names)}")
            elif kind == "missing":
                self.say(path, "is missing")
            else:
                self.say(path, str(one["msg"]).removeprefix("Value error, "))

    def environment(self, environ: Mapping[str, str]) -> None:
        """Variables with our prefix that name no setting."""
        for name in sorted(environ):
            if not name.upper().startswith(PREFIX):
                continue
            rest = name[len(PREFIX) :].upper()
            if rest.startswith(_OTHER):
                continue
            parts = rest.lower().split("__")
            known = list(Root.model_fields)
            if parts[0] not in known:
                options = [PREFIX + key.upper() for key in known]
                self.lines.append(
                    f"environment: {name}: no such setting"
                    f"{_suggest(PREFIX + parts[0].upper(), options)}"
                )
            elif len(parts) > 1 and parts[0] not in ("connections", "detectors"):
                keys = _known_keys((parts[0],))
                if parts[1] not in keys:
                    options = [f"{PREFIX}{parts[0].upper()}__{key.upper()}" for key in keys]
                    self.lines.append(
                        f"environment: {name}: no such setting{_suggest(name.upper(), options)}"
                    )

    def literal_secrets(self, data: Mapping[str, Any]) -> None:
        """A secret in a readable file is refused, whatever it is."""
        for name, one in _tables(data.get("connections")):
            for key in _SECRET_KEYS:
                if key in one:
                    self.say(
                        ("connections", name, key),
                        "a secret must not stand in the file: use "
                        f"{key}_env, {key}_file, {key}_command or {key}_keyring",
                    )
        mail = data.get("mail")
        if isinstance(mail, dict) and "password" in mail:
            self.say(
                ("mail", "password"),
                "a secret must not stand in the file: use password_env, password_file, "
                "password_command or password_keyring",
            )

    def stop(self) -> None:
        """Raise ConfigError if there is anything to say."""
        if self.lines:
            raise ConfigError("\n".join(self.lines))


def _tables(value: Any) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(value, dict):
        return []
    return [(str(name), one) for name, one in value.items() if isinstance(one, dict)]


def _known_keys(path: tuple[str | int, ...]) -> list[str]:
    model: Any = Root
    for part in path:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
        field = model.model_fields.get(str(part))
        if field is None:
            return []
        model = field.annotation
        for inner in getattr(model, "__args__", ()):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                model = inner
    if isinstance(model, type) and issubclass(model, BaseModel):
        return list(model.model_fields)
    return []


def _suggest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(word, names, n=1)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known: {', '.join(sorted(names))}" if names else ""


def _shown(file: Path) -> str:
    try:
        return str(file.relative_to(Path.cwd()))
    except ValueError:
        return str(file)


def _hash(root: Root) -> str:
    plain = root.model_dump(mode="json")
    for one in plain.get("connections", {}).values():
        one.pop("token", None)
    if plain.get("mail"):
        plain["mail"].pop("password", None)
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
