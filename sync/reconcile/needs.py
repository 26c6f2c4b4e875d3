"""Which streams a judgement rests on where a detector does not name the connector."""

from collections.abc import Sequence

from connectors.contract import Mode, StreamSpec
from connectors.registry import UnknownConnector, get
from sync.reconcile.contract import Detector
from sync.reconcile.coverage import LISTS

#: Connectors that a detector names if it can judge what comes from them.
NAMED = frozenset({"github", "gitlab", "jira"})
#: The one of these whose streams have the names of `_BRINGS`, all of them.
_COMMON = "gitlab"
#: Stream -> what it brings, in the words of `StreamSpec.feeds`.
_BRINGS = {
    "issues": "work_item",
    "histories": "history",
    "milestones": "milestone",
    "iterations": "iteration",
}


def offered_by(kind: str) -> Sequence[StreamSpec]:
    """What a connector of others offers; nothing for one that is not installed or is broken."""
    if kind in NAMED:
        return ()
    try:
        return get(kind).streams()
    except UnknownConnector:
        return ()


def by_feeds(detector: Detector, offered: Sequence[StreamSpec]) -> tuple[str, ...] | None:
    """The streams that feed what the detector rests on elsewhere; None: it cannot judge it.

    A kind of milestone that the connector does not have is not missed.
    """
    found: dict[str, None] = {}
    for name in detector.needs.get(_COMMON, ()):
        mine = [
            spec.name
            for spec in offered
            if _BRINGS.get(name) in spec.feeds
            and spec.mode is not Mode.CENSUS
            and spec.scope_kind != "site"
        ]
        if not mine and name not in LISTS:
            return None
        found.update(dict.fromkeys(mine))
    return tuple(found) or None
