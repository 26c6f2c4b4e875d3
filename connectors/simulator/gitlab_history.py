"""What GitLab keeps of the past of an issue or merge request: typed events, and system notes."""

from collections.abc import Iterator
from typing import Any

from connectors.simulator.code_things import ChangeRequest, Comment, HostEvent, HostIssue, HostItem
from connectors.simulator.gitlab_shapes import Shapes
from connectors.simulator.gitlab_words import day, precise, user_login

Json = dict[str, Any]
_STATES = {"closed": "closed", "reopened": "reopened", "merged": "merged"}
_SIGNS = {
    "labeled": "add",
    "unlabeled": "remove",
    "milestoned": "add",
    "demilestoned": "remove",
}
#: Kind of an event -> the action of its system note.
ACTIONS = {
    "approved": "approved",
    "unapproved": "unapproved",
    "assigned": "assignee",
    "unassigned": "assignee",
    "closed": "closed",
    "drafted": "title",
    "due": "due_date",
    "merged": "merge",
    "pushed": "commit",
    "force_pushed": "commit",
    "hushed": "confidential",
    "published": "visible",
    "readied": "title",
    "renamed": "title",
    "reopened": "reopened",
    "retargeted": "branch",
    "review_requested": "reviewer",
    "referenced": "cross_reference",
}


def state_events(shapes: Shapes, item: HostItem) -> list[Json]:
    """When it was closed, reopened, merged."""
    found = [
        {
            **_event(shapes, item, one),
            "state": _STATES[one.kind],
            "source_commit": one.detail.get("commit"),
            "source_merge_request": _change(shapes, one.detail.get("change")),
        }
        for one in item.events
        if one.kind in _STATES
    ]
    if isinstance(item, HostIssue) and item.transferred_to is not None and item.state == "open":
        # Moving an open issue closes the one that stays behind.
        at = item.deleted_at or item.updated
        closed = HostEvent(item.transferred_to * 10, at, None, "")
        found.append(
            {
                **_event(shapes, item, closed),
                "state": "closed",
                "source_commit": None,
                "source_merge_request": None,
            }
        )
    return found


def label_events(shapes: Shapes, item: HostItem) -> list[Json]:
    """Which labels came and went."""
    repo = shapes.view.code.repositories[item.repo_id]
    return [
        {
            **_event(shapes, item, one),
            "label": shapes.label(repo, one.detail["name"]),
            "action": _SIGNS[one.kind],
        }
        for one in item.events
        if one.kind in ("labeled", "unlabeled")
    ]


def milestone_events(shapes: Shapes, item: HostItem) -> list[Json]:
    """Which milestones it was in; one that was deleted since is null."""
    found = []
    for one in item.events:
        if one.kind not in ("milestoned", "demilestoned"):
            continue
        held = shapes.view.code.milestones.get(one.detail["id"])
        shown = None if held is None or held.deleted else shapes.milestone(held)
        found.append(
            {
                **_event(shapes, item, one),
                "milestone": shown,
                "action": _SIGNS[one.kind],
                "state": "opened",
            }
        )
    return found


def iteration_events(shapes: Shapes, item: HostItem) -> list[Json]:
    """Which iterations it was in."""
    found = []
    for one in item.events:
        if one.kind != "iterated":
            continue
        # Each event holds one iteration: changing it is a removal and an addition.
        for number, (action, name) in enumerate((("remove", "old"), ("add", "new"))):
            held = shapes.view.code.iterations.get(one.detail[name] or 0)
            if held is not None:
                found.append(
                    {
                        **_event(shapes, item, one),
                        "id": one.id * 10 + number,
                        "iteration": shapes.iteration(held),
                        "action": action,
                    }
                )
    return found


def weight_events(shapes: Shapes, item: HostItem) -> list[Json]:
    """Which weights it was given."""
    return [
        {
            "id": one.id,
            "user": shapes.actor(one.actor),
            "created_at": precise(one.at),
            "issue_id": item.id,
            "weight": one.detail["new"],
        }
        for one in item.events
        if one.kind == "weighted"
    ]


def notes(shapes: Shapes, item: HostItem) -> list[tuple[Comment, str | None]]:
    """Comments, and system notes with their action, oldest first."""
    found: list[tuple[Comment, str | None]] = [(one, None) for one in item.comments]
    for event in item.events:
        action = ACTIONS.get(event.kind)
        if action is not None:
            body = "; ".join(_told(shapes, item, event))
            found.append((Comment(event.id, event.at, event.actor, body), action))
    return sorted(found, key=lambda pair: (pair[0].at, pair[0].id))


def _told(shapes: Shapes, item: HostItem, event: HostEvent) -> Iterator[str]:
    """What a system note says."""
    noun = "merge request" if isinstance(item, ChangeRequest) else "issue"
    detail, people = event.detail, shapes.view.people
    person = people.get(detail.get("account", ""))
    who = f"@{user_login(person) if person else 'ghost'}"
    if event.kind in ("approved", "unapproved"):
        yield f"{event.kind} this {noun}"
    elif event.kind in ("assigned", "unassigned"):
        yield f"{event.kind} {'to ' if event.kind == 'assigned' else ''}{who}"
    elif event.kind == "review_requested":
        yield f"requested review from {who}"
    elif event.kind in ("drafted", "readied"):
        yield f"marked this {noun} as **{'draft' if event.kind == 'drafted' else 'ready'}**"
    elif event.kind == "hushed":
        yield "made the issue confidential"
    elif event.kind == "published":
        yield "made the issue visible to everyone"
    elif event.kind == "due":
        new = detail["new"]
        yield "removed due date" if new is None else f"changed due date to {day(new)}"
    elif event.kind in ("pushed", "force_pushed"):
        yield f"added 1 commit\n\n* {detail['after'][:8]}"
    elif event.kind == "renamed":
        yield f"changed title from **{detail['old']}** to **{detail['new']}**"
    elif event.kind == "retargeted":
        yield f"changed target branch from `{detail['old']}` to `{detail['new']}`"
    elif event.kind == "referenced":
        change = shapes.view.code.changes.get(detail["change"])
        yield f"mentioned in merge request !{change.number if change else '?'}"
    else:
        yield event.kind


def _event(shapes: Shapes, item: HostItem, one: HostEvent) -> Json:
    return {
        "id": one.id,
        "user": shapes.actor(one.actor),
        "created_at": precise(one.at),
        "resource_type": "MergeRequest" if isinstance(item, ChangeRequest) else "Issue",
        "resource_id": item.id,
    }


def _change(shapes: Shapes, id_: Any) -> Json | None:
    held = shapes.view.code.changes.get(id_ or 0)
    return None if held is None else {"id": held.id, "iid": held.number}
