"""One mapping file: its contents, and where in it each value stands."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mappings.toml_lines import line_of, locate

At = tuple[str | int, ...]

#: How tomllib tells the place of an error.
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


class MappingError(Exception):
    """A mapping file that cannot be used: what, where (file and line), what to do."""

    def __init__(self, what: str, *, where: str, todo: str = "") -> None:
        """Keep the parts apart."""
        self.what, self.where, self.todo = what, where, todo
        super().__init__(" ".join(p for p in (f"{where}: {what}", todo) if p))


@dataclass(frozen=True, slots=True)
class Layer:
    """One file that has been read."""

    #: name to show: a path, or the bare name of a built-in file.
    file: str
    data: Mapping[str, Any]
    lines: Mapping[At, int]
    #: shipped with the program and not written by its user.
    built_in: bool = False

    def line(self, path: At) -> int | None:
        """Line (from 1) of a value, or of the nearest table around it."""
        return line_of(self.lines, path)

    def where(self, path: At) -> str:
        """`file:line` of a value."""
        line = self.line(path)
        return f"{self.file}:{line}" if line else self.file

    def error(self, path: At, what: str, todo: str = "") -> MappingError:
        """The error to raise about the value at `path`."""
        shown = ".".join(str(part) for part in path)
        what = f"{shown}: {what}" if shown else what
        return MappingError(what, where=self.where(path), todo=todo)


def read(source: Path | Traversable) -> Layer:
    """A file as a layer. Raises MappingError if it is missing, not UTF-8 or not TOML."""
    mine = isinstance(source, Path) and source.parent == Path(__file__).parent
    built_in = mine or not isinstance(source, Path)
    name = source.name if built_in else str(source)
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "no such file" if isinstance(error, FileNotFoundError) else type(error).__name__
        raise MappingError(
            f"the mapping file cannot be read: {why}",
            where=name,
            todo="Check the path in the configuration's `mapping`.",
        ) from error
    # An editor on Windows may put a byte order mark before the text.
    text = text.removeprefix("\ufeff")
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = _AT_LINE.search(str(error))
        raise MappingError(
            f"not valid TOML: {_AT_LINE.sub('', str(error)).strip()}",
            where=f"{name}:{line[1]}" if line else name,
            todo="Names with spaces or letters beyond a to z stand in quotes.",
        ) from error
    return Layer(name, data, locate(text), built_in)


def suggest(word: str, known: Sequence[str]) -> str:
    """What may have been meant, or all there is to choose from."""
    folded = {one.casefold(): one for one in known}
    close = get_close_matches(word.casefold(), list(folded), n=1)
    if close:
        return f"Did you mean {folded[close[0]]!r}?"
    return f"Known: {', '.join(known)}."
