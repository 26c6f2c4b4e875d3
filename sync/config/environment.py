"""DRIFTLINE_ variables and credential files over the file, and what is misspelt among them."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from sync.config.problems import Place, known_keys, suggestion
from sync.errors import ConfigError

PREFIX = "DRIFTLINE_"
#: Variables with our prefix that are no settings.
_OTHER = ("CONFIG", "PEER_DATA")
_TESTS = "TEST_"
#: Directory of files named like `connections__jira__token` (systemd's LoadCredential; a whole
#: directory that is handed over puts the name of ours before them: `driftline_connections__…`).
CREDENTIALS = "CREDENTIALS_DIRECTORY"
_SECRETS = ("token", "password", "secret_url")


class Variables(EnvSettingsSource):
    """pydantic-settings' reading of variables, from a mapping instead of the process."""

    def __init__(self, settings_cls: type[BaseSettings], found: Mapping[Place, str]) -> None:
        super().__init__(settings_cls, env_prefix=PREFIX.lower(), env_nested_delimiter="__")
        self.env_vars = {
            PREFIX.lower() + "__".join(map(str, path)): value for path, value in found.items()
        }

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """JSON, or words separated by commas; broken JSON is left for the validation to name."""
        text = str(value).strip()
        if field is None and not text.startswith(("[", "{")):
            # An option of a connector: it knows itself what a text means.
            raise ValueError("plain text")
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            if text.startswith(("[", "{")):
                return text
            return [part.strip() for part in text.split(",") if part.strip()]


def read(
    environ: Mapping[str, str], data: Mapping[str, Any]
) -> tuple[dict[Place, str], dict[Place, str], list[str]]:
    """(place -> value, place -> variable, mistakes) of the variables that are settings.

    `data` is the parsed file: names of connections are matched with those in it, whatever their
    case, with `_` for `-`. A detector is named with `_` for `.` and `-`.
    """
    values: dict[Place, str] = {}
    names: dict[Place, str] = {}
    mistakes: list[str] = []
    named = _named_by_file(data)
    for name in sorted(environ):
        if not name.upper().startswith(PREFIX) or name in named:
            continue
        rest = name[len(PREFIX) :].upper()
        if rest in _OTHER or rest.startswith(_TESTS):
            continue
        path = _path(rest, data)
        wrong = _wrong(path, rest)
        if wrong is None:
            values[path], names[path] = environ[name], name
        else:
            mistakes.append(f"environment: {name}: {wrong}")
    for path in list(values):
        if path[0] == "connections" and len(path) > 2 and not _exists(path[1], values, data):
            known = [str(one) for one in _table(data, "connections")]
            mistakes.append(
                f"environment: {names[path]}: there is no connection {path[1]!r}"
                f"{suggestion(str(path[1]), known)}"
            )
            del values[path]
    return values, names, mistakes


def credentials(environ: Mapping[str, str], data: Mapping[str, Any]) -> dict[Place, str]:
    """Secrets from files of the credentials directory, without their line ends.

    Raises ConfigError for a file that cannot be read.
    """
    directory = environ.get(CREDENTIALS)
    if not directory or not Path(directory).is_dir():
        return {}
    found: dict[Place, str] = {}
    for file in sorted(Path(directory).iterdir()):
        path = _path(file.name.upper().removeprefix(PREFIX), data)
        if path[-1] not in _SECRETS or path[0] not in ("connections", "mail", "ping"):
            continue
        if path[0] == "connections" and (len(path) != 3 or path[1] not in _table(data, path[0])):
            continue
        try:
            found[path] = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"the credential cannot be read ({type(error).__name__})", where=str(file)
            ) from None
    return found


def variable_of(path: Place) -> str:
    """The name of the variable that sets the value at `path`."""
    return PREFIX + "__".join(re.sub(r"[^A-Z0-9]", "_", str(one).upper()) for one in path)


def _path(rest: str, data: Mapping[str, Any]) -> Place:
    parts: list[str] = rest.lower().split("__")
    if len(parts) > 1 and parts[0] == "connections":
        same = [one for one in _table(data, "connections") if _bare(one) == _bare(parts[1])]
        parts[1] = same[0] if same else parts[1]
    elif len(parts) > 1 and parts[0] == "detectors":
        same = [one for one in _table(data, "detectors") if _bare(one) == _bare(parts[1])]
        family, _, name = parts[1].partition("_")
        parts[1] = same[0] if same else f"{family}.{name.replace('_', '-')}"
    return tuple(parts)


def _wrong(path: Place, rest: str) -> str | None:
    """What is wrong with a variable's name; None if it is a setting."""
    known = known_keys(())
    if path[0] not in known:
        options = [*(PREFIX + key.upper() for key in known), *(PREFIX + one for one in _OTHER)]
        word = PREFIX + rest.partition("__")[0]
        close = get_close_matches(word, options, n=1)
        # A single underscore where two are wanted is the commonest slip.
        split = next((k for k in known if rest.startswith(f"{k.upper()}_")), None)
        if split is not None and not rest.startswith(f"{split.upper()}__"):
            wanted = f"{PREFIX}{split.upper()}__{rest[len(split) + 1 :]}"
            return f'no such setting; did you mean "{wanted}"?'
        hint = f'; did you mean "{close[0]}"?' if close else suggestion(word, options)
        return f"no such setting{hint}"
    if len(path) == 1:
        return None
    if path[0] in ("connections", "detectors"):
        # Options of a connector and thresholds of a detector are checked where they are known.
        return None if len(path) == 3 and all(path) else "names no setting"
    keys = known_keys((path[0],))
    if not keys or len(path) > 2:
        return "no such setting"
    if path[1] not in keys:
        options = [variable_of((path[0], key)) for key in keys]
        return f"no such setting{suggestion(PREFIX + rest, options)}"
    return None


def _exists(name: str | int, values: Mapping[Place, str], data: Mapping[str, Any]) -> bool:
    whole = ("connections",) in values
    return whole or name in _table(data, "connections") or ("connections", name, "kind") in values


def _named_by_file(data: Mapping[str, Any]) -> set[str]:
    """Variables that the file itself names as the place of a secret."""
    tables = [*_table(data, "connections").values(), data.get("mail"), data.get("ping")]
    return {
        str(value)
        for one in tables
        if isinstance(one, dict)
        for key, value in one.items()
        if str(key).endswith("_env")
    }


def _table(data: Mapping[str, Any], name: str | int) -> dict[str, Any]:
    found = data.get(str(name))
    return found if isinstance(found, dict) else {}


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", name.lower())
