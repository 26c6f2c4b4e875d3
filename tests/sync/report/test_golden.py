"""The reports as they are read; a change here is a change a reader sees."""

import pytest
from support import reconciliations as given_
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from sync.report import html, mail, text
from sync.report.build import build

NAMES = ["busy", "first_run", "quiet", "restricted", "whole"]


class Text(SingleFileSnapshotExtension):
    """One file per snapshot, as text with the same line ends everywhere."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


class Html(Text):
    """The same for a page."""

    file_extension = "html"


@pytest.mark.parametrize("name", NAMES)
def test_text(name: str, snapshot: SnapshotAssertion) -> None:
    assert text.render(build(given_.EXAMPLES[name]())) == snapshot(extension_class=Text)


@pytest.mark.parametrize("name", NAMES)
def test_page(name: str, snapshot: SnapshotAssertion) -> None:
    assert html.render(build(given_.EXAMPLES[name]())) == snapshot(extension_class=Html)


@pytest.mark.parametrize("name", NAMES)
def test_mail(name: str, snapshot: SnapshotAssertion) -> None:
    assert mail.mail_html(build(given_.EXAMPLES[name]()))[0] == snapshot(extension_class=Html)
