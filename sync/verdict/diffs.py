"""Lines that a change added or altered, out of a unified diff as `git diff` writes it."""

import re
from collections.abc import Iterator
from typing import IO

from sync.errors import UsageError
from sync.verdict.line_set import MAX_FILES, MAX_HELD, MAX_LINE, to_text

_HUNK = re.compile(rb"@@ -\d{1,9}(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_ESCAPED = re.compile(rb'\\([0-7]{3}|["\\abfnrtv])')
_LETTERS = {
    b'"': b'"', b"\\": b"\\", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r",
    b"t": b"\t", b"v": b"\v",
}  # fmt: skip
#: Bytes read at a time: a line of minified code may have any length, and only its start matters.
_CHUNK = 65_536


def read(file: IO[bytes], where: str) -> list[tuple[str, str]]:
    """(path after the change, lines in it that are new), by path; removed files are left out.

    Raises UsageError for what is cut off or no unified diff.
    """
    found: dict[str, list[int]] = {}
    path: str | None = None
    old = new = line = 0
    held = 0
    for number, raw in enumerate(_lines(file), 1):
        at = f"{where}, line {number}"
        if old or new:
            kind = raw[:1]
            if kind == b"+" and new:
                if path is not None:
                    found[path].append(line)
                    held += 1
                line, new = line + 1, new - 1
            elif kind == b"-" and old:
                old -= 1
            elif kind in (b" ", b"") and old and new:
                line, old, new = line + 1, old - 1, new - 1
            elif kind != b"\\":
                raise UsageError("a hunk does not hold the lines that it announces", where=at)
            if line > MAX_LINE or held > MAX_HELD:
                raise UsageError("it speaks of more lines than any project has", where=at)
        elif raw.startswith(b"+++ "):
            path = _path(raw[4:], at)
            if path is not None and len(found.setdefault(path, [])) > 0:
                raise UsageError(f"it speaks of {path} twice", where=at, todo="Write one diff.")
            if len(found) > MAX_FILES:
                raise UsageError(f"it speaks of more than {MAX_FILES:,} files", where=at)
        elif raw.startswith(b"@@ "):
            told = _HUNK.match(raw)
            if told is None:
                raise UsageError("this is no hunk of a unified diff of two versions", where=at)
            old, line, new = int(told[1] or 1), int(told[2]), int(told[3] or 1)
    if old or new:
        raise UsageError("it ends within a hunk", where=where, todo="It is cut off: write it anew.")
    if not found:
        raise UsageError("it names no file that is there after the change", where=where)
    return [(path, to_text(sorted(lines))) for path, lines in sorted(found.items())]


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """The beginnings of lines, without their ends."""
    while raw := file.readline(_CHUNK):
        rest = raw
        while len(rest) == _CHUNK and not rest.endswith(b"\n"):
            rest = file.readline(_CHUNK)
        yield raw.rstrip(b"\r\n")


def _path(raw: bytes, at: str) -> str | None:
    raw = raw.partition(b"\t")[0].strip()
    if raw == b"/dev/null":
        return None
    if raw.startswith(b'"') and raw.endswith(b'"'):
        raw = _ESCAPED.sub(_unescaped, raw[1:-1])
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise UsageError("the name of a file is not written in UTF-8", where=at) from None
    text = text.removeprefix("b/")
    if not text:
        raise UsageError("a file has no name", where=at)
    return text


def _unescaped(told: re.Match[bytes]) -> bytes:
    word = told[1]
    return _LETTERS[word] if word in _LETTERS else bytes([int(word, 8) & 0xFF])
