"""Small listings that are read whole in each run."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from connectors.contract import (
    FeatureOff,
    NotAllowed,
    NotFound,
    Page,
    RawRecord,
    ScopeRef,
    Window,
)
from connectors.gitlab.changed import FetchOf, Part, record
from connectors.gitlab.paging import listing
from connectors.gitlab.site import API, Site, is_off
from connectors.instants import instant
from connectors.moving_window import Bounds, walk
from connectors.rows import objects

#: States of an issue, which no request tells, and the labels that stand for statuses.
_STATES = ("opened", "closed", "locked", "labels")
#: What is kept of a project: nothing that moves with every visit, and no token.
_PROJECT = (
    "id",
    "name",
    "path_with_namespace",
    "visibility",
    "archived",
    "empty_repo",
    "default_branch",
    "web_url",
    "created_at",
    "merge_method",
    "squash_option",
    "only_allow_merge_if_pipeline_succeeds",
    "issues_access_level",
    "merge_requests_access_level",
    "builds_access_level",
    "repository_access_level",
    "releases_access_level",
    "environments_access_level",
)
#: Deployments are listed as far back as anybody asks what runs where.
DEPLOYMENTS_BACK = timedelta(days=90)


def statuses(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """The states that an issue may have, without a request."""
    rows = [{"id": one, "name": one} for one in _STATES]
    yield _whole("statuses", [(one["id"], one) for one in rows])


def projects(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """The projects that were resolved; a project as the server shows it holds secrets."""
    found = site.project_list().items()
    yield _whole("projects", [(id_, _named(one, _PROJECT)) for id_, one in found])


def milestones(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Milestones of the project and of all groups above it, in every state."""
    if is_off(site.project(scope), "merge_requests"):
        site.need(scope, "issues")
    query: dict[str, Any] = {}
    if site.options.group_milestones:
        newer = site.version >= (16, 7) or site.version == (0, 0)
        query["include_ancestors" if newer else "include_parent_milestones"] = "true"
    rows = listing(site.transport, f"{API}/projects/{scope.source_id}/milestones", query)
    yield _whole("milestones", [_as_told(one) for one in rows])


def iterations(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Iterations of the groups above the project, where the server's edition has them."""
    if site.paid is False:
        raise FeatureOff("iterations are not a part of this server's edition", where=scope.key)
    path = f"{API}/projects/{scope.source_id}/iterations"
    try:
        rows = list(listing(site.transport, path, {"include_ancestors": "true"}))
    except (NotAllowed, NotFound) as error:
        raise FeatureOff(f"iterations cannot be read: {error.what}", where=path) from error
    yield _whole("iterations", [_as_told(one) for one in rows])


def releases(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Tags, each with its release where there is one."""
    site.need(scope, "repository")
    path = f"{API}/projects/{scope.source_id}"
    if site.project(scope).get("empty_repo") is True:
        yield _whole("releases", [])
        return
    listed = list(listing(site.transport, f"{path}/repository/tags"))
    tags = {str(one["name"]): one for one in objects(listed, f"{path}/repository/tags", "name")}
    told: dict[str, dict[str, Any]] = {}
    if site.project(scope).get("releases_access_level") != "disabled":
        rows = listing(site.transport, f"{path}/releases")
        told = {str(one["tag_name"]): one for one in rows if one.get("tag_name")}
    found = []
    for name in sorted({*tags, *told}):
        payload = {
            "__api": "rest",
            "id": f"tag:{name}",
            "project_id": scope.source_id,
            "tag": _short(tags.get(name)),
            "release": _short(told.get(name)),
        }
        found.append((f"{scope.source_id}/tag:{name}", payload))
    yield _whole("releases", found)


def required_checks(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """What the default branch wants: whole pipelines, and checks of services outside."""
    site.need(scope, "merge_requests")
    project = site.project(scope)
    branch = project.get("default_branch")
    if not branch:
        yield _whole("required_checks", [])
        return
    outside: Any = []
    # Without this setting they are shown, and nothing waits for them.
    if project.get("only_allow_merge_if_all_status_checks_passed") is True:
        path = f"{API}/projects/{scope.source_id}/external_status_checks"
        try:
            rows = objects(list(listing(site.transport, path)), path, "id")
            outside = [_named(one, ("id", "name", "protected_branches")) for one in rows]
        except (NotAllowed, NotFound) as error:
            outside = {"unavailable": error.what}
    payload = {
        "__api": "rest",
        "project_id": scope.source_id,
        "branch": branch,
        "pipeline": project.get("only_allow_merge_if_pipeline_succeeds"),
        "outside": outside,
    }
    yield _whole("required_checks", [(f"{scope.source_id}:{branch}", payload)])


def deployments(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """Deployments that changed lately; there may be more than the farthest offset reaches."""
    site.need(scope, "environments", "builds")
    path = f"{API}/projects/{scope.source_id}/deployments"
    since = Bounds(window.run_started_at - DEPLOYMENTS_BACK)
    fetch = FetchOf(site, path, site.options.page_size)(Part(since))
    rows = {
        str(one["id"]): _deployment(scope, one)
        for piece in walk(since, "updated_at", fetch)
        for one in piece.rows
    }
    yield _whole("deployments", [_as_told(one) for one in rows.values()])


def _named(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def _as_told(row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A row by its id; a group's row is the same in the listings of all its projects."""
    return str(row["id"]), {"__api": "rest", **row}


def _deployment(scope: ScopeRef, row: dict[str, Any]) -> dict[str, Any]:
    job = row.get("deployable")
    kept = {key: value for key, value in row.items() if key not in ("deployable", "user")}
    kept["project_id"] = scope.source_id
    if isinstance(job, dict):
        kept["deployable"] = {key: job.get(key) for key in ("id", "status", "finished_at")}
    return kept


def _short(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """A tag or release without the texts and files that hang on it."""
    if row is None:
        return None
    dropped = ("description_html", "assets", "evidences", "milestones", "author")
    return {key: value for key, value in row.items() if key not in dropped}


def _whole(stream: str, rows: Sequence[tuple[str, dict[str, Any]]]) -> Page:
    records: list[RawRecord] = [
        record(stream, id_, row, instant(row.get("updated_at"))) for id_, row in rows
    ]
    return Page(tuple(records), committed=True)
