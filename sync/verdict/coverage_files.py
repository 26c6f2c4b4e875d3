"""Lines that ran, out of Cobertura XML and LCOV."""

from collections.abc import Iterable
from typing import IO

from sync.errors import UsageError
from sync.verdict.line_set import LineMap, TooMuch
from sync.verdict.report_xml import Event, whole

#: A line of LCOV is a path or two numbers.
MAX_LINE_BYTES = 65_536


def plain_path(path: str) -> str:
    """A path with forward slashes, and without what says "from here"."""
    path = path.strip().replace("\\", "/")
    while path.startswith("./"):
        path = path[2:]
    return path


def cobertura(events: Iterable[Event], where: str) -> LineMap:
    """Lines of a Cobertura report; one that several classes or methods name counts once.

    Raises UsageError where a line or a file is not told, or a number is none.
    """
    found = LineMap()
    path: str | None = None
    has_packages = False
    try:
        for event, name, element in events:
            if event == "start" and name == "class":
                path = plain_path(element.get("filename") or "")
                if not path:
                    raise UsageError("a class names no file", where=where)
                found.know(path)
            elif event == "end" and name == "class":
                path = None
            elif event == "start" and name == "packages":
                has_packages = True
            elif event == "start" and name == "line" and path is not None:
                number, hits = whole(element, "number", where), whole(element, "hits", where)
                if not number or hits is None:
                    raise UsageError(f"a line of {path} has no number or no hits", where=where)
                found.note(path, number, ran=hits > 0)
    except TooMuch as error:
        raise UsageError(str(error), where=where) from None
    if not has_packages:
        raise UsageError(
            "it says <coverage> and has no <packages>: it is no Cobertura report",
            where=where,
            todo="Write Cobertura XML or LCOV.",
        )
    return found


def lcov(file: IO[bytes], where: str) -> LineMap:
    """Lines of an LCOV trace file; a file that stands there twice is added up.

    Raises UsageError for what is cut off, and with the line for what is no LCOV.
    """
    found = LineMap()
    path: str | None = None
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        at = f"{where}, line {number}"
        if len(raw) > MAX_LINE_BYTES:
            raise UsageError("no line of LCOV is so long", where=at)
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            raise UsageError("it is not written in UTF-8", where=at) from None
        if not text or text.startswith("#"):
            continue
        key, mark, value = text.partition(":")
        try:
            if text == "end_of_record":
                path = None
            elif not mark or not key.isalnum() or not key.isupper():
                raise UsageError(f"{text[:60]!r} is no line of LCOV", where=at)
            elif key == "SF":
                if path is not None:
                    raise UsageError(f"the record of {path} has no end", where=at)
                path = plain_path(value)
                if not path:
                    raise UsageError("SF names no file", where=at)
                found.know(path)
            elif key == "DA":
                if path is None:
                    raise UsageError("a line counts before a file was named", where=at)
                line, hits = _counted(value, at)
                found.note(path, line, ran=hits > 0)
        except TooMuch as error:
            raise UsageError(str(error), where=at) from None
    if path is not None:
        raise UsageError(
            f"it ends within the record of {path}",
            where=where,
            todo="It is cut off: write it anew.",
        )
    return found


def _counted(value: str, at: str) -> tuple[int, int]:
    parts = value.split(",")
    if len(parts) in (2, 3) and all(one.strip().isascii() for one in parts[:2]):
        line, hits = (one.strip() for one in parts[:2])
        if line.isdigit() and hits.isdigit() and len(line) < 10 and len(hits) < 20 and int(line):
            return int(line), int(hits)
    raise UsageError(f"DA:{value[:40]} is no line and its hits", where=at)
