"""Files of evidence given by hand: what they are, told by their content, and what they say."""

import hashlib
import io
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

from sync.errors import UsageError
from sync.verdict import coverage_files, diffs, junit
from sync.verdict.junit import Totals
from sync.verdict.line_set import LineMap
from sync.verdict.report_xml import events

#: Bytes of a file that is read.
MAX_BYTES = 500 * 2**20

_KNOWN = "It must be JUnit XML, Cobertura XML, LCOV or a unified diff."


class ReportKind(StrEnum):
    """What was given by hand."""

    JUNIT = "junit"
    COBERTURA = "cobertura"
    LCOV = "lcov"
    #: lines that a change altered: with coverage it gives the coverage of the change.
    DIFF = "diff"
    SIGNOFF = "signoff"

    @property
    def is_coverage(self) -> bool:
        """Whether it tells which lines ran."""
        return self in (ReportKind.COBERTURA, ReportKind.LCOV)


@dataclass(frozen=True, slots=True)
class FileLines:
    """Lines of one file, as `line_set` writes them."""

    path: str
    covered: str = ""
    uncovered: str = ""
    changed: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A file that was read whole."""

    kind: ReportKind
    #: SHA-256 of its bytes, in hexadecimal.
    digest: str
    size: int
    tests: Totals | None = None
    #: lines that ran, and that could.
    covered: int | None = None
    coverable: int | None = None
    files: tuple[FileLines, ...] = ()


class _Hashed(io.RawIOBase):
    """A file that is hashed as it is read, and not read beyond a limit."""

    def __init__(self, file: IO[bytes], where: str) -> None:
        self._file, self._where = file, where
        self.hash, self.size = hashlib.sha256(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # upstream takes any buffer
        data = self._file.read(len(buffer))
        self.size += len(data)
        if self.size > MAX_BYTES:
            raise UsageError(
                f"it has more than {MAX_BYTES // 2**20} MB",
                where=self._where,
                todo="Give the reports of parts.",
            )
        self.hash.update(data)
        buffer[: len(data)] = data
        return len(data)


def read(path: Path) -> Report:
    """Read a file; memory does not grow with it. Raises UsageError, with nothing kept."""
    where = str(path)
    try:
        if path.exists() and not path.is_file():
            raise UsageError("it is no file", where=where, todo="Name the files in it.")
        with path.open("rb") as raw:
            hashed = _Hashed(raw, where)
            with io.BufferedReader(cast(Any, hashed), 65_536) as file:
                report = _read(file, where)
                while file.read(65_536):
                    pass
                return Report(
                    report.kind,
                    hashed.hash.hexdigest(),
                    hashed.size,
                    report.tests,
                    report.covered,
                    report.coverable,
                    report.files,
                )
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(f"it cannot be read: {why}", where=where) from None


def _read(file: io.BufferedReader, where: str) -> Report:
    head = file.peek(4096)[:4096]
    text = _text(head)
    if not text:
        what = "it is empty" if not head else "it is neither text nor XML"
        raise UsageError(what, where=where, todo=_KNOWN)
    if text.startswith("<"):
        return _xml(file, where)
    if text.startswith(("TN:", "SF:")):
        return _covered(ReportKind.LCOV, coverage_files.lcov(file, where))
    if text.startswith(("diff --git ", "diff --cc ", "--- ", "Index: ", "index ")):
        files = diffs.read(file, where)
        return Report(
            ReportKind.DIFF, "", 0, files=tuple(FileLines(p, changed=lines) for p, lines in files)
        )
    raise UsageError("what it is cannot be told", where=where, todo=_KNOWN)


def _text(head: bytes) -> str:
    """The beginning as text, as far as it says what the file is; empty for what is none."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head[2:].decode(encoding, "ignore").lstrip()
    if b"\0" in head:
        return ""
    return head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").lstrip()


def _xml(file: io.BufferedReader, where: str) -> Report:
    found = events(file, where)
    first = next(found, None)
    root = "" if first is None else first[1]
    if first is not None and root in junit.ROOTS:
        totals = junit.read(chain([first], found), where)
        return Report(ReportKind.JUNIT, "", 0, tests=totals)
    if first is not None and root == "coverage":
        lines = coverage_files.cobertura(chain([first], found), where)
        return _covered(ReportKind.COBERTURA, lines)
    raise UsageError(f"its root is <{root[:60]}>", where=where, todo=_KNOWN)


def _covered(kind: ReportKind, lines: LineMap) -> Report:
    covered, coverable = lines.counts()
    files = tuple(FileLines(path, ran, not_run) for path, ran, not_run in lines.files())
    return Report(kind, "", 0, covered=covered, coverable=coverable, files=files)
