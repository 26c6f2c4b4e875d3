"""The streams of Jira: static data."""

from connectors.contract import Deletions, Mode, Order, StreamSpec

_BROWSE = ("Browse projects",)

STREAMS: tuple[StreamSpec, ...] = (
    StreamSpec(
        name="fields",
        scope_kind="site",
        mode=Mode.SNAPSHOT,
        deletions=Deletions.BY_FULL_LISTING,
        feeds=("field",),
        requests_per_item=0.0,
    ),
    StreamSpec(
        name="statuses",
        scope_kind="site",
        mode=Mode.SNAPSHOT,
        deletions=Deletions.BY_FULL_LISTING,
        feeds=("status",),
        requests_per_item=1.0,
    ),
    StreamSpec(
        name="projects",
        scope_kind="site",
        mode=Mode.SNAPSHOT,
        feeds=("scope",),
        permissions=_BROWSE,
        requests_per_item=0.0,
    ),
    StreamSpec(
        name="boards",
        scope_kind="site",
        mode=Mode.SNAPSHOT,
        feeds=("scope",),
        after=("projects",),
        optional=True,
        requests_per_item=0.0,
    ),
    StreamSpec(
        name="versions",
        scope_kind="project",
        mode=Mode.SNAPSHOT,
        deletions=Deletions.BY_FULL_LISTING,
        feeds=("version",),
        permissions=_BROWSE,
        requests_per_item=1.0,
    ),
    StreamSpec(
        name="issues",
        scope_kind="project",
        mode=Mode.INCREMENTAL,
        order=Order.UNORDERED,
        deletions=Deletions.BY_FULL_LISTING,
        feeds=("work_item", "account", "link"),
        after=("versions",),
        permissions=_BROWSE,
        requests_per_item=1.0,
    ),
    StreamSpec(
        name="changelogs",
        scope_kind="project",
        mode=Mode.FOLLOW_UP,
        feeds=("history", "account"),
        batch=1000,
        of="issues",
        permissions=_BROWSE,
        requests_per_item=2.0,
    ),
    StreamSpec(
        name="census",
        scope_kind="project",
        mode=Mode.CENSUS,
        deletions=Deletions.BY_FULL_LISTING,
        of="issues",
        permissions=_BROWSE,
        requests_per_item=2.0,
    ),
    StreamSpec(
        name="sprints",
        scope_kind="board",
        mode=Mode.SNAPSHOT,
        deletions=Deletions.BY_FULL_LISTING,
        feeds=("sprint",),
        optional=True,
        requests_per_item=1.0,
    ),
)

#: One request per changed item: read only where it is asked for.
REMOTE_LINKS = StreamSpec(
    name="remote_links",
    scope_kind="project",
    mode=Mode.FOLLOW_UP,
    feeds=("link",),
    after=("changelogs",),
    batch=100,
    of="issues",
    permissions=_BROWSE,
    requests_per_item=1.0,
    optional=True,
)
