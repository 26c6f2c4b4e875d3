"""Questions of `driftline forecast --what-if`: each bad one has one clear error."""

from datetime import date

import pytest

from sync.cli.forecast import _split
from sync.cli.what_if import WhatIf, read
from sync.errors import UsageError


def test_all_questions_at_once_in_one_word_or_in_several() -> None:
    asked = WhatIf(("APO-1", "APO-2"), date(2026, 5, 1), 10.0)
    assert read(["drop=APO-1,APO-2 due=2026-05-01 rate=+10%"]) == asked
    assert read(["drop=APO-1", "drop=APO-2,APO-1", "due=2026-05-01", "rate=10%"]) == asked


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("drop=", "drop= names no item"),
        ("drop=,", "drop= names no item"),
        ("due=soon", "'soon' is no date"),
        ("due=2026-02-30", "'2026-02-30' is no date"),
        ("due=20260301", "'20260301' is no date"),
        ("due=2026-03-01 due=2026-03-02", "due= stands there twice"),
        ("rate=10", "'10' is no change of a rate"),
        ("rate=+-10%", "'+-10%' is no change of a rate"),
        ("rate=-100%", "-100% is out of bounds"),
        ("rate=+999%", "+999% is out of bounds"),
        ("rate=1% rate=2%", "rate= stands there twice"),
        ("pace=2", "'pace=2' is no question"),
        ("APO-1", "'APO-1' is no question"),
    ],
)
def test_what_is_no_question(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read([text])
    assert says in str(caught.value)
    assert caught.value.exit_code == 2


def test_words_after_the_milestone_belong_to_the_question() -> None:
    assert _split(("R1", "due=2026-05-01"), ("drop=A",)) == ("R1", ("drop=A", "due=2026-05-01"))
    assert _split(("due=2026-05-01",), ("drop=A",)) == (None, ("drop=A", "due=2026-05-01"))
    with pytest.raises(UsageError, match="one word too many"):
        _split(("Release", "3.2"), ())
