"""Text and addresses from other systems, made safe to show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.report.clean import clean, clean_url


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("  two\t\twords \r\n again ", "two words again"),
        ("abc\u202edcba\u202c", "abcdcba"),
        ("\u2066x\u2069\ufeff\u200b\u200e", "x"),
        ("\x1b[31mred\x07", "[31mred"),
        ("line\u2028sep\u2029par", "line sep par"),
        ("\ud800lone\udfff", "lone"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("e" + "\u0301" * 10, "e" + "\u0301" * 4),
        ("Ä\u0308ö", "Ä\u0308ö"),
        ("\U000e0041tag", "tag"),
    ],
)
def test_text_is_one_visible_line(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_long_text_is_cut_and_says_so() -> None:
    assert clean("word " * 10, 12) == "word word w…"
    assert clean("x" * 12, 12) == "x" * 12
    assert len(clean("x" * 13, 12)) == 12


@given(st.text(st.characters(), max_size=80))
def test_any_text_comes_out_without_control_characters(text: str) -> None:
    shown = clean(text)
    assert clean(shown) == shown
    assert all(unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") for char in shown)
    assert not set(shown) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
    )
    shown.encode("utf-8")


@pytest.mark.parametrize(
    "url",
    [
        "https://jira.example.com/browse/APO-1?focused=1#c",
        "http://localhost:8080/a",
        "https://[::1]/x",
        "https://example.com/%E2%82%AC",
    ],
)
def test_web_addresses_stay(url: str) -> None:
    assert clean_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//example.com/x",
        "https:///nohost",
        "https://user:word@example.com/",
        "https://example.com/a b",
        'https://example.com/"onclick=x',
        "https://example.com/\r\nBcc:x",
        "https://example.com/\u202e",
        "https://[bad",
        " https://example.com/",
        "https://example.com/<x>",
    ],
)
def test_anything_else_is_no_link(url: str | None) -> None:
    assert clean_url(url) is None
