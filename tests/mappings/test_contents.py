"""What descriptions say: which edits are drift, and where the acceptance part is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.contents import contents, drift

WIKI = (
    "Pay by *invoice*.\nh2. Acceptance criteria\n* An invoice is sent\n* The sum is right\n"
    "h2. Notes\n* later"
)
MARKDOWN = (
    "Pay by **invoice**.\n\n## Acceptance criteria\n\n- [ ] An invoice is sent\n"
    "- [ ] The sum is right\n\n## Notes\n- later"
)
DOCUMENT = {
    "type": "doc",
    "content": [
        {"type": "paragraph", "content": [
            {"type": "text", "text": "Pay by "},
            {"type": "text", "text": "invoice", "marks": [{"type": "strong"}]},
            {"type": "text", "text": "."},
        ]},
        {"type": "heading", "content": [{"type": "text", "text": "Acceptance criteria"}]},
        {"type": "bulletList", "content": [
            {"type": "listItem", "content": [
                {"type": "paragraph", "content": [{"type": "text", "text": one}]}
            ]}
            for one in ("An invoice is sent", "The sum is right")
        ]},
        {"type": "heading", "content": [{"type": "text", "text": "Notes"}]},
        {"type": "bulletList", "content": [
            {"type": "listItem", "content": [
                {"type": "paragraph", "content": [{"type": "text", "text": "later"}]}
            ]}
        ]},
    ],
}  # fmt: skip


def test_one_description_says_the_same_in_every_notation() -> None:
    wiki = contents(WIKI, "wiki")
    assert wiki.acceptance is not None
    assert len(wiki.acceptance) == 2
    assert contents(MARKDOWN, "markdown") == wiki
    assert contents(DOCUMENT, "wiki") == wiki


@pytest.mark.parametrize(
    "after",
    [
        MARKDOWN.replace("[ ]", "[x]"),
        MARKDOWN.replace("- [ ]", "* [X]"),
        MARKDOWN.replace("**invoice**", "_invoice_"),
        MARKDOWN.replace("\n", "\r\n"),
        MARKDOWN.replace("is sent", "is  sent"),
        MARKDOWN.replace("Pay by", "pay by").replace("## ", "### "),
        "## Notes\n- later\n## Acceptance criteria\n- [ ] The sum is right.\n"
        "- [x] An invoice is sent\n## Pay by invoice",
    ],
)
def test_form_ticks_and_order_are_no_drift(after: str) -> None:
    found = drift(contents(MARKDOWN, "markdown"), contents(after, "markdown"))
    assert (found.distance, found.changed, found.added, found.removed) == (0.0, 0, 0, 0)


def test_tracking_parts_of_links_are_no_drift() -> None:
    before = contents("see https://shop.example/x?id=7&utm_source=mail", "markdown")
    after = contents("see https://shop.example/x?id=7&utm_source=chat&utm_medium=x", "markdown")
    assert drift(before, after).changed == 0
    other = contents("see https://shop.example/x?id=8&utm_source=mail", "markdown")
    assert drift(before, other).changed == 2


@pytest.mark.parametrize(
    ("after", "added", "removed"),
    [
        (MARKDOWN.replace("- [ ] The", "- [ ] A reminder is sent\n- [ ] The"), 1, 0),
        (MARKDOWN.replace("- [ ] The sum is right\n", ""), 0, 1),
        (MARKDOWN.replace("sum is right", "sum is wrong"), 1, 1),
        (MARKDOWN.replace("- later", "- sooner"), 0, 0),
        (MARKDOWN.replace("## Acceptance criteria\n", ""), 0, 0),
    ],
)
def test_acceptance_items_are_counted(after: str, added: int, removed: int) -> None:
    found = drift(contents(MARKDOWN, "markdown"), contents(after, "markdown"))
    assert (found.added, found.removed) == (added, removed)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("**Acceptance criteria:**\nIt works\nIt is fast", 2),
        ("AC:\n1. one\n2. two\n3. three", 3),
        ("Definition of Done\n- one", 1),
        ("- [ ] one\n- [x] two", 2),
        ("- [ ] one alone is a note", None),
        ("no such part", None),
        ("The acceptance criteria are elsewhere\n- one\n- two", None),
        ("## Acceptance criteria", 0),
    ],
)
def test_where_the_acceptance_part_is(text: str, items: int | None) -> None:
    found = contents(text, "markdown").acceptance
    assert (None if found is None else len(found)) == items


def test_a_numbered_wiki_list_is_no_heading() -> None:
    found = contents("h3. Acceptance criteria\n# one\n# two", "wiki").acceptance
    assert found is not None
    assert len(found) == 2


def test_distance_is_that_of_sets() -> None:
    found = drift(contents("a b c d d d", "markdown"), contents("a b c e e", "markdown"))
    assert (found.distance, found.changed) == (2 / 5, 2)
    assert contents("a b c d d d", "markdown").tokens == 6


@pytest.mark.parametrize("nothing", [None, "", "  \n", 7, {"type": "doc"}, []])
def test_nothing_says_nothing(nothing: object) -> None:
    found = contents(nothing, "markdown")
    assert (found.tokens, found.sketch, found.acceptance, found.lines) == (0, (), None, ())
    assert drift(found, found).distance == 0.0


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_is_read_and_equals_itself(text: str) -> None:
    for markup in ("wiki", "markdown"):
        found = contents(text, markup)
        assert drift(found, found).changed == 0
        json.dumps(found.lines).encode("ascii")
        assert all(0 <= one < 2**32 for one in found.sketch)


@given(
    st.lists(st.sampled_from(["pay", "by", "invoice", "* one", "- [ ] two", "## ac"]), max_size=9)
)
def test_distance_is_symmetric_and_within_bounds(parts: list[str]) -> None:
    one, other = contents("\n".join(parts), "markdown"), contents(MARKDOWN, "markdown")
    there, back = drift(one, other), drift(other, one)
    assert (there.distance, there.changed) == (back.distance, back.changed)
    assert (there.added, there.removed) == (back.removed, back.added)
    assert 0.0 <= there.distance <= 1.0
