"""Reports given by hand: right totals, or one clear error; never a crash, never a half."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import UsageError
from sync.verdict import line_set, report_files
from sync.verdict.report_files import FileLines, Report, ReportKind, read

COBERTURA = """<?xml version="1.0"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage line-rate="0.5"><sources><source>/ci/web</source></sources><packages><package><classes>
<class name="A" filename="src\\a.py"><methods><method><lines><line number="1" hits="3"/></lines>
</method></methods><lines><line number="1" hits="0"/><line number="2" hits="0"/></lines></class>
<class name="B" filename="./src/a.py"><lines><line number="2" hits="1"/><line number="9" hits="0"/>
</lines></class><class name="E" filename="src/empty.py"><lines/></class>
</classes></package></packages></coverage>"""
LCOV = "TN:all\nSF:src/a.ts\nFN:1,f\nDA:1,0\nDA:2,4,abc\nLF:2\nLH:1\nend_of_record\n"
DIFF = """diff --git a/src/a.py b/src/a.py
index 1..2 100644
--- a/src/a.py
+++ b/src/a.py
@@ -1,3 +1,4 @@ def f():
 one
-two
+2
+3
 four
@@ -20 +21 @@
-x
+y
\\ No newline at end of file
diff --git a/gone.py b/gone.py
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
--- a line that looks like a head
diff --git "a/caf\\303\\251.py" "b/caf\\303\\251.py"
--- /dev/null
+++ "b/caf\\303\\251.py"
@@ -0,0 +1,2 @@
+++ b/no head
+2
"""


def given_(tmp_path: Path, content: str | bytes) -> Report:
    path = tmp_path / "report"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("flat", "<testsuite><testcase/><testcase><failure/></testcase></testsuite>", (2, 1, 0)),
        (
            "suites in suites that each say the sum",
            '<testsuites tests="3" failures="1"><testsuite tests="3" failures="1"><testsuite '
            'tests="3" failures="1"><testcase/><testcase><failure/></testcase><testcase>'
            "<skipped/></testcase></testsuite></testsuite></testsuites>",
            (3, 1, 1),
        ),
        (
            "cases on two levels",
            "<testsuites><testsuite><testcase/><testsuite><testcase/></testsuite></testsuite>"
            "</testsuites>",
            (2, 0, 0),
        ),
        (
            "only the innermost sums count",
            '<testsuites tests="5" failures="1"><testsuite tests="5" failures="1"><testsuite '
            'tests="2"/><testsuite tests="3" failures="1" skipped="1"/></testsuite></testsuites>',
            (5, 1, 1),
        ),
        (
            "a setup that failed before any case",
            '<testsuites><testsuite tests="1" errors="1"><testcase/></testsuite></testsuites>',
            (1, 1, 0),
        ),
        (
            "passed when it was run again",
            "<testsuite><testcase><flakyFailure/></testcase></testsuite>",
            (1, 0, 0),
        ),
        (
            "run again in vain",
            "<testsuite><testcase><failure/><rerunFailure/></testcase></testsuite>",
            (1, 1, 0),
        ),
        (
            "told as not run",
            '<testsuite><testcase status="notrun"/><testcase status="run"/></testsuite>',
            (2, 0, 1),
        ),
        ("nothing", "<testsuites/>", (0, 0, 0)),
        ("a namespace", '<testsuite xmlns="urn:x"><testcase/></testsuite>', (1, 0, 0)),
        (
            "a text that looks like a failure",
            "<testsuite><testcase><system-out>&lt;failure/></system-out></testcase></testsuite>",
            (1, 0, 0),
        ),
        (
            "Latin",
            b'<?xml version="1.0" encoding="iso-8859-1"?><testsuite name="\xe9"/>',
            (0, 0, 0),
        ),
        ("UTF-16", '<?xml version="1.0"?><testsuite><testcase/></testsuite>'.encode("utf-16"),
         (1, 0, 0)),
        ("a byte order mark", b"\xef\xbb\xbf<testsuite><testcase/></testsuite>", (1, 0, 0)),
    ],
)  # fmt: skip
def test_totals_of_tests(
    tmp_path: Path, name: str, content: str | bytes, expected: tuple[int, int, int]
) -> None:
    """Each test counts once, and no failure is lost, however the suites are told."""
    found = given_(tmp_path, content)
    assert found.tests is not None
    assert expected == (found.tests.total, found.tests.failed, found.tests.skipped), name
    assert found.kind is ReportKind.JUNIT


def test_cobertura_lines(tmp_path: Path) -> None:
    """A line that classes and methods name several times counts once, and ran if any says so."""
    found = given_(tmp_path, COBERTURA)
    assert found.kind is ReportKind.COBERTURA
    assert (found.covered, found.coverable) == (2, 3)
    assert found.files == (FileLines("src/a.py", "1-2", "9"), FileLines("src/empty.py"))


def test_lcov_lines(tmp_path: Path) -> None:
    """A file that stands there twice is added up."""
    found = given_(tmp_path, LCOV + "SF:./src/a.ts\nDA:1,1\nDA:7,0\nend_of_record\n")
    assert found.kind is ReportKind.LCOV
    assert found.files == (FileLines("src/a.ts", "1-2", "7"),)
    assert (found.covered, found.coverable) == (2, 3)


def test_lines_of_a_diff(tmp_path: Path) -> None:
    """New lines by their number after the change; what is removed has none."""
    found = given_(tmp_path, DIFF)
    assert found.kind is ReportKind.DIFF
    assert found.files == (
        FileLines("café.py", changed="1-2"),
        FileLines("src/a.py", changed="2-3,21"),
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "it is empty"),
        ("   \n", "neither text nor XML"),
        (b"PK\x03\x04\x00\x00", "neither text nor XML"),
        ("hello", "what it is cannot be told"),
        ("<html></html>", "its root is <html>"),
        ("<report/>", "its root is <report>"),
        ("<coverage><project/></coverage>", "no <packages>"),
        ("<testsuite><testcase/>", "no complete XML"),
        ("<testsuite>", "no complete XML"),
        ("<", "no complete XML"),
        (b"<testsuite><testcase name='\xe9'/></testsuite>", "no complete XML"),
        (b'<?xml version="1.0" encoding="nope"?><testsuite/>', "cannot be read"),
        ('<testsuite tests="-1"/>', "is no number of things"),
        ('<testsuite tests="many"/>', "is no number of things"),
        ('<testsuite tests="9999999999999999"/>', "is no number of things"),
        ("<testsuites><testcase/></testsuites><x/>", "no complete XML"),
        ("<testsuite>" * 200, "deep"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><testsuite name="&a;"/>', "declares entities"),
        (
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite>&a;</testsuite>',
            "declares entities",
        ),
        (
            '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://x.example/a.dtd">%a;]><testsuite/>',
            "declares entities",
        ),
        ("<testsuite>&b;</testsuite>", "no complete XML"),
        (COBERTURA.replace('number="9"', 'number="-9"'), "is no number of things"),
        (COBERTURA.replace('hits="3"', 'hits="x"'), "is no number of things"),
        (COBERTURA.replace('number="9"', 'number="0"'), "no number or no hits"),
        (COBERTURA.replace('number="9"', 'number="99999999"'), "no file has so many lines"),
        (COBERTURA.replace('filename="./src/a.py"', ""), "names no file"),
        (COBERTURA[:-40], "no complete XML"),
        (LCOV.replace("end_of_record\n", ""), "ends within the record"),
        (LCOV.replace("DA:1,0", "DA:1,-1"), "no line and its hits"),
        (LCOV.replace("DA:1,0", "DA:0,1"), "no line and its hits"),
        (LCOV.replace("DA:1,0", "DA:1"), "no line and its hits"),
        (LCOV.replace("DA:1,0", "DA:²,1"), "no line and its hits"),
        (LCOV.replace("DA:1,0", "DA:99999999,1"), "no file has so many lines"),
        (LCOV.replace("LF:2", "what"), "is no line of LCOV"),
        (LCOV.replace("SF:src/a.ts\n", ""), "before a file was named"),
        (LCOV.replace("src/a.ts", ""), "SF names no file"),
        (LCOV.encode() + b"SF:\xff\xfe\nend_of_record\n", "not written in UTF-8"),
        ("TN:\n" + "x" * 100_000, "so long"),
        (DIFF[:-4], "ends within a hunk"),
        (DIFF.replace("@@ -20 +21 @@", "@@@ -20 -20 +21 @@@"), None),
        (DIFF.replace(" four", "!four"), "does not hold the lines"),
        (DIFF + DIFF, "twice"),
        ("diff --git a/x b/x\nBinary files differ\n", "names no file"),
        (b"--- a/x\n+++ b/\xff\n@@ -1 +1 @@\n-a\n+b\n", "not written in UTF-8"),
        (DIFF.replace("+21 @@", "+999999999 @@"), "more lines than any project"),
    ],
)
def test_bad_files_are_one_clear_error(
    tmp_path: Path, content: str | bytes, words: str | None
) -> None:
    """What, where, and nothing else: no traceback, and nothing taken in half."""
    if words is None:
        # A combined diff has hunks of its own form; lines outside of hunks say nothing.
        assert given_(tmp_path, content).files[1].changed == "2-3"
        return
    with pytest.raises(UsageError) as error:
        given_(tmp_path, content)
    assert words in str(error.value)
    assert str(tmp_path / "report") in str(error.value)


def test_huge_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is read beyond the limit, whatever it claims to be."""
    monkeypatch.setattr(report_files, "MAX_BYTES", 100_000)
    for content in ("<testsuite>" + "<testcase/>" * 20_000 + "</testsuite>", LCOV * 5_000):
        with pytest.raises(UsageError, match="more than"):
            given_(tmp_path, content)


