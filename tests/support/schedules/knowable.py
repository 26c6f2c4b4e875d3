"""What can be known of a company now, told by the simulator's own objects, and what a store holds.

Both as plain rows by kind and id, in the same words. Written from the meaning of the tables, not
from the mappings.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from support.schedules.systems import Company

from connectors.simulator.code_things import HostIssue, Repository
from connectors.simulator.world import PRIORITIES, STATUS_BY_ID, Issue
from sync.store.open import Store

#: kind of thing -> its immutable id -> what is so of it.
Rows = Mapping[str, Mapping[str, tuple[Any, ...]]]
#: kind of thing -> the streams whose certificates speak for it.
STREAMS = {
    "item": ("issues",),
    "history": ("issues", "changelogs", "histories"),
    "change": ("changes",),
    "version": ("versions",),
    "sprint": ("sprints",),
    "milestone": ("milestones",),
}


#: A value that some cannot see: whatever is held of it is as good.
VAGUE = "?"


def same(mine: tuple[Any, ...] | None, told: tuple[Any, ...] | None) -> bool:
    """Whether what is held equals what is known."""
    if mine is None or told is None:
        return mine is told
    return len(mine) == len(told) and all(
        b is VAGUE or a == b for a, b in zip(mine, told, strict=True)
    )


def ever_hidden(company: Company) -> frozenset[str]:
    """Ids of items that somebody was kept from seeing, or allowed to see again."""
    return frozenset(
        one.subject.partition(":")[2]
        for one in company.world.truth()
        if one.what in ("issue.hidden", "issue.shown")
    )


def unseen_keys(company: Company) -> frozenset[str]:
    """Keys, former ones too, of Jira's items that the owner of the token cannot read now."""
    world, who = company.world, company.world.credentials["owner"]
    return frozenset(
        key for key, id_ in world.by_key.items() if not world.visible(who, world.issues[id_])
    )


def known(company: Company) -> Rows:
    """What the servers tell the owner of the token, in the scopes that were configured."""
    with company.world.lock:
        return _jira(company) if company.system.kind == "jira" else _code(company)


# --- Jira -----------------------------------------------------------------------------------


def _jira(company: Company) -> Rows:
    world, who = company.world, company.world.credentials["owner"]
    there = {
        one.id: one
        for one in world.projects.values()
        if one.key in company.named and world.project_listed(who, one)
    }
    items: dict[str, tuple[Any, ...]] = {}
    histories: dict[str, tuple[Any, ...]] = {}
    hidden = ever_hidden(company)
    # Where a parent is out of sight its children name none, and no stamp of theirs tells.
    vague = {one.id for one in world.issues.values() if one.deleted or str(one.id) in hidden}
    for issue in world.alive():
        if issue.project_id in there and world.visible(who, issue):
            items[str(issue.id)] = _issue(issue, vague)
            histories[str(issue.id)] = tuple(sorted(str(one.id) for one in issue.history))
    versions = {
        str(one.id): (one.name, _day(one.start), _day(one.due), _state(one.released, one.archived))
        for one in world.versions.values()
        if one.project_id in there and not one.deleted
    }
    boards = {one.id for one in world.boards.values() if one.project_id in there}
    sprints = {
        str(one.id): (one.name, one.state)
        for one in world.sprints.values()
        if one.board_id in boards and not one.deleted
    }
    return {"item": items, "history": histories, "version": versions, "sprint": sprints}


def _issue(issue: Issue, vague: set[int]) -> tuple[Any, ...]:
    plans = [["version", str(one)] for one in issue.versions]
    plans += [["sprint", str(one)] for one in issue.sprints]
    return (
        str(issue.project_id),
        issue.key,
        issue.summary,
        STATUS_BY_ID[issue.status_id].id,
        issue.resolution,
        PRIORITIES.get(issue.priority, None),
        issue.points,
        _day(issue.due),
        # Data Center names accounts by another key, which ends alike.
        issue.assignee[-4:] if issue.assignee else None,
        VAGUE if issue.parent_id in vague else (str(issue.parent_id) if issue.parent_id else None),
        sorted(issue.labels),
        sorted(plans),
    )


def _state(released: bool, archived: bool) -> str:
    return "archived" if archived else ("released" if released else "unreleased")


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


# --- code hosts -----------------------------------------------------------------------------


def _code(company: Company) -> Rows:
    code, kind = company.world.code, company.system.kind
    who = company.world.credentials["owner"]
    repos: dict[int, Repository] = {}
    for path in company.named:
        repo = code.repository_at(kind, path)  # type: ignore[arg-type]  # the name of a host
        if repo is not None and code.visible(who, repo):
            repos[repo.id] = repo
    items: dict[str, tuple[Any, ...]] = {}
    milestones: dict[str, tuple[Any, ...]] = {}
    changes: dict[str, tuple[Any, ...]] = {}
    for repo in repos.values():
        for one in code.milestones_of(repo):
            id_ = f"{repo.id}:{one.number}" if kind == "github" else str(one.id)
            milestones[id_] = (one.title, _day(one.due), "open" if one.is_open else "closed")
        for change in code.changes_in(repo):
            changes[str(change.id)] = (
                str(repo.id),
                change.title,
                change.state,
                change.head_sha,
                change.landed_sha,
                sorted(change.labels),
            )
    for issue in code.issues.values():
        if issue.repo_id not in repos or not _stays(company, issue):
            continue
        if issue.confidential and not code.access_of(who).sees_confidential:
            continue
        items[str(issue.id)] = _host_issue(company, repos[issue.repo_id], issue)
    return {"item": items, "milestone": milestones, "change": changes}


