"""The streams of GitHub: static data."""

from datetime import timedelta

from connectors.contract import Deletions, Mode, Order, StreamSpec

_METADATA = ("Metadata: read",)
_ISSUES = ("Issues: read",)
_PULLS = ("Pull requests: read", "Contents: read", "Checks: read", "Commit statuses: read")
_ACTIONS = ("Actions: read",)
#: After a change landed, checks may still finish and statuses may still come.
WATCH = timedelta(days=3)

STREAMS: tuple[StreamSpec, ...] = (
    StreamSpec(
        name="statuses",
        scope_kind="site",
        mode=Mode.SNAPSHOT,
        deletions=Deletions.BY_FULL_LISTING,
        feeds=("status",),
        requests_per_item=0.0,
    ),
    StreamSpec(
        name="repositories",
        scope_kind="site",
        mode=Mode.SNAPSHOT,
        feeds=("scope",),
        permissions=_METADATA,
        requests_per_item=0.0,
    ),
    StreamSpec(
        name="milestones",
        scope_kind="repository",
        mode=Mode.SNAPSHOT,
        deletions=Deletions.BY_FULL_LISTING,
        feeds=("milestone",),
        permissions=_ISSUES,
        requests_per_item=1.0,
    ),
    StreamSpec(
        name="issues",
        scope_kind="repository",
        mode=Mode.INCREMENTAL,
        order=Order.UNORDERED,
        deletions=Deletions.BY_FULL_LISTING,
        feeds=("work_item", "account", "link"),
        after=("milestones",),
        permissions=_ISSUES,
        requests_per_item=1.0,
    ),
    StreamSpec(
        name="histories",
        scope_kind="repository",
        mode=Mode.FOLLOW_UP,
        feeds=("history", "account", "link"),
        after=("milestones",),
        batch=100,
        of="issues",
        permissions=_ISSUES,
        requests_per_item=2.0,
    ),
    StreamSpec(
        name="census",
        scope_kind="repository",
        mode=Mode.CENSUS,
        deletions=Deletions.BY_FULL_LISTING,
        of="issues",
        permissions=_ISSUES,
        requests_per_item=2.0,
    ),
    StreamSpec(
        name="changes",
        scope_kind="repository",
        mode=Mode.INCREMENTAL,
        order=Order.DESCENDING,
        deletions=Deletions.INVISIBLE,
        feeds=("change_request", "reference", "account", "commit"),
        after=("milestones",),
        permissions=_PULLS,
        requests_per_item=1.0,
    ),
    StreamSpec(
        name="change_details",
        scope_kind="repository",
        mode=Mode.FOLLOW_UP,
        feeds=("review", "commit", "change_file", "push", "reference", "check", "account"),
        batch=100,
        of="changes",
        watch=WATCH,
        permissions=_PULLS,
        requests_per_item=10.0,
    ),
    StreamSpec(
        name="runs",
        scope_kind="repository",
        mode=Mode.INCREMENTAL,
        order=Order.DESCENDING,
        deletions=Deletions.INVISIBLE,
        feeds=("pipeline_run",),
        # A run can be started again for this long, which the listing does not tell.
        daily_overlap=timedelta(days=30),
        permissions=_ACTIONS,
        requests_per_item=1.0,
        optional=True,
    ),
    StreamSpec(
        name="jobs",
        scope_kind="repository",
        mode=Mode.FOLLOW_UP,
        feeds=("job",),
        batch=100,
        of="runs",
        permissions=_ACTIONS,
        requests_per_item=1.1,
        optional=True,
    ),
    StreamSpec(
        name="releases",
        scope_kind="repository",
        mode=Mode.SNAPSHOT,
        deletions=Deletions.BY_FULL_LISTING,
        feeds=("release",),
        permissions=("Contents: read",),
        requests_per_item=1.0,
        optional=True,
    ),
    StreamSpec(
        name="deployments",
        scope_kind="repository",
        mode=Mode.SNAPSHOT,
        deletions=Deletions.BY_FULL_LISTING,
        feeds=("deployment",),
        permissions=("Deployments: read",),
        requests_per_item=1.0,
        optional=True,
    ),
    StreamSpec(
        name="required_checks",
        scope_kind="repository",
        mode=Mode.SNAPSHOT,
        deletions=Deletions.BY_FULL_LISTING,
        feeds=("required_check",),
        permissions=("Contents: read", "Metadata: read"),
        requests_per_item=2.0,
        optional=True,
    ),
)