def test_more_lines_than_a_project_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few bytes that would take much memory are refused as well."""
    monkeypatch.setattr(line_set, "MAX_HELD", 10_000)
    with pytest.raises(UsageError, match="more than"):
        given_(tmp_path, LCOV.replace("DA:1,0", "DA:9999,0") + LCOV.replace("DA:1,0", "DA:50000,1"))
    monkeypatch.setattr(line_set, "MAX_FILES", 1)
    with pytest.raises(UsageError, match="files"):
        given_(tmp_path, LCOV + LCOV.replace("a.ts", "b.ts"))


@pytest.mark.parametrize("name", ["missing", "."])
def test_files_that_are_none(tmp_path: Path, name: str) -> None:
    """A missing file and a directory are named."""
    with pytest.raises(UsageError, match=r"it is no file|cannot be read"):
        read(tmp_path / name)


def test_memory_stays_small(tmp_path: Path) -> None:
    """What has been counted is forgotten: a long report takes no more than a short one."""
    import tracemalloc

    path = tmp_path / "report"
    case = "<testcase name='n'><system-out>" + "x" * 200 + "</system-out></testcase>"
    with path.open("w") as file:
        file.write("<testsuites><testsuite>" + case * 20_000 + "</testsuite></testsuites>")
    tracemalloc.start()
    found = read(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.tests is not None
    assert found.tests.total == 20_000
    assert most < 2_000_000


@given(st.sets(st.integers(1, 500)))
def test_lines_come_back(lines: set[int]) -> None:
    """Text of lines and lines of text are each other's reverse."""
    assert line_set.from_text(line_set.to_text(sorted(lines))) == lines


@given(
    st.binary(max_size=60), st.sampled_from(["", "<testsuite>", "TN:\n", "diff --git a/x b/x\n"])
)
def test_no_bytes_crash(tmp_path_factory: pytest.TempPathFactory, tail: bytes, head: str) -> None:
    """Whatever a file holds: a report, or a clear error."""
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(head.encode() + tail)
    with contextlib.suppress(UsageError):
        read(path)


@pytest.mark.parametrize(
    ("path", "known", "expected"),
    [
        ("src/a.py", ["src/a.py", "x/src/a.py"], "src/a.py"),
        ("src/a.py", ["/ci/web/src/a.py"], "/ci/web/src/a.py"),
        ("web/src/a.py", ["src/a.py"], "src/a.py"),
        ("a.py", ["x/a.py", "y/a.py"], None),
        ("src/a.py", ["src/ba.py", "b.py"], None),
    ],
)
def test_paths_of_reports(path: str, known: list[str], expected: str | None) -> None:
    """A report may name a file from elsewhere; of two that it may be, none is chosen."""
    assert line_set.matching(path, dict.fromkeys(known)) == expected
