"""What needs no test, by the files it touches."""

import pytest

from sync.verdict.exempt import DOCS_ONLY, rule
from sync.verdict.exempt_paths import is_docs


@pytest.mark.parametrize(
    "path",
    ["README.md", "docs/guide/start.rst", "LICENSE", "doc/figures/a.png", "docs/CNAME", "NEWS.txt"],
)
def test_documentation(path: str) -> None:
    assert is_docs(path)


@pytest.mark.parametrize(
    "path",
    [
        "src/app.py",
        "docs/conf.py",
        "requirements.txt",
        "requirements-dev.txt",
        "CMakeLists.txt",
        "tests/data/expected.txt",
        "tests/golden/report.md",
        "docs/openapi.yaml",
        ".github/workflows/ci.yml",
        "src/templates/mail.md",
        "Makefile",
    ],
)
def test_what_a_build_or_a_test_reads_is_none(path: str) -> None:
    assert not is_docs(path)


def test_the_rule_needs_every_file_and_the_whole_list() -> None:
    """B22: Of a list that was cut nobody knows what else changed."""
    assert rule(["README.md", "docs/a.md"]) == DOCS_ONLY
    assert rule(["README.md", "a.py"]) is None
    assert rule([]) is None
    assert rule(None) is None
