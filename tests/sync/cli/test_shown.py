"""What goes to a terminal or a log cannot act on it, forge a line, or hold a secret."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import redaction
from sync.cli.shown import block, document, line

TEXT = st.text(st.characters(), max_size=60)


@given(TEXT)
def test_a_line_is_one_visible_line(text: str) -> None:
    shown = line(text)
    assert len(shown.splitlines()) <= 1
    assert all(unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") for char in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e")


@given(st.lists(TEXT, max_size=4))
def test_lines_stay_as_many_as_they_were_composed(texts: list[str]) -> None:
    composed = "\n".join(text.replace("\n", " ") for text in texts)
    assert block(composed).split("\n") == [line(one) for one in composed.split("\n")]


@given(TEXT)
def test_a_document_says_the_same_and_acts_on_nothing(text: str) -> None:
    shown = document(json.dumps({"title": text}, ensure_ascii=False))
    assert json.loads(shown) == {"title": text}
    controls = [char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert not controls
    shown.encode("utf-8")


@pytest.mark.parametrize(
    "attack",
    [
        "\x1b]0;owned\x07",
        "\x1b[2J",
        "\x9b31m",
        "ok\r0 findings.",
        "a\nsync complete: 0 problems",
        "\u202egnp.exe",
    ],
)
def test_known_attacks_on_terminals_are_plain_text(attack: str) -> None:
    assert not set(line(attack)) & set("\x1b\x07\x9b\r\n\u202e")


def test_a_secret_taken_apart_by_invisible_characters_is_masked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redaction, "_known", ())
    redaction.remember("token-of-nobody")
    assert line("said token\u200b-of-no\u00adbody") == "said ***"
