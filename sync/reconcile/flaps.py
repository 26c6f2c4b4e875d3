"""Findings that keep coming and going: told once as such, and not each time; pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sync.reconcile.contract import Flapping

#: So often within so long: from then on a coming or going is no news.
FLIPS = 3
WINDOW = timedelta(days=14)
#: Reason of a step that is no news because of it.
FLAPS = "it keeps coming and going"


def flapping(fingerprint: str, flips: Sequence[datetime], at: datetime) -> Flapping | None:
    """Whether a finding is called so at an instant, and since when.

    `flips`: when it came back or went away, oldest first, up to `at` (UTC).
    """
    since = until = None
    for place in range(FLIPS - 1, len(flips)):
        now, first = flips[place], flips[place - FLIPS + 1]
        if now - first >= WINDOW:
            continue
        if until is None or now >= until:
            since = now
        until = first + WINDOW
    if since is None or until is None or at >= until:
        return None
    return Flapping(fingerprint, sum(1 for one in flips if at - one < WINDOW), since)


def all_flapping(flips: Mapping[str, Iterable[datetime]], at: datetime) -> tuple[Flapping, ...]:
    """All findings that are called so at an instant."""
    found = (
        flapping(key, sorted(one for one in mine if one <= at), at)
        for key, mine in sorted(flips.items())
    )
    return tuple(one for one in found if one is not None)
