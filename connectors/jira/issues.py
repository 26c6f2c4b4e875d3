"""Issues: the incremental walk, on Cloud by token, on Data Center by id or by offset."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any
from zlib import crc32

from connectors.contract import (
    Cursor,
    Page,
    RawRecord,
    ScopeRef,
    SourceError,
    UnexpectedAnswer,
    Window,
)
from connectors.instants import instant
from connectors.jira import histories, paging
from connectors.jira.jql import conjunction, from_millis, in_projects, millis, time_literal
from connectors.jira.paging import Found, Question, fields_of
from connectors.jira.site import Site
from connectors.jsonbytes import encode
from connectors.rows import table

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
_NAMES = ("story points", "story point estimate", "flagged")
#: Most recent items remembered in a cursor, so that one look at all projects can prove quiet.
_SEEN_LIMIT = 500
#: Issues that are handed on together with their histories: three pages of a search as we ask for
#: them. Who asks for smaller pages wants smaller steps.
BUNDLE = 300
#: The server's own count is not exact: a first walk may stay this far below it.
_FAR_BELOW, _FEW = 0.8, 20
#: How far behind the start of the run items are remembered in the cursor.
_SEEN_BACK = timedelta(minutes=15)


def wanted_fields(site: Site, hints: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Fields to ask for: the fixed ones, and this site's custom fields that mean something.

    `hints["estimate_fields"]` and `hints["points"]` name estimate fields beside the options; they
    are remembered for questions that come without.
    """
    if hints:
        site.estimates = tuple(
            str(one) for key in ("estimate_fields", "points") for one in hints.get(key) or ()
        )
    wanted = (*_NAMES, *site.options.estimate_fields, *site.estimates)
    named = {one.casefold() for one in wanted}
    custom = sorted(
        str(one["id"])
        for one in site.field_list()
        if str(one["id"]).startswith("customfield_")
        and (
            table(one.get("schema")).get("custom") in _CUSTOM_TYPES
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
    walk = _Walk(site, scope, wanted_fields(site, window.hints), cursor, window)
    yield from walk.by_token() if site.cloud else walk.data_center()


def unchanged(
    site: Site, cursors: Mapping[str, Cursor], scopes: Sequence[ScopeRef], window: Window
) -> frozenset[str]:
    """Projects in whose window exactly the issues appear that were stored already.

    One request for all of them; an answer of more than one page proves nothing.
    """
    shape = shape_of(wanted_fields(site, window.hints))
    bounds: dict[str, datetime] = {}
    for scope in scopes:
        held = cursors.get(scope.source_id, {})
        if held.get("seen") is None or held.get("shape") != shape or "since" not in held:
            continue
        bounds[scope.source_id] = _floor(from_millis(int(held["since"])) - _SEEN_BACK)
    if not bounds:
        return frozenset()
    keys = {scope.source_id: scope.key for scope in scopes if scope.source_id in bounds}
    since = f"updated >= {literal(site, min(bounds.values()))}"
    question = Question(
        jql=conjunction((in_projects(keys, by_id=site.cloud), since)),
        fields=("updated", "project"),
        page_size=100,
        where="search of all projects",
        project_id="",
        order="updated DESC",
    )
    page = paging.first(site, question)
    if not page.last:
        return frozenset()
    now: dict[str, dict[str, int]] = {project: {} for project in bounds}
    for issue in page.issues:
        project = str(table(fields_of(issue).get("project")).get("id"))
        updated = updated_at(issue)
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
        self.fields = tuple(fields)
        self.shape = shape_of(fields)
        held: Mapping[str, Any] = cursor or {}
        if window.full or held.get("shape") != self.shape:
            held = {}
        self.progress: Mapping[str, Any] = held.get("walk") or {}
        since = held.get("since")
        self.since = None if since is None else from_millis(int(since))
        #: the cursor with its overlap; None at a first load, which is bounded by the horizon.
        self.lower = None if self.since is None else _floor(self.since - window.overlap)
        if "lower" in self.progress:
            lower = self.progress["lower"]
            self.lower = None if lower is None else from_millis(int(lower))
        self.found = 0
        self.bundle = BUNDLE if site.options.page_size >= 100 else 1
        #: None once there are too many.
        self.seen: dict[str, int] | None = {}
        self.recent = _floor(window.run_started_at - _SEEN_BACK)

    def by_token(self) -> Iterator[Page]:
        """Cloud, ordered by `updated`: a broken walk goes on at its last stamp."""
        resumed = self.progress.get("updated")
        restart = None
        if resumed is not None:
            restart = _floor(from_millis(int(resumed))) - timedelta(minutes=1)
        newest = restart
        ordered = True
        question = self._question("updated ASC, id ASC", restart)
        records: list[RawRecord] = []
        try:
            for found in paging.by_token(self.site, question):
                self.found += len(found.issues)
                written: Iterable[bytes | None] = found.written or repeat(None)
                for issue, text in zip(found.issues, written, strict=False):
                    record = self._record(issue, text)
                    records.append(record)
                    stamp = record.updated_at
                    if stamp is None or (newest is not None and stamp < newest):
                        ordered = False
                    else:
                        newest = stamp
                if found.last:
                    self._compare(question, resumed is not None)
                    yield self._last(self._with_histories(records))
                    return
                if len(records) >= self.bundle:
                    yield Page(tuple(self._with_histories(records)), self._mark(newest, ordered))
                    records = []
        except SourceError:
            # What came before the trouble is handed on; its histories stay to be asked for.
            if records:
                yield Page(tuple(records), self._mark(newest, ordered))
            raise

    def _compare(self, question: Question, resumed: bool) -> None:
        """A first walk that brings far less than the server counts has not read the project."""
        if self.lower is not None or resumed:
            return
        try:
            counted = paging.approximate_count(self.site, question)
        except SourceError:
            # It is asked for to be safe: without it the walk stands as it is.
            return
        if counted is not None and self.found < counted * _FAR_BELOW - _FEW:
            raise UnexpectedAnswer(
                f"the search brought {self.found} issues where the server counts about {counted}",
                where=question.where,
                todo="The next run reads them again; if it stays so, its search index is behind.",
            )

    def _mark(self, newest: datetime | None, ordered: bool) -> Cursor:
        # Out of order, no stamp says how far the walk came: it restarts from its beginning.
        return self._progress({"updated": millis(newest)} if ordered and newest is not None else {})

    def _with_histories(self, records: list[RawRecord]) -> list[RawRecord]:
        """The issues and their whole histories, where one request gives those of many.

        An item whose history does not come along is asked for in the stream of histories, which
        also tells why it does not come.
        """
        ids = [record.source_id for record in records]
        found: list[RawRecord] = []
        try:
            for start in range(0, len(ids), histories.BULK_IDS):
                found += histories.in_bulk(self.site, ids[start : start + histories.BULK_IDS])
        except SourceError:
            pass
        return [*records, *found]

    def data_center(self) -> Iterator[Page]:
        """By id where the server honours that (edits cannot move a page), else by offset."""
        question = self._question("id ASC", None)
        if self.site.can("id_clause"):
            pages = paging.by_id(self.site, question, int(self.progress.get("id", 0)))
        else:
            pages = paging.by_offset(self.site, question)
        for found in pages:
            self._complete(found)
            records = [self._record(issue) for issue in found.issues]
            if found.last:
                yield self._last(records)
                return
            mark = None if found.after_id is None else {"id": found.after_id}
            cursor = None if mark is None else self._progress(mark)
            yield Page(tuple(records), cursor=cursor, expected=found.total)

    def _complete(self, found: Found) -> None:
        """Some servers leave histories out of a search without a word: one request per issue."""
        if not found.histories:
            return
        for issue in found.issues:
            if "changelog" in issue:
                continue
            try:
                alone = self.site.transport.get(
                    f"{self.site.api}/issue/{issue['key']}",
                    {"fields": "updated", "expand": "changelog"},
                ).object()
            except SourceError:
                # Its history stays pending and is asked for in its own stream.
                continue
            if str(alone.get("id")) == str(issue["id"]) and "changelog" in alone:
                issue["changelog"] = alone["changelog"]

    def _question(self, order: str, restart: datetime | None) -> Question:
        lower = self.lower
        if restart is not None:
            lower = restart if lower is None else max(restart, lower)
        key = self.scope.key
        return Question(
            jql=conjunction(
                (
                    in_projects({self.scope.source_id: key}, by_id=self.site.cloud),
                    horizon(self.site, self.window.since) if self.lower is None else None,
                    None if lower is None else f"updated >= {literal(self.site, lower)}",
                )
            ),
            fields=self.fields,
            page_size=self.site.options.page_size,
            where=f"search of project {key}",
            project_id=self.scope.source_id,
            order=order,
            histories=not self.site.cloud,
        )

    def _record(self, issue: dict[str, Any], written: bytes | None = None) -> RawRecord:
        updated = updated_at(issue)
        id_ = str(issue["id"])
        if self.seen is not None and updated is not None and updated >= self.recent:
            self.seen[id_] = millis(updated)
            if len(self.seen) > _SEEN_LIMIT:
                self.seen = None
        payload = encode(issue) if written is None else written
        return RawRecord("issues", id_, payload, updated, self.shape, issue)

    def _progress(self, mark: Mapping[str, Any]) -> Cursor:
        walk = {**mark, "lower": None if self.lower is None else millis(self.lower)}
        held: dict[str, Any] = {"shape": self.shape, "walk": walk}
        if self.since is not None:
            held["since"] = millis(self.since)
        return held

    def _last(self, records: Sequence[RawRecord]) -> Page:
        # A resumed walk has not seen what its first part saw: it cannot prove quiet.
        seen = None if self.progress else self.seen
        started = millis(self.window.run_started_at)
        return Page(
            tuple(records),
            cursor={"shape": self.shape, "since": started, "seen": seen},
            committed=True,
        )


def horizon(site: Site, since: datetime | None) -> str | None:
    """Closed work older than `since` is left out; None reads everything."""
    if since is None:
        return None
    return f"(statusCategory != Done OR updated >= {literal(site, since)})"


def literal(site: Site, moment: datetime) -> str:
    """A lower bound in the form this server reads."""
    return time_literal(moment, site.account_zone, epoch=site.can("epoch_ms_jql"))


def updated_at(issue: Mapping[str, Any]) -> datetime | None:
    """When the issue was last changed (UTC); None if the server says nothing usable."""
    return instant(fields_of(issue).get("updated"))


def _floor(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
