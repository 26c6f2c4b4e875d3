"""Lines for a terminal of any width: broken between words, so that it need not cut them anywhere.

Nothing is coloured, so NO_COLOR has nothing to switch off here; where nobody looks (a pipe, a file,
cron), lines stay as they are.
"""

import os
import re
from collections.abc import Iterator, Sequence
from typing import IO

from rich.cells import cell_len

#: Where a terminal does not say how wide it is.
USUAL = 80
#: Later pieces of a line stand so far to the right of its first.
HANGING = 4
_PARTS = re.compile(" +|[^ ]+")
_RULE = re.compile(r"([=\-_])\1{7,}")


def columns(stream: IO[str]) -> int | None:
    """How wide the terminal behind a stream is; None where it is none.

    COLUMNS in the environment wins, as it does elsewhere.
    """
    if not stream.isatty():
        return None
    told = os.environ.get("COLUMNS", "")
    if told.isascii() and told.isdigit() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL
    except (OSError, ValueError):
        return USUAL


def fitted(text: str, width: int | None) -> str:
    """Each line of a text on as many lines as it takes; the text itself where `width` is None.

    A line is broken at blanks, and its later pieces are indented more than its first. A word that
    is wider than a line stays whole, for it may be an address or a name that is to be copied; only
    scripts that are written without blanks are cut between letters.
    """
    if width is None:
        return text
    return "\n".join(piece for line in text.split("\n") for piece in _pieces(line, width))


def table(rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """A table with a head: columns under each other, or where that is too wide, below each other.

    In the latter form each row begins with its first cell, and the others follow with the name of
    their column.
    """
    widths = [max(cell_len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell + " " * (wide - cell_len(cell)) for cell, wide in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    if width is None or max(map(cell_len, lines)) <= width:
        return lines
    head = rows[0]
    stacked = [head[0]]
    for row in rows[1:]:
        stacked.append(row[0])
        stacked += [f"  {name}: {cell}" for name, cell in zip(head[1:], row[1:], strict=True)]
    return stacked


def _pieces(line: str, width: int) -> Iterator[str]:
    if cell_len(line) <= width:
        yield line
        return
    if _RULE.fullmatch(line.strip()):
        yield line[:width]
        return
    indent = len(line) - len(line.lstrip(" "))
    later = " " * min(indent + HANGING, width // 3)
    piece, is_bare, gap = " " * indent, True, ""
    for part in _PARTS.findall(line[indent:]):
        if part.startswith(" "):
            gap = part
            continue
        for word in _words(part, width - len(later)):
            if not is_bare and cell_len(piece + gap + word) > width:
                yield piece
                piece, gap = later, ""
            piece, is_bare, gap = piece + gap + word, False, ""
    yield piece


def _words(word: str, room: int) -> Iterator[str]:
    """The word itself; letters of a script without blanks so that they fit."""
    if cell_len(word) <= room or cell_len(word) == len(word):
        yield word
        return
    piece, wide = "", 0
    for char in word:
        if piece and wide + cell_len(char) > room:
            yield piece
            piece, wide = "", 0
        piece, wide = piece + char, wide + cell_len(char)
    yield piece
