"""Small pieces of plain language that detectors share; pure."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TypeVar

from sync.ledger.load import ItemFacts
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.contract import Evidence

_T = TypeVar("_T")
#: Proofs listed one by one; the rest is counted.
LISTED = 40


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 item`, `2 items`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def verb(number: int, one: str, many: str) -> str:
    """The verb that fits the number."""
    return one if number == 1 else many


def day(value: date) -> str:
    """`3 Mar 2026`."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def day_of(at: datetime, calendar: WorkCalendar) -> str:
    """The calendar day of an instant, in the configured zone."""
    return day(calendar.local_date(at))


def about_percent(ratio: float) -> str:
    """A share in steps of five, without false precision: `about 25 %`."""
    percent = abs(ratio) * 100
    return f"about {max(5, round(percent / 5) * 5)} %"


def size(number: float) -> str:
    """A size without needless decimals."""
    return f"{number:.10g}" if abs(number) < 1e6 else f"{number:.0f}"


def item_label(item: ItemFacts) -> str:
    """What a person calls an item; a restricted one is not named."""
    return "a restricted item" if item.restricted else f"{item.key} {item.title}".strip()


def item_evidence(
    item: ItemFacts, text: str, *, at: datetime | None = None, source: str | None = None
) -> Evidence:
    """A proof about an item: its key and title, then what is the matter with it."""
    return Evidence(
        text=f"{item.key} {item.title}: {text}",
        url=item.url,
        at=at,
        source=source or f"issue:{item.id}",
        restricted=item.restricted,
    )


def capped(evidence: Sequence[Evidence], what: str = "item") -> tuple[Evidence, ...]:
    """The first proofs, and how many more there are."""
    if len(evidence) <= LISTED:
        return tuple(evidence)
    more = Evidence(text=f"and {count(len(evidence) - LISTED, f'more {what}')}")
    return (*evidence[:LISTED], more)


def capped_by(
    make: Callable[[_T], Evidence], things: Sequence[_T], what: str = "item"
) -> tuple[Evidence, ...]:
    """The proofs that are made of the first things, and how many more there are."""
    shown = [make(one) for one in things[:LISTED]]
    if len(things) > LISTED:
        shown.append(Evidence(text=f"and {count(len(things) - LISTED, f'more {what}')}"))
    return tuple(shown)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def listed(names: Sequence[str], most: int = 3) -> str:
    """`"a", "b", "c" and 2 more checks`."""
    shown = ", ".join(f'"{name}"' for name in names[:most])
    more = len(names) - most
    return shown if more <= 0 else f"{shown} and {count(more, 'more check')}"
