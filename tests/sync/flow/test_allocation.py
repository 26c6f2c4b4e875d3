"""Where the work went: every piece counts once, however many containers it is in."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.flow.allocation import NOWHERE, Share, allocation

NAMES = st.lists(st.sampled_from(["R1", "R2", "R3"]), max_size=3)
WORK = st.lists(st.tuples(NAMES, st.integers(0, 100).map(float)), max_size=20)


def test_by_hand() -> None:
    # R1: 3 + 2 / 2 = 4, R2: 2 / 2 = 1, nowhere 5.
    assert allocation([(("R1",), 3.0), (("R1", "R2"), 2.0), ((), 5.0)]) == (
        Share(NOWHERE, 5.0, 0.5),
        Share("R1", 4.0, 0.4),
        Share("R2", 1.0, 0.1),
    )
    assert allocation([]) == ()
    assert allocation([(("R1",), 0.0)]) == ()


@given(WORK)
def test_shares_are_one_together_and_nothing_is_lost(
    work: list[tuple[Sequence[str], float]],
) -> None:
    found = allocation(work)
    whole = sum(amount for _, amount in work)
    assert sum(one.amount for one in found) == pytest.approx(whole)
    if whole:
        assert sum(one.share for one in found) == pytest.approx(1.0)


@given(WORK, st.randoms())
def test_order_changes_nothing(work: list[tuple[Sequence[str], float]], random: object) -> None:
    other = list(work)
    random.shuffle(other)  # type: ignore[attr-defined]
    assert allocation(other) == allocation(work)
