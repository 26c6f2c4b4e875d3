"""Which findings the truth of a simulated Jira holds, told without looking at how they are planted.

Written from the definitions of the detectors.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from connectors.simulator.story import Story
from connectors.simulator.world import Issue, Version, World

#: (detector, subject, rule).
Finding = tuple[str, str, str]


def findings(world: World, story: Story, due_before: Mapping[int, date | None]) -> set[Finding]:
    """What must be found in Jira now; `due_before`: the dates of versions at the first reading."""
    now = world.now
    judged = {
        one.id: one
        for one in world.versions.values()
        if f"{world.projects[one.project_id].key}:{one.name}" in story.confirmed
    }
    accepted = {
        one.id
        for one in judged.values()
        if f"{world.projects[one.project_id].key}:{one.name}" in story.accepted
    }
    blind = {
        one.subject.split(":")[1].split("/")[0]
        for one in story.planted
        if one.detector == "data.blind-spot"
    }
    found: set[Finding] = {("data.blind-spot", f"stream:{key}/versions", "") for key in blind}
    for one in judged.values():
        members = _members(world, one)
        open_ = [issue for issue in members if not issue.is_done]
        late = one.due is not None and working_days(one.due, now.date()) >= 3
        if late and not one.released and open_:
            found.add(("plan.overdue", f"version:{one.id}", ""))
        if one.due != due_before[one.id]:
            found.add(("plan.due-moved", f"version:{one.id}", ""))
        if one.id in accepted:
            found |= _scope_findings(world, one, now)
    for one in world.versions.values():
        recent = one.due is not None and (now.date() - one.due).days <= 90
        if one.released and recent and any(not i.is_done for i in _members(world, one)):
            found.add(("data.contradiction", f"version:{one.id}", "released-open"))
    return found | _item_findings(world) | _gap_findings(world, judged.values())


def _members(world: World, version: Version) -> list[Issue]:
    return [one for one in world.alive() if version.id in one.versions]


def _scope_findings(world: World, one: Version, now: datetime) -> set[Finding]:
    assert one.start is not None
    assert one.due is not None
    begin = datetime.combine(one.start, datetime.min.time(), now.tzinfo)
    ids_then = world.truth_scope("version", one.id, begin + timedelta(days=1))
    ids_now = world.truth_scope("version", one.id, now)
    then = sum(world.issues[id_].points or 0 for id_ in ids_then)
    entered = ids_now - ids_then
    added = sum(world.issues[id_].points or 0 for id_ in entered)
    out: set[Finding] = set()
    if added / then >= 0.2 and len(entered) >= 5:
        out.add(("scope.net", f"version:{one.id}", ""))
    left = ids_then - ids_now
    moved = added + sum(world.issues[id_].points or 0 for id_ in left)
    if moved / then >= 0.3 and len(entered | left) >= 5:
        out.add(("scope.churn", f"version:{one.id}", ""))
    end = datetime.combine(one.due, datetime.max.time(), now.tzinfo)
    late_from = end - (end - begin) / 4
    late = [id_ for id_ in entered if world.issues[id_].created >= late_from]
    if len(late) >= 2 and sum(world.issues[i].points or 0 for i in late) / then >= 0.05:
        out.add(("scope.late-add", f"version:{one.id}", ""))
    return out


def _item_findings(world: World) -> set[Finding]:
    out: set[Finding] = set()
    children: dict[int, list[Issue]] = {}
    for issue in world.alive():
        if issue.parent_id is not None:
            children.setdefault(issue.parent_id, []).append(issue)
    for id_, mine in children.items():
        parent, open_ = world.issues[id_], [one for one in mine if not one.is_done]
        if parent.is_done and open_:
            out.add(("data.contradiction", f"issue:{id_}", "parent-done-open-children"))
        if not parent.is_done and not open_:
            out.add(("data.contradiction", f"issue:{id_}", "children-done-parent-open"))
    for link in world.link_defs.values():
        source, target = world.issues[link.source], world.issues[link.target]
        if link.kind == "Blocks" and source.is_done and not target.is_done:
            out.add(("data.contradiction", f"issue:{target.id}", "blocked-by-done"))
    return out


def _gap_findings(world: World, judged: Iterable[Version]) -> set[Finding]:
    parents = {one.parent_id for one in world.alive()}
    open_judged = {one.project_id for one in judged if not one.released}
    out: set[Finding] = set()
    for issue in world.alive():
        if issue.category != "indeterminate" or issue.id in parents:
            continue
        unplanned = issue.project_id in open_judged and not any(
            not world.versions[id_].released for id_ in issue.versions
        )
        if issue.assignee is None or unplanned:
            out.add(("data.plan-gap", f"project:{issue.project_id}", ""))
    return out


def working_days(since: date, until: date) -> int:
    """Days of Monday to Friday after `since` up to `until`."""
    count, day = 0, since
    while day < until:
        day += timedelta(days=1)
        count += day.weekday() < 5
    return count
