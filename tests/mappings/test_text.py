"""Clean texts, and which edits count as a change of contents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.text import clean, identity, plain

ANY_TEXT = st.text(alphabet=st.characters(codec=None))


@given(ANY_TEXT)
def test_cleaned_text_is_accepted_by_every_database(text: str) -> None:
    cleaned = clean(text)
    assert "\x00" not in cleaned
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned


def test_cleaning_keeps_what_is_fit_to_keep() -> None:
    assert clean("a\tb\nc é 漢 👍") == "a\tb\nc é 漢 👍"
    assert clean("a\x00b\x07c\x1fd") == "abcd"
    assert clean("half \ud83d") == "half ?"


BEFORE = "h2. Acceptance\n* [ ] Pay by *invoice*\n* See https://shop.example/x?utm_source=mail&id=7"


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("[ ]", "[x]"),
        BEFORE.replace("*invoice*", "_invoice_"),
        BEFORE.replace("\n", "\r\n\r\n   "),
        BEFORE.replace("h2. ", "h3. "),
        BEFORE.replace("utm_source=mail", "utm_source=chat&utm_medium=x"),
        BEFORE.replace("* [ ]", "- [X]"),
        "{color:red}" + BEFORE + "{color}",
        BEFORE.replace("invoice", "[invoice|https://elsewhere.example]"),
    ],
)
def test_form_is_no_content(after: str) -> None:
    assert identity(plain(after)) == identity(plain(BEFORE))


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("invoice", "card"),
        BEFORE + "\n* [ ] Refund",
        BEFORE.replace("id=7", "id=8"),
        BEFORE.replace("Pay by", "Pay"),
    ],
)
def test_other_words_are_another_content(after: str) -> None:
    assert identity(plain(after))[0] != identity(plain(BEFORE))[0]


def test_tokens_are_counted() -> None:
    assert identity("one  two\nthree")[1] == 3
    assert identity("")[1] == 0
    assert identity(None) == (None, None)


def test_a_document_and_wiki_text_that_read_alike_are_alike() -> None:
    document = {
        "type": "doc",
        "content": [
            {
                "type": "heading",
                "attrs": {"level": 2},
                "content": [{"type": "text", "text": "Acceptance"}],
            },
            {
                "type": "paragraph",
                "content": [
                    {"type": "text", "text": "Pay by "},
                    {"type": "text", "text": "invoice", "marks": [{"type": "strong"}]},
                ],
            },
        ],
    }
    assert identity(plain(document)) == identity(plain("h2. Acceptance\nPay by *invoice*"))


@pytest.mark.parametrize("value", [None, 7, True, [], {}, {"type": "paragraph"}])
def test_what_is_no_text_has_none(value: object) -> None:
    assert plain(value) is None


@given(ANY_TEXT)
def test_any_text_has_an_identity(text: str) -> None:
    digest, tokens = identity(plain(text))
    assert digest is not None
    assert len(digest) == 64
    assert tokens is not None
    assert 0 <= tokens <= len(text)
