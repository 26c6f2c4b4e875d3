"""Where the time of a change goes: coding, pickup, review, deploy; pure (drift-spec 4).

First commit -> created -> first review by somebody else -> merged -> first production deployment
that contains it. All durations are elapsed days of 24 hours. A stage of which one end is not known,
or whose ends are in the wrong order, has no length: commit dates are what a laptop's clock said.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.flow.spread import Spread, spread

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moments:
    """What is known of one change that landed; instants in UTC."""

    merged_at: datetime
    created_at: datetime | None = None
    #: when its oldest commit was written.
    first_commit_at: datetime | None = None
    #: the first review by a person who is not its author; None: none is known.
    first_review_at: datetime | None = None
    #: the first production deployment that holds it; None: none is known.
    deployed_at: datetime | None = None
    #: whether its reviews were read: without, no review is no absence of one.
    reviews_read: bool = True


@dataclass(frozen=True, slots=True)
class Split:
    """Days of each stage of one change; None: not known."""

    coding: float | None
    pickup: float | None
    review: float | None
    deploy: float | None
    #: from the first commit to the merge, and to production.
    to_merge: float | None
    to_production: float | None


@dataclass(frozen=True, slots=True)
class Stages:
    """The same over many changes; None: of none of them known."""

    changes: int
    coding: Spread | None
    pickup: Spread | None
    review: Spread | None
    deploy: Spread | None
    to_merge: Spread | None
    to_production: Spread | None
    #: changes that merged without a review by somebody else, and those whose reviews were not read.
    unreviewed: int
    reviews_unknown: int


def split(one: Moments) -> Split:
    """The stages of one change. A review after the merge held nothing up."""
    review = one.first_review_at
    if review is not None and review > one.merged_at:
        review = None
    return Split(
        coding=_days(one.first_commit_at, one.created_at),
        pickup=_days(one.created_at, review),
        review=_days(review, one.merged_at),
        deploy=_days(one.merged_at, one.deployed_at),
        to_merge=_days(one.first_commit_at, one.merged_at),
        to_production=_days(one.first_commit_at, one.deployed_at),
    )


def stages(changes: Iterable[Moments]) -> Stages:
    """Medians and 85th percentiles of each stage, over the changes in which it is known."""
    held = list(changes)
    splits = [split(one) for one in held]
    before = [
        one.first_review_at is not None and one.first_review_at <= one.merged_at for one in held
    ]

    def over(name: str) -> Spread | None:
        values = (getattr(one, name) for one in splits)
        return spread(value for value in values if value is not None)

    return Stages(
        changes=len(held),
        coding=over("coding"),
        pickup=over("pickup"),
        review=over("review"),
        deploy=over("deploy"),
        to_merge=over("to_merge"),
        to_production=over("to_production"),
        unreviewed=sum(one.reviews_read and not had for one, had in zip(held, before, strict=True)),
        reviews_unknown=sum(
            not one.reviews_read and not had for one, had in zip(held, before, strict=True)
        ),
    )


def _days(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None or end < start:
        return None
    return (end - start) / DAY
