"""DORA's four keys out of deployments, changes and incidents; pure (drift-spec 4).

Which deployment an incident comes from no system tells. As Apache DevLake does, it is tied to the
newest production deployment before it: a rough rule, which every place that shows it has to say.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.flow.spread import Spread, spread

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A commit put into production; instants in UTC."""

    id: str
    #: (connection id, repository id).
    repository: tuple[int, str]
    at: datetime
    #: None: the source did not name it.
    sha: str | None
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Incident:
    """An item of type incident; instants in UTC."""

    opened_at: datetime
    #: None: it is open.
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Keys:
    """The four keys of one window. None: not known, and `unknown` says why; never 0 for that."""

    weeks: int
    #: deployment frequency: successful ones in all, and by week.
    deployments: int | None
    per_week: Spread | None
    #: attempts that the source itself calls failed; part of no rate.
    failed_attempts: int | None
    #: change lead time: elapsed days from the first commit to production.
    lead_time: Spread | None
    #: changes that landed of which that is not known.
    lead_time_unknown: int
    #: change fail rate: deployments that an incident is tied to, by all.
    with_incident: int | None
    fail_rate: float | None
    #: failed-deployment recovery: elapsed days from an incident's opening to its end.
    recovery: Spread | None
    open_incidents: int | None
    #: key -> why it is not known.
    unknown: Mapping[str, str]


def first_holding(
    deployments: Iterable[Deployment], parents: Mapping[str, Sequence[str]]
) -> dict[str, datetime]:
    """When each commit of one repository was first in production (UTC).

    `parents` by commit, as far as they are known. What the oldest deployment held may have been
    there before it, so of its commits nothing is told but of those of later ones.
    """
    found: dict[str, datetime | None] = {}
    good = [one for one in deployments if one.succeeded and one.sha is not None]
    ordered = sorted(good, key=lambda one: (one.at, one.id))
    for number, one in enumerate(ordered):
        ahead = [one.sha]
        while ahead:
            sha = ahead.pop()
            if sha is None or sha in found:
                continue
            found[sha] = one.at if number else None
            ahead += parents.get(sha, ())
    return {sha: at for sha, at in found.items() if at is not None}


def per_week(instants: Iterable[datetime], end: datetime, weeks: int) -> tuple[int, ...]:
    """How many fell into each of the weeks before `end` (UTC), oldest first."""
    counts = [0] * weeks
    for at in instants:
        back = int((end - at) // WEEK)
        if at <= end and 0 <= back < weeks:
            counts[weeks - 1 - back] += 1
    return tuple(counts)


def keys(
    deployments: Sequence[Deployment],
    lead_times: Iterable[float | None],
    incidents: Sequence[Incident],
    *,
    end: datetime,
    weeks: int,
    not_deployed: str | None = None,
    no_incidents: str | None = None,
) -> Keys:
    """The four keys of the `weeks` before `end` (UTC).

    `lead_times`: days from the first commit to production of what landed in the window. `incidents`
    opened in the window. `not_deployed`, `no_incidents`: why deployments or incidents are not
    known, if so.
    """
    start = end - weeks * WEEK
    unknown: dict[str, str] = {}
    leads = list(lead_times)
    told = [one for one in leads if one is not None]
    if not_deployed is not None:
        for name in ("deployment_frequency", "change_lead_time", "change_fail_rate"):
            unknown[name] = not_deployed
        unknown["recovery"] = no_incidents or ""
    inside = [one for one in deployments if start < one.at <= end]
    good = sorted(one.at for one in inside if one.succeeded)
    if not_deployed is None and not told:
        unknown["change_lead_time"] = "of no change is known when it came into production"
    if no_incidents is not None:
        unknown.setdefault("change_fail_rate", no_incidents)
        unknown["recovery"] = no_incidents
    elif not_deployed is None and not good:
        unknown["change_fail_rate"] = "nothing was deployed"
    tied = None
    if "change_fail_rate" not in unknown:
        tied = len(_tied(deployments, incidents, start))
    solved = [
        (one.resolved_at - one.opened_at) / DAY
        for one in incidents
        if one.resolved_at is not None and one.resolved_at >= one.opened_at
    ]
    known = not_deployed is None
    counts = per_week(good, end, weeks)
    recovery = spread(solved) if no_incidents is None else None
    if no_incidents is None and recovery is None:
        unknown["recovery"] = "no incident was resolved"
    if recovery is not None:
        unknown.pop("recovery", None)
    return Keys(
        weeks=weeks,
        deployments=len(good) if known else None,
        per_week=spread(counts) if known else None,
        failed_attempts=len(inside) - len(good) if known else None,
        lead_time=spread(told) if known else None,
        lead_time_unknown=len(leads) - len(told),
        with_incident=tied,
        fail_rate=None if tied is None else tied / len(good),
        recovery=recovery,
        open_incidents=None
        if no_incidents is not None
        else sum(one.resolved_at is None for one in incidents),
        unknown={name: why for name, why in sorted(unknown.items()) if why},
    )


def _tied(
    deployments: Iterable[Deployment], incidents: Iterable[Incident], start: datetime
) -> set[tuple[datetime, str]]:
    """Deployments since `start` that are the newest before an incident."""
    good = sorted((one.at, one.id) for one in deployments if one.succeeded)
    ats = [at for at, _ in good]
    found = set()
    for one in incidents:
        place = bisect_right(ats, one.opened_at)
        if place and ats[place - 1] > start:
            found.add(good[place - 1])
    return found
