"""The pictures of a mail: small, opaque, the same each time, and left out without matplotlib."""

import struct
import sys
import zlib
from dataclasses import replace
from datetime import date, timedelta

import pytest
from support import reconciliations as given_

from sync.reconcile.contract import BurnUp, BurnUpPoint, Trend, TrendPoint
from sync.report import pictures
from sync.report.build import build
from sync.report.mail import compose

START = date(2026, 1, 12)
UP = BurnUp(
    "Release 3.2",
    tuple(BurnUpPoint(START + timedelta(weeks=n), 10 + n, 2 * n) for n in range(9)),
    date(2026, 3, 30),
    date(2026, 4, 13),
    date(2026, 5, 4),
    0.3,
)
TREND = Trend(
    "Release 3.2",
    (
        TrendPoint(START, promised=date(2026, 3, 16)),
        TrendPoint(date(2026, 2, 9), promised=date(2026, 3, 30), p85=date(2026, 4, 1)),
        TrendPoint(date(2026, 3, 9), date(2026, 3, 30), date(2026, 4, 13), date(2026, 5, 4)),
    ),
)
DRAW = {"burn-up": lambda: pictures.burn_up_png(UP), "trend": lambda: pictures.trend_png(TREND)}


def size(png: bytes) -> tuple[int, int]:
    return struct.unpack(">II", png[16:24])


@pytest.mark.parametrize("name", DRAW)
def test_a_picture_is_small_and_the_same_each_time(name: str) -> None:
    first, again = DRAW[name](), DRAW[name]()
    assert first is not None
    assert first == again
    assert size(first) == (960, 384)
    assert len(first) < 50_000
    assert b"Software" not in first


@pytest.mark.parametrize("name", DRAW)
def test_its_ground_is_opaque_and_light(name: str) -> None:
    png = DRAW[name]()
    assert png is not None
    data, at = b"", 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    # The first row, whatever its filter, begins with the colour itself.
    assert zlib.decompress(data)[1:5] == b"\xff\xff\xff\xff"


@pytest.mark.parametrize(
    "changes",
    [
        {"p50": None, "p85": None},
        {"due": None},
        {"p50": date(2019, 1, 1), "p85": date(2099, 1, 1)},
        {"due": date(2999, 1, 1)},
        {"points": UP.points[:1]},
        {"points": (BurnUpPoint(START, 0, 0),)},
    ],
)
def test_what_is_not_known_or_far_away_is_drawn_without(changes: dict[str, object]) -> None:
    assert pictures.burn_up_png(replace(UP, **changes)) is not None  # type: ignore[arg-type]  # ours


def test_a_trend_of_promises_alone() -> None:
    alone = tuple(replace(one, p50=None, p85=None) for one in TREND.points)
    assert pictures.trend_png(replace(TREND, points=alone)) is not None
    never = tuple(replace(one, promised=None, p50=None, p85=None) for one in TREND.points)
    assert pictures.trend_png(replace(TREND, points=never)) is not None


def test_without_matplotlib_the_mail_has_bars_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert pictures.burn_up_png(UP) is None
    assert pictures.trend_png(TREND) is None
    message = compose(build(given_.whole()), sender="a@example.com", recipient="b@example.com")
    body = message.get_body(("html",))
    assert body is not None
    html = body.get_content()
    assert "<img" not in html
    assert "12 of 19" in html
    assert 'bgcolor="#0b57a4"' in html
