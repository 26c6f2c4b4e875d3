"""Issues: the incremental walk, on Cloud by token, on Data Center by id or by offset."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

import orjson

from connectors.contract import (
    Cursor,
    Page,
    RawRecord,
    ScopeRef,
    Unavailable,
    UnexpectedAnswer,
    Window,
)
from connectors.jira.jql import conjunction, from_millis, millis, time_literal
from connectors.jira.site import Site

#: Fields that are read of every issue; custom ones are added by their type.
FIELDS = (
    "summary",
    "status",
    "issuetype",
    "priority",
    "resolution",
    "resolutiondate",
    "created",
    "updated",
    "duedate",
    "assignee",
    "reporter",
    "parent",
    "labels",
    "components",
    "fixVersions",
    "issuelinks",
    "description",
    "security",
    "timeoriginalestimate",
    "project",
)
_CUSTOM_TYPES = (
    "com.pyxis.greenhopper.jira:gh-sprint",
    "com.pyxis.greenhopper.jira:gh-epic-link",
    "com.pyxis.greenhopper.jira:jsw-story-points",
    "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team",
    "com.atlassian.teams:rm-teams-custom-field-team",
)
_ESTIMATE_NAMES = ("story points", "story point estimate")
#: Most recent items remembered in a cursor, so that one look at all projects can prove quiet.
_SEEN_LIMIT = 500
#: Data Center: issues per page after the server broke on larger ones.
_SMALL_PAGE = 10


def wanted_fields(site: Site) -> tuple[str, ...]:
    """Fields to ask for: the fixed ones, and this site's custom fields that mean something."""
    named = {one.casefold() for one in (*_ESTIMATE_NAMES, *site.options.estimate_fields)}
    custom = sorted(
        str(one["id"])
        for one in site.field_list()
        if str(one["id"]).startswith("customfield_")
        and (
            (one.get("schema") or {}).get("custom") in _CUSTOM_TYPES
            or str(one.get("name", "")).casefold() in named
            or str(one["id"]).casefold() in named
        )
    )
    return (*FIELDS, *custom)


def shape_of(fields: Sequence[str]) -> int:
    """Version of the query: another list of fields must be read anew."""
    return crc32(",".join(fields).encode()) & 0x7FFFFFFF


def read(site: Site, scope: ScopeRef, cursor: Cursor | None, window: Window) -> Iterator[Page]:
    """The issues of one project that changed since the cursor; everything without one."""
    fields = wanted_fields(site)
    walk = _Walk(site, scope, fields, cursor, window)
    if site.cloud:
        yield from walk.by_token()
    elif site.can("id_clause"):
        yield from walk.by_id()
    else:
        yield from walk.by_offset()


def unchanged(
    site: Site,
    cursors: Mapping[str, Cursor],
    scopes: Sequence[ScopeRef],
    window: Window,
) -> frozenset[str]:
    """Projects in whose window exactly the issues appear that were stored already.

    One request for all of them; an answer of more than one page proves nothing.
    """
    shape = shape_of(wanted_fields(site))
    bounds: dict[str, datetime] = {}
    for scope in scopes:
        held = cursors.get(scope.source_id, {})
        if held.get("seen") is None or held.get("shape") != shape or "since" not in held:
            continue
        bounds[scope.source_id] = _floor(from_millis(int(held["since"])) - window.overlap)
    if not bounds:
        return frozenset()
    lowest = min(bounds.values())
    jql = conjunction(
        (
            f"project in ({', '.join(sorted(bounds))})",
            f"updated >= {_literal(site, lowest)}",
        ),
        "updated DESC",
    )
    body = {"jql": jql, "fields": ["updated", "project"], "maxResults": 100}
    answer = site.transport.post(f"{site.api}/{_search(site)}", body).object()
    issues = _issues(answer)
    if site.cloud:
        if answer.get("nextPageToken") or answer.get("isLast") is False:
            return frozenset()
    elif int(answer.get("total", len(issues) + 1)) > len(issues):
        return frozenset()
    now: dict[str, dict[str, int]] = {project: {} for project in bounds}
    for issue in issues:
        record = _fields(issue)
        project = str((record.get("project") or {}).get("id"))
        updated = _updated(issue)
        if updated is None or project not in now:
            return frozenset()
        if updated >= bounds[project]:
            now[project][str(issue["id"])] = millis(updated)
    return frozenset(
        project
        for project, found in now.items()
        if found
        == {
            id_: at
            for id_, at in dict(cursors[project]["seen"]).items()
            if at >= millis(bounds[project])
        }
    )


