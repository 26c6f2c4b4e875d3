"""Secrets are masked wherever they stand; harmless text stays readable."""

import pytest

from connectors.redaction import bare_url, redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abcdef123456", "Authorization: ***"),
        ("{'Authorization': 'Basic YWJjOmRlZg=='}", "{'Authorization': ***}"),
        ("Cookie: JSESSIONID=1; other=2", "Cookie: ***; other=2"),
        ("PRIVATE-TOKEN: glpat-1", "PRIVATE-TOKEN: ***"),
        ("https://ana:pw@host/x", "https://***@host/x"),
        ("GET /x?access_token=abc&page=2", "GET /x?access_token=***&page=2"),
        ("sent bearer abcdefghijk to it", "sent bearer *** to it"),
        ("a basic example and a token of thanks", "a basic example and a token of thanks"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_known_secrets_are_masked_anywhere() -> None:
    assert redact("x=hunter22&y", ["hunter22"]) == "x=***&y"


def test_short_values_would_hide_harmless_text() -> None:
    assert redact("the cat sat", ["cat"]) == "the cat sat"


def test_an_address_is_shown_without_its_query_and_user() -> None:
    assert bare_url("https://ana:pw@host:8443/a/b?token=1#f") == "https://host:8443/a/b"
