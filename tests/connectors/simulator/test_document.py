"""Wiki mark-up as an Atlassian document."""

import pytest

from connectors.simulator.document import document
from connectors.simulator.texture import RICH_TEXT
from mappings.adf import text_of
from mappings.wiki import text_of as wiki_text_of


def kinds(text: str) -> list[str]:
    found = document(text)
    assert found is not None
    return [node["type"] for node in found["content"]]


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_text_is_no_document(text: str) -> None:
    assert document(text) is None


def test_blocks() -> None:
    text = "h2. Why\nA line\n* one\n* two\n{code}\nx = 1\n\ny\n{code}\n----\nend"
    assert kinds(text) == ["heading", "paragraph", "bulletList", "codeBlock", "rule", "paragraph"]
    found = document(text)
    assert found is not None
    assert len(found["content"][2]["content"]) == 2
    assert found["content"][3]["content"][0]["text"] == "x = 1\n\ny"


def test_inside_a_line() -> None:
    found = document("see [~accountid:42] and *this* :)")
    assert found is not None
    inner = found["content"][0]["content"]
    assert [one["type"] for one in inner] == ["text", "mention", "text", "text", "text", "emoji"]
    assert inner[1]["attrs"]["id"] == "42"
    assert inner[3]["marks"] == [{"type": "strong"}]


def test_both_forms_of_the_rich_text_read_alike_where_words_are_concerned() -> None:
    cloud, server = text_of(document(RICH_TEXT)), wiki_text_of(RICH_TEXT)
    for word in ("Why", "Größenrechner", "数", "left out", "O''Neil", "🚀"):
        assert word in cloud
        assert word in server
