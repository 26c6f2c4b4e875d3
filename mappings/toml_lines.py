"""Where a value stands in a TOML file: path of keys -> line number. tomllib does not tell."""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

_HEADER = re.compile(r"^\s*\[{1,2}(?P<name>[^\[\]]+|.*?)\]{1,2}\s*(#.*)?$")
_KEY = re.compile(r"""^\s*(?P<key>(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_.\- ])+?)\s*=""")

Path = tuple[str | int, ...]


def locate(text: str) -> dict[Path, int]:
    """Line (from 1) of every table header and key; never raises, whatever the text.

    Elements of `[[arrays]]` carry their index in the path.
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    here: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("[") and not _KEY.match(line):
            match = _HEADER.match(line)
            keys = _keys(match["name"]) if match else None
            if keys is None:
                continue
            here = tuple(keys)
            if stripped.startswith("[["):
                index = counts.get(here, 0)
                counts[here] = index + 1
                here = (*here, index)
            for end in range(1, len(here) + 1):
                lines.setdefault(here[:end], number)
            continue
        match = _KEY.match(line)
        keys = _keys(match["key"]) if match else None
        if keys:
            for end in range(1, len(keys) + 1):
                lines.setdefault((*here, *keys[:end]), number)
            _inline(line, match.end() if match else 0, (*here, *keys), number, lines)
    return lines


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """Line of the value at `path`, or of the nearest table around it."""
    for end in range(len(path), 0, -1):
        found = lines.get(path[:end])
        if found is not None:
            return found
    return None


def toml_key(name: str) -> str:
    """A name as a quoted key of a TOML file."""
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(line: str, start: int, base: Path, number: int, lines: dict[Path, int]) -> None:
    """Keys of an inline table on one line."""
    value = line[start:].strip()
    if not value.startswith("{"):
        return
    try:
        parsed: Any = tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        return
    stack = [(base, parsed)]
    while stack:
        path, one = stack.pop()
        if isinstance(one, dict):
            for key, inner in one.items():
                lines.setdefault((*path, key), number)
                stack.append(((*path, key), inner))


def _keys(text: str) -> list[str] | None:
    try:
        parsed: Any = tomllib.loads(f"{text.strip()} = 0")
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    keys: list[str] = []
    while isinstance(parsed, dict) and len(parsed) == 1:
        key, parsed = next(iter(parsed.items()))
        keys.append(key)
    return keys or None
