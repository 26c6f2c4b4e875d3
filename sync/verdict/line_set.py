"""Sets of line numbers: built line by line in bounded memory, kept as short text; pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

#: A file with more lines than this is none that people write.
MAX_LINE = 2_000_000
#: Lines that one report may speak of, unknown ones between them included.
MAX_HELD = 50_000_000
#: Files that one report may speak of.
MAX_FILES = 200_000

_UNCOVERED, _COVERED = 1, 2


class TooMuch(ValueError):
    """A report speaks of more than any project has; the text says of what."""


@dataclass(slots=True)
class LineMap:
    """Which lines of which files ran; a byte a line."""

    _files: dict[str, bytearray] = field(default_factory=dict)
    _held: int = 0

    def note(self, path: str, line: int, *, ran: bool) -> None:
        """A line of a file, numbered from 1; one that ran once ran. Raises TooMuch."""
        if line > MAX_LINE:
            raise TooMuch(f"line {line} of {path}: no file has so many lines")
        held = self._files.get(path)
        if held is None:
            held = self._file(path)
        if line >= len(held):
            more = line + 1 - len(held)
            self._held += more
            if self._held > MAX_HELD:
                raise TooMuch(f"it speaks of more than {MAX_HELD:,} lines")
            held.extend(bytes(more))
        held[line] = max(held[line], _COVERED if ran else _UNCOVERED)

    def know(self, path: str) -> None:
        """A file of which no line can run. Raises TooMuch."""
        if path not in self._files:
            self._file(path)

    def _file(self, path: str) -> bytearray:
        if len(self._files) >= MAX_FILES:
            raise TooMuch(f"it speaks of more than {MAX_FILES:,} files")
        return self._files.setdefault(path, bytearray())

    def files(self) -> Iterator[tuple[str, str, str]]:
        """(path, lines that ran, lines that did not), by path."""
        for path in sorted(self._files):
            held = self._files[path]
            yield path, to_text(_at(held, _COVERED)), to_text(_at(held, _UNCOVERED))

    def counts(self) -> tuple[int, int]:
        """(lines that ran, lines that could), over all files."""
        ran = sum(held.count(_COVERED) for held in self._files.values())
        return ran, ran + sum(held.count(_UNCOVERED) for held in self._files.values())

    def __len__(self) -> int:
        """How many files it speaks of."""
        return len(self._files)


def _at(held: bytearray, state: int) -> Iterator[int]:
    found = held.find(state)
    while found != -1:
        yield found
        found = held.find(state, found + 1)


def to_text(lines: Iterable[int]) -> str:
    """`1-3,7` for the lines 1, 2, 3 and 7, given in rising order."""
    parts: list[str] = []
    first = last = None
    for one in lines:
        if first is None or last is None:
            first = last = one
        elif one == last + 1:
            last = one
        else:
            parts.append(_range(first, last))
            first = last = one
    if first is not None and last is not None:
        parts.append(_range(first, last))
    return ",".join(parts)


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def from_text(text: str | None) -> frozenset[int]:
    """The lines of a text that `to_text` wrote; none for an empty one or None."""
    found: set[int] = set()
    for part in (text or "").split(","):
        if part:
            first, _, last = part.partition("-")
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def matching(path: str, known: Mapping[str, object]) -> str | None:
    """The one of these paths that is this file; None where none is, or where several may be.

    A report may say a path from somewhere above the repository, or from a folder in it.
    """
    if path in known:
        return path
    alike = [one for one in known if one.endswith("/" + path) or path.endswith("/" + one)]
    return alike[0] if len(alike) == 1 else None