class _Walk:
    """One walk over the issues of one project."""

    def __init__(
        self,
        site: Site,
        scope: ScopeRef,
        fields: Sequence[str],
        cursor: Cursor | None,
        window: Window,
    ) -> None:
        self.site, self.scope, self.window = site, scope, window
        self.fields = list(fields)
        self.shape = shape_of(fields)
        self.cursor: Mapping[str, Any] = cursor or {}
        if window.full or self.cursor.get("shape") != self.shape:
            self.cursor = {}
        self.progress: Mapping[str, Any] = self.cursor.get("walk") or {}
        since = self.cursor.get("since")
        self.since = None if since is None else from_millis(int(since))
        #: first loads are bounded by the horizon; later ones by the cursor.
        self.lower = None if self.since is None else _floor(self.since - window.overlap)
        if "lower" in self.progress:
            lower = self.progress["lower"]
            self.lower = None if lower is None else from_millis(int(lower))
        self.seen: dict[str, int] | None = {}
        self.recent = millis(_floor(window.run_started_at - window.overlap))
        if window.overlap > timedelta(hours=1):
            self.recent = millis(_floor(window.run_started_at - timedelta(minutes=15)))

    # --- three ways to page -----------------------------------------------------------------

    def by_token(self) -> Iterator[Page]:
        """Cloud: `search/jql`, ordered by `updated`; a broken walk restarts at its last stamp."""
        resumed = self.progress.get("updated")
        restart = None if resumed is None else _floor(from_millis(int(resumed)))
        jql = self._jql(restart, "updated ASC, id ASC")
        token: str | None = None
        used: set[str] = set()
        newest, ordered = resumed, True
        size = self.site.options.page_size
        while True:
            body: dict[str, Any] = {"jql": jql, "fields": self.fields, "maxResults": size}
            if token:
                body["nextPageToken"] = token
            answer = self.site.transport.post(f"{self.site.api}/search/jql", body).object()
            issues = _issues(answer)
            records = [self._record(issue) for issue in issues]
            for record in records:
                stamp = None if record.updated_at is None else millis(record.updated_at)
                if stamp is None or (newest is not None and stamp < newest):
                    ordered = ordered and stamp is not None and stamp >= (newest or 0)
                else:
                    newest = stamp
            token = answer.get("nextPageToken")
            if not token:
                if answer.get("isLast") is False:
                    raise UnexpectedAnswer(
                        "the server says that more follows and gives no token for it",
                        where=f"search of project {self.scope.key}",
                    )
                yield self._last(records)
                return
            if token in used:
                raise UnexpectedAnswer(
                    "the server hands out the same page token twice",
                    where=f"search of project {self.scope.key}",
                )
            used.add(token)
            # Out of order, no stamp says how far the walk came: it restarts from its beginning.
            mark = {"updated": newest} if ordered and newest is not None else None
            yield Page(tuple(records), cursor=self._progress(mark))

    def by_id(self) -> Iterator[Page]:
        """Data Center: key-set paging, `id > last`, immune to edits during the walk."""
        last = int(self.progress.get("id", 0))
        while True:
            jql = self._jql(None, "id ASC", f"id > {last}" if last else None)
            answer = self._dc_page(jql, 0)
            issues = _issues(answer)
            records = [self._record(issue) for issue in issues]
            ids = [int(issue["id"]) for issue in issues]
            if ids and min(ids) <= last:
                raise UnexpectedAnswer(
                    "the server does not honour `id >` any more",
                    where=f"search of project {self.scope.key}",
                    todo="The next run finds that out and reads by offset.",
                )
            total = _total(answer, len(issues))
            if not issues or len(issues) >= total:
                yield self._last(records)
                return
            last = max(ids)
            yield Page(tuple(records), cursor=self._progress({"id": last}), expected=total)

    def by_offset(self) -> Iterator[Page]:
        """Servers without `id >`: offset pages, then the count is checked; two walks at most."""
        jql = self._jql(None, "id ASC")
        ids: set[str] = set()
        total = 0
        for _ in range(2):
            start = 0
            while True:
                answer = self._dc_page(jql, start)
                issues = _issues(answer)
                records = [self._record(issue) for issue in issues]
                ids.update(record.source_id for record in records)
                total = _total(answer, start + len(issues))
                # A short page is no last page: only the server's own smaller cap moves the step.
                step = int(answer.get("maxResults") or 0) or len(issues)
                start += max(len(issues), min(step, self.site.options.page_size))
                if not issues or start >= total:
                    if len(ids) >= total:
                        yield self._last(records)
                        return
                    yield Page(tuple(records), expected=total)
                    break
                yield Page(tuple(records), expected=total)
        raise UnexpectedAnswer(
            f"{len(ids)} of {total} issues could be read, twice",
            where=f"search of project {self.scope.key}",
            todo="The next run tries again; what was read is stored.",
        )

    def _dc_page(self, jql: str, start: int) -> dict[str, Any]:
        """One page with histories; smaller when a monster issue breaks the server."""
        body = {
            "jql": jql,
            "fields": self.fields,
            "expand": ["changelog"],
            "startAt": start,
            "maxResults": self.site.options.page_size,
        }
        path = f"{self.site.api}/search"
        try:
            return self.site.transport.post(path, body).object()
        except Unavailable:
            if start % _SMALL_PAGE:
                raise
            body["maxResults"] = _SMALL_PAGE
            return self.site.transport.post(path, body).object()

    # --- parts ------------------------------------------------------------------------------

    def _jql(self, restart: datetime | None, order: str, extra: str | None = None) -> str:
        horizon = None
        if self.lower is None and self.window.since is not None:
            horizon = (
                f"(statusCategory != Done OR updated >= {_literal(self.site, self.window.since)})"
            )
        lower = self.lower
        if restart is not None:
            lower = restart if lower is None else max(restart, lower)
        return conjunction(
            (
                f"project = {self.scope.source_id}",
                horizon,
                None if lower is None else f"updated >= {_literal(self.site, lower)}",
                extra,
            ),
            order,
        )

    def _record(self, issue: dict[str, Any]) -> RawRecord:
        updated = _updated(issue)
        id_ = str(issue["id"])
        if self.seen is not None and updated is not None and millis(updated) >= self.recent:
            self.seen[id_] = millis(updated)
            if len(self.seen) > _SEEN_LIMIT:
                self.seen = None
        return RawRecord("issues", id_, orjson.dumps(issue), updated, self.shape)

    def _progress(self, mark: Mapping[str, Any] | None) -> Cursor | None:
        if mark is None:
            return None
        walk = {**mark, "lower": None if self.lower is None else millis(self.lower)}
        held: dict[str, Any] = {"shape": self.shape, "walk": walk}
        if self.since is not None:
            held["since"] = millis(self.since)
        return held

    def _last(self, records: Sequence[RawRecord]) -> Page:
        # A resumed walk has not seen what its first part saw: it cannot prove quiet.
        seen = None if self.progress else self.seen
        return Page(
            tuple(records),
            cursor={
                "shape": self.shape,
                "since": millis(self.window.run_started_at),
                "seen": seen,
            },
            committed=True,
        )


def _literal(site: Site, moment: datetime) -> str:
    return time_literal(moment, site.account_zone, epoch=site.can("epoch_ms_jql"))


def _search(site: Site) -> str:
    return "search/jql" if site.cloud else "search"


def _floor(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _issues(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = answer.get("issues")
    if not isinstance(found, list):
        raise UnexpectedAnswer("the answer has no list of issues", where="search")
    for one in found:
        if not isinstance(one, dict) or not str(one.get("id", "")).isdecimal():
            raise UnexpectedAnswer("the answer holds an issue without an id", where="search")
    return found


def _fields(issue: Mapping[str, Any]) -> dict[str, Any]:
    found = issue.get("fields")
    return found if isinstance(found, dict) else {}


def _total(answer: Mapping[str, Any], known: int) -> int:
    total = answer.get("total")
    return total if isinstance(total, int) and not isinstance(total, bool) else known


def _updated(issue: Mapping[str, Any]) -> datetime | None:
    value = _fields(issue).get("updated")
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if parsed.tzinfo is None else parsed.astimezone(from_millis(0).tzinfo)
