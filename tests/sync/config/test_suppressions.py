"""The suppressions file, and each mistake in it with its line."""

from datetime import date
from pathlib import Path

import pytest

from sync.config.suppressions import LARGEST, load
from sync.errors import ConfigError

ENTRY = """\
[[suppressions]]
detector = "data.plan-gap"
subject = "APO*"
reason = "they plan on paper"
author = "ada"
expires = 2026-03-20
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "suppressions.toml"


def test_entries_know_where_they_stand(file: Path) -> None:
    second = '\n[[suppressions]]\nfingerprint = "3f9a0c12"\nkind = "not-useful"\n'
    rest = 'reason = "ours"\nauthor = "bo"\nexpires = 2026-04-01\nticket = "APO-12"\n'
    file.write_text(ENTRY + second + rest, encoding="utf-8")
    (one, first), (other, later) = load(file)
    assert (first, later) == ("suppressions.toml:1", "suppressions.toml:8")
    assert (one.detector, one.subject, one.kind) == ("data.plan-gap", "APO*", "accept")
    assert (other.fingerprint, other.kind, other.ticket) == ("3f9a0c12", "not-useful", "APO-12")
    assert other.expires == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('author = "ada"\n', "", "suppressions.toml:1: author: is missing"),
        ("expires = 2026-03-20\n", "", "suppressions.toml:1: expires: is missing"),
        ("2026-03-20", "2026-13-20", "suppressions.toml: not valid TOML"),
        ("2026-03-20", '"soon"', "suppressions.toml:6: expires:"),
        ('"they plan on paper"', '" "', "suppressions.toml:4: reason:"),
        ("subject =", "subjct =", "suppressions.toml:3: subjct: unknown key"),
        ('subject = "APO*"\n', "", "would hold back every finding"),
        ('detector = "data.plan-gap"\n', "", "needs a fingerprint, or a detector"),
        ("detector =", 'fingerprint = "3f9a0c12"\ndetector =', "a fingerprint says it all"),
        ('detector = "data.plan-gap"', 'fingerprint = "xyz"', "hexadecimal digits"),
        ("[[suppressions]]", "[suppressions]", "suppressions.toml:1: write [[suppressions]]"),
        ("[[suppressions]]", "[[supressions]]", 'did you mean "suppressions"'),
        ("data.plan-gap", 'data.blind-spot"\nkind = "not-useful', "a blind spot is told"),
    ],
)
def test_a_mistake_is_told_with_its_line(file: Path, old: str, new: str, told: str) -> None:
    assert old in ENTRY
    file.write_text(ENTRY.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load(file)
    assert told in str(wrong.value)


def test_every_mistake_is_told_at_once(file: Path) -> None:
    file.write_text("[[suppressions]]\nfoo = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load(file)
    assert len(str(wrong.value).splitlines()) == 4


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (LARGEST + 1)])
def test_what_is_no_text_of_ours_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"suppressions\.toml: the suppressions file is"):
        load(file)
