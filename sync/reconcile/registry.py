"""Detectors by id: built-ins and entry points, each loaded alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from sync.errors import ConfigError
from sync.reconcile.contract import CONTRACT, Detector, Policy
from sync.reconcile.detectors.data import blind_spot, contradiction, plan_gap
from sync.reconcile.detectors.flow import aging, blocked, concentration, stalled_change, wip
from sync.reconcile.detectors.plan import (
    dependency,
    diverging,
    due_moved,
    forecast_late,
    forecast_shift,
    overdue,
)
from sync.reconcile.detectors.scope import (
    carryover,
    churn,
    criteria,
    late_add,
    net,
    reestimate,
    reopened,
    unplanned,
)
from sync.reconcile.detectors.test import (
    done_unproven,
    merged_red,
    not_tested,
    partial,
    stale,
    trunk_red,
    unreviewed,
)

GROUP = "driftline.detectors"

BUILT_IN: tuple[Detector, ...] = (
    blind_spot.DETECTOR,
    contradiction.DETECTOR,
    plan_gap.DETECTOR,
    aging.DETECTOR,
    blocked.DETECTOR,
    concentration.DETECTOR,
    stalled_change.DETECTOR,
    wip.DETECTOR,
    dependency.DETECTOR,
    diverging.DETECTOR,
    due_moved.DETECTOR,
    forecast_late.DETECTOR,
    forecast_shift.DETECTOR,
    overdue.DETECTOR,
    carryover.DETECTOR,
    churn.DETECTOR,
    criteria.DETECTOR,
    late_add.DETECTOR,
    net.DETECTOR,
    reestimate.DETECTOR,
    reopened.DETECTOR,
    unplanned.DETECTOR,
    done_unproven.DETECTOR,
    merged_red.DETECTOR,
    not_tested.DETECTOR,
    partial.DETECTOR,
    stale.DETECTOR,
    trunk_red.DETECTOR,
    unreviewed.DETECTOR,
)


@dataclass(frozen=True, slots=True)
class BrokenDetector:
    """A plugin that cannot be used, and why in one sentence; the others work."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All detectors that can be run, and those that cannot."""

    detectors: tuple[Detector, ...]
    broken: tuple[BrokenDetector, ...] = ()

    def get(self, id_: str) -> Detector | None:
        """The detector of this id."""
        return next((one for one in self.detectors if one.id == id_), None)


def catalogue(points: Iterable[EntryPoint] | None = None) -> Catalogue:
    """Built-ins and plugins (`points`: the installed ones); a plugin takes no built-in's id."""
    found = {one.id: one for one in BUILT_IN}
    broken: list[BrokenDetector] = []
    installed = entry_points(group=GROUP) if points is None else points
    for point in sorted(installed, key=lambda one: one.name):
        for one in _load(point):
            if isinstance(one, BrokenDetector):
                broken.append(one)
            elif one.id in found:
                broken.append(BrokenDetector(point.name, f"there is already a detector {one.id!r}"))
            else:
                found[one.id] = one
    return Catalogue(tuple(found[id_] for id_ in sorted(found)), tuple(broken))


def detectors() -> Mapping[str, Detector]:
    """All detectors that can be run, by id."""
    return {one.id: one for one in catalogue().detectors}


def _load(point: EntryPoint) -> list[Detector | BrokenDetector]:
    try:
        loaded = point.load()
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way; the others work
        return [BrokenDetector(point.name, f"it cannot be loaded: {type(error).__name__}: {error}")]
    offered = loaded if isinstance(loaded, (tuple, list)) else (loaded,)
    return [_checked(point.name, one) for one in offered]


def _checked(name: str, one: object) -> Detector | BrokenDetector:
    if not isinstance(one, Detector):
        return BrokenDetector(name, "it offers something that is no detector")
    if one.contract != CONTRACT:
        return BrokenDetector(
            name, f"it is made for contract {one.contract}, and this driftline speaks {CONTRACT}"
        )
    return one


def thresholds(detector: Detector, policy: Policy) -> Mapping[str, Any]:
    """The detector's thresholds under this policy.

    Raises ConfigError for a name the detector does not have or a value of another kind.
    """
    own = policy.thresholds.get(detector.id, {})
    for name, value in own.items():
        where = f'detectors."{detector.id}".{name}'
        if name not in detector.defaults:
            raise ConfigError(
                "unknown threshold", where=where, todo=_names(name, list(detector.defaults))
            )
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ConfigError("a threshold is a number", where=where)
    return {**detector.defaults, **own}


def check_policy(policy: Policy, known: Catalogue) -> None:
    """Raises ConfigError where the policy speaks of a detector or threshold that is not there."""
    ids = [one.id for one in known.detectors]
    for id_ in (*policy.thresholds, *policy.channels):
        if id_ not in ids:
            raise ConfigError("unknown detector", where=f'detectors."{id_}"', todo=_names(id_, ids))
    for one in known.detectors:
        thresholds(one, policy)


def _names(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f'Write "{close[0]}".'
    return f"Known here: {', '.join(known) or 'none'}."
