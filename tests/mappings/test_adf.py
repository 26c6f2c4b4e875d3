"""Atlassian documents as a reader sees them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mappings.adf import is_document, text_of


def doc(*nodes: Any) -> dict[str, Any]:
    return {"version": 1, "type": "doc", "content": list(nodes)}


def paragraph(*nodes: Any) -> dict[str, Any]:
    return {"type": "paragraph", "content": list(nodes)}


def words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def test_blocks_are_apart_and_inline_nodes_together() -> None:
    document = doc(paragraph(words("Pay "), words("by invoice")), paragraph(words("Refund")))
    assert text_of(document).split("\n") == ["", "Pay by invoice", "", "Refund", ""]


def test_cells_of_a_table_do_not_run_together() -> None:
    row = {
        "type": "tableRow",
        "content": [
            {"type": "tableCell", "content": [paragraph(words("a"))]},
            {"type": "tableCell", "content": [paragraph(words("b"))]},
        ],
    }
    assert text_of(doc({"type": "table", "content": [row]})).split() == ["a", "b"]


def test_what_shows_an_attribute_shows_it() -> None:
    shown = doc(
        paragraph(
            {"type": "mention", "attrs": {"id": "abc", "text": "@Ann"}},
            words(" "),
            {"type": "emoji", "attrs": {"shortName": ":ok:", "text": "👌"}},
            words(" "),
            {"type": "status", "attrs": {"text": "LATE", "color": "red"}},
            words(" "),
            {"type": "inlineCard", "attrs": {"url": "https://x.example"}},
        )
    )
    assert text_of(shown).strip() == "@Ann 👌 LATE https://x.example"


def test_a_tick_is_not_text() -> None:
    def task(state: str) -> str:
        item = {"type": "taskItem", "attrs": {"state": state}, "content": [words("Refund")]}
        return text_of(doc({"type": "taskList", "content": [item]}))

    assert task("TODO") == task("DONE")
    assert task("TODO").strip() == "Refund"


def test_a_document_is_told_from_other_objects() -> None:
    assert is_document(doc())
    assert not is_document({"type": "paragraph"})
    assert not is_document("doc")


def test_depth_is_no_limit() -> None:
    node: dict[str, Any] = paragraph(words("deep"))
    for _ in range(5000):
        node = {"type": "blockquote", "content": [node]}
    assert text_of(doc(node)).strip() == "deep"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "content", "text", "attrs", "url", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_survived(value: Any) -> None:
    assert isinstance(text_of(value), str)