def is_discussion(issue: HostIssue) -> bool:
    """Whether GitHub made a discussion of it: its issue stays listed and is none any more."""
    return any(one.kind == "converted" for one in issue.events)


def _stays(company: Company, issue: HostIssue) -> bool:
    """Whether its host tells of it there: GitLab keeps what was moved away, as closed."""
    if issue.transferred_to is not None:
        return company.system.kind == "gitlab"
    return not issue.deleted and not is_discussion(issue)


def _host_issue(company: Company, repo: Repository, issue: HostIssue) -> tuple[Any, ...]:
    plan = None
    if issue.milestone_id is not None:
        held = company.world.code.milestones[issue.milestone_id]
        is_github = company.system.kind == "github"
        plan = f"{repo.id}:{held.number}" if is_github else str(held.id)
    is_open = issue.state == "open" and issue.transferred_to is None
    return (
        str(repo.id),
        f"{repo.path}#{issue.number}",
        issue.title,
        "open" if is_open else "closed",
        plan,
        sorted(issue.labels),
        None if company.system.kind == "github" else issue.weight,
    )


# --- the store ------------------------------------------------------------------------------


def held(company: Company, store: Store) -> Rows:
    """What the store holds as present, in the words of `known`."""
    if company.system.kind == "jira":
        return _held_jira(store)
    return _held_code(company, store)


def gone(store: Store) -> Mapping[str, Mapping[str, str]]:
    """Kind -> id -> reason of what the store holds as gone."""
    found: dict[str, dict[str, str]] = {}
    for kind, query in (
        ("item", "SELECT source_id, gone_reason FROM work_item WHERE gone_at IS NOT NULL"),
        ("change", "SELECT source_id, gone_reason FROM change_request WHERE gone_at IS NOT NULL"),
    ):
        found[kind] = {row[0]: row[1] for row in _all(store, query)}
    for kind, id_, reason in _all(
        store, "SELECT kind, source_id, gone_reason FROM milestone WHERE gone_at IS NOT NULL"
    ):
        found.setdefault(kind, {})[id_] = reason
    return found


def _held_jira(store: Store) -> Rows:
    items = {
        row[0]: (
            *row[1:6],
            PRIORITIES.get(row[6]),
            row[7],
            str(row[8]) if row[8] else None,
            row[9][-4:] if row[9] else None,
            row[10],
            sorted(_list(row[11])),
            sorted(_list(row[12])),
        )
        for row in _all(
            store,
            "SELECT source_id, scope_id, key, title, raw_status_id, resolution, raw_priority, "
            "estimate_points, due_date, assignee_id, parent_id, labels, milestones "
            "FROM work_item WHERE gone_at IS NULL",
        )
    }
    entries: dict[str, set[str]] = {
        row[0]: set()
        for row in _all(
            store,
            "SELECT source_id FROM work_item WHERE gone_at IS NULL AND history_state = 'complete'",
        )
    }
    for id_, entry in _all(
        store, "SELECT work_item_id, source_event_id FROM field_event WHERE known_to IS NULL"
    ):
        if id_ in entries:
            entries[id_].add(entry.split(".")[0])
    histories = {id_: tuple(sorted(mine)) for id_, mine in entries.items()}
    plans = _all(
        store,
        "SELECT kind, source_id, name, start_date, due_date, raw_state FROM milestone "
        "WHERE gone_at IS NULL",
    )
    versions = {
        row[1]: (row[2], *(str(one) if one else None for one in row[3:5]), row[5])
        for row in plans
        if row[0] == "version"
    }
    sprints = {row[1]: (row[2], row[5]) for row in plans if row[0] == "sprint"}
    return {"item": items, "history": histories, "version": versions, "sprint": sprints}


def _held_code(company: Company, store: Store) -> Rows:
    items: dict[str, tuple[Any, ...]] = {}
    for row in _all(
        store,
        "SELECT source_id, scope_id, key, title, raw_status, milestones, labels, estimate_points "
        "FROM work_item WHERE gone_at IS NULL",
    ):
        plans = [id_ for kind, id_ in _list(row[5]) if kind == "milestone"]
        state = "open" if row[4] in ("open", "opened", "reopened") else "closed"
        plan = plans[0] if plans else None
        items[row[0]] = (*row[1:4], state, plan, sorted(_list(row[6])), row[7])
    changes = {
        row[0]: (*row[1:6], sorted(_list(row[6])))
        for row in _all(
            store,
            "SELECT source_id, scope_id, title, state, head_sha, landed_sha, labels "
            "FROM change_request WHERE gone_at IS NULL",
        )
    }
    milestones = {
        row[0]: (
            row[1],
            str(row[2]) if row[2] else None,
            "closed" if row[3] == "closed" else "open",
        )
        for row in _all(
            store,
            "SELECT source_id, name, due_date, raw_state FROM milestone WHERE gone_at IS NULL "
            "AND kind = 'milestone' AND scope_id NOT LIKE 'group:%'",
        )
    }
    return {"item": items, "milestone": milestones, "change": changes}


def _list(value: Any) -> list[Any]:
    found = json.loads(value) if isinstance(value, str) else value
    return list(found or ())


def _all(store: Store, query: str) -> list[Any]:
    with store.reading() as conn:
        return list(conn.execute(sa.text(query)).all())
