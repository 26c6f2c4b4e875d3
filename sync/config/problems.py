"""Every mistake in a configuration, each with its place and a way out."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from mappings.toml_lines import line_of, locate
from sync.config.models import PartSettings, Root
from sync.errors import ConfigError

Place = tuple[str | int, ...]
#: What pydantic puts into the place of a value that may be of one of two kinds.
_CHOICES = frozenset({PartSettings.__name__})


class Problems:
    """Mistakes as lines a person can act on; never with a value that might be a secret."""

    def __init__(self, file: Path | None, text: str = "") -> None:
        self.file = file
        self.places = locate(text)
        #: what the environment sets: place in the configuration -> name of the variable.
        self.variables: Mapping[Place, str] = {}
        self.lines: list[str] = []

    def where(self, path: Place) -> str:
        """`driftline.toml:17: a.b`, or the variable that sets it."""
        name = ".".join(_part(one) for one in path)
        for end in range(len(path), 0, -1):
            variable = self.variables.get(path[:end])
            if variable is not None:
                return f"environment: {variable}"
        line = line_of(self.places, path)
        file = shown(self.file) if self.file is not None else "configuration"
        head = f"{file}:{line}" if line else file
        return f"{head}: {name}" if name else head

    def say(self, path: Place, what: str) -> None:
        """Note a mistake at a place."""
        self.lines.append(f"{self.where(path)}: {what}")

    def add(
        self, error: ValidationError, at: Place = (), known: Iterable[str] | None = None
    ) -> None:
        """Note what pydantic found below `at`; `known`: the keys that may stand there."""
        alike: dict[str, list[str]] = {}
        for one in error.errors(include_input=False, include_url=False, include_context=False):
            path = (*at, *one["loc"])
            if one["type"] in ("extra_forbidden", "missing"):
                path = (*(one for one in path[:-1] if one not in _CHOICES), path[-1])
            if one["type"] == "extra_forbidden":
                names = list(known) if known is not None else known_keys(path[:-1])
                self.say(path, f"unknown key{suggestion(str(path[-1]), names)}")
            elif one["type"] == "missing":
                self.say(path, "is missing")
            elif one["type"] in ("model_type", "dict_type"):
                self.say(path, "must be a table")
            else:
                where = self.where(self._in_file(path, at))
                alike.setdefault(where, []).append(_plain(str(one["msg"])))
        # A value of several possible kinds fails each of them.
        self.lines.extend(f"{where}: {' or '.join(told)}" for where, told in alike.items())

    def stop(self) -> None:
        """Raise ConfigError if there is anything to say."""
        if self.lines:
            raise ConfigError("\n".join(sorted(dict.fromkeys(self.lines), key=_line)))

    def _in_file(self, path: Place, at: Place) -> Place:
        """The path without the names of union members that pydantic adds."""
        while len(path) > len(at) + 1 and isinstance(path[-1], str):
            if path in self.places or path in self.variables:
                break
            parent = path[:-1]
            if parent not in self.places and parent not in self.variables:
                break
            if known_keys(parent):
                break
            path = parent
        return path


def known_keys(path: Place) -> list[str]:
    """Keys that may stand in the table at `path`; empty if it holds names of one's own."""
    model: Any = Root
    for part in path:
        if isinstance(part, int):
            continue
        if not _is_model(model):
            model = _model_in(model)
            continue
        field = {key_of(model, name): one for name, one in model.model_fields.items()}.get(
            str(part)
        )
        if field is None:
            return []
        model = field.annotation
        if not _is_model(model) and getattr(model, "__origin__", None) is not dict:
            model = next((one for one in getattr(model, "__args__", ()) if _is_model(one)), None)
    return [key_of(model, name) for name in model.model_fields] if _is_model(model) else []


def _model_in(annotation: Any) -> Any:
    """The model inside a dict, a list or a choice; None: there is none."""
    if _is_model(annotation):
        return annotation
    inside = (_model_in(one) for one in getattr(annotation, "__args__", ()))
    return next((one for one in inside if one is not None), None)


def key_of(model: type[BaseModel], name: str) -> str:
    """How a field is called in the file."""
    return model.model_fields[name].alias or name


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?`, or the names there are."""
    names = list(known)
    alike = {name.casefold(): name for name in names}
    close = get_close_matches(word.casefold(), alike, n=1)
    if close:
        return f'; did you mean "{alike[close[0]]}"?'
    return f"; known: {', '.join(sorted(names))}" if names else ""


def shown(file: Path) -> str:
    """A path as a person would type it from here."""
    try:
        return str(file.relative_to(Path.cwd()))
    except ValueError:
        return str(file)


def _line(text: str) -> int:
    """The line a mistake stands in, for sorting; mistakes without one come first."""
    parts = text.split(": ", 1)[0].rsplit(":", 1)
    return int(parts[1]) if len(parts) == 2 and parts[1].isdecimal() else 0


def _is_model(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)


def _part(one: str | int) -> str:
    text = str(one)
    bare = text.replace("-", "").replace("_", "")
    return text if isinstance(one, int) or (bare.isalnum() and bare.isascii()) else f'"{text}"'


def _plain(message: str) -> str:
    text = message.removeprefix("Value error, ")
    if "at least 1 item" in text:
        return "must not be empty"
    return text.replace("Input should be", "must be")
