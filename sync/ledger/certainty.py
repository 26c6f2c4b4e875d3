"""Whether an item was in a container at an instant, out of it, or nobody can know; pure."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from connectors.contract import GoneReason
from mappings.vocabulary import HistoryState
from sync.ledger.timeline import ItemHistory, Stay

#: After these ends the item is in nothing, or its own history tells where it is.
_OVER = frozenset({"event", "inferred", "observed", GoneReason.DELETED.value})


class Standing(StrEnum):
    """What can be said of one item and one container at one instant."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


def standing(
    item: ItemHistory,
    at: datetime,
    *,
    created_at: datetime | None,
    history: HistoryState,
) -> Standing:
    """Where the item stood at `at` (UTC).

    Unknown is: before the first sight of a stay whose begin nobody told; between the last instant
    at which a stay was certain and the reading that no longer found it; after the item went out of
    sight without being deleted; and before every stay where its history is not whole.
    """
    if created_at is not None and at < created_at:
        return Standing.OUT
    found = _of_stays(item.stays, at)
    if found is Standing.OUT and history is not HistoryState.COMPLETE:
        return Standing.UNKNOWN if any(stay.start > at for stay in item.stays) else found
    return found


def of_change(
    stays: Sequence[Stay], at: datetime, *, created_at: datetime | None, first_seen_at: datetime
) -> Standing:
    """Where a change request stood at `at` (UTC): nobody tells what it was in before we saw it."""
    if created_at is not None and at < created_at:
        return Standing.OUT
    found = _of_stays(stays, at)
    return Standing.UNKNOWN if found is Standing.OUT and at < first_seen_at else found


def _of_stays(stays: Sequence[Stay], at: datetime) -> Standing:
    held = next((stay for stay in stays if stay.holds(at)), None)
    if held is not None:
        return Standing.UNKNOWN if held.is_vague(at) else Standing.IN
    before = [stay for stay in stays if stay.end is not None and stay.end <= at]
    if before and (before[-1].is_vague(at) or before[-1].end_cause not in _OVER):
        return Standing.UNKNOWN
    after = next((stay for stay in stays if stay.start > at), None)
    if after is None:
        return Standing.OUT
    began_unseen = after.absent_until is not None and at > after.absent_until
    return Standing.UNKNOWN if began_unseen or not after.exact else Standing.OUT
