"""Timelines of GitHub's GraphQL: what happened to issues and pull requests."""

from dataclasses import dataclass
from typing import Any

from connectors.simulator.code import Item
from connectors.simulator.code_things import ChangeRequest, HostEvent, HostIssue
from connectors.simulator.github_ids import instant, node_id, parse_instant
from connectors.simulator.github_pages import Page, page
from connectors.simulator.github_scene import (
    Args,
    Scene,
    labelled,
    linked,
    person,
    reason_word,
    typed,
)
from connectors.simulator.graphql import Resolver


@dataclass(frozen=True, slots=True)
class Moment:
    """An entry of a timeline under its type's name."""

    type: str
    item: Item
    event: HostEvent


#: Types of entries by kind of event, of issues and of pull requests.
_SHARED = {
    "closed": "ClosedEvent",
    "reopened": "ReopenedEvent",
    "milestoned": "MilestonedEvent",
    "demilestoned": "DemilestonedEvent",
    "labeled": "LabeledEvent",
    "unlabeled": "UnlabeledEvent",
    "assigned": "AssignedEvent",
    "unassigned": "UnassignedEvent",
    "renamed": "RenamedTitleEvent",
    "connected": "ConnectedEvent",
    "disconnected": "DisconnectedEvent",
}
_OF_ISSUES = {
    **_SHARED,
    "transferred": "TransferredEvent",
    "converted": "ConvertedToDiscussionEvent",
    "parented": "ParentIssueAddedEvent",
    "unparented": "ParentIssueRemovedEvent",
}
_OF_CHANGES = {
    **_SHARED,
    "force_pushed": "HeadRefForcePushedEvent",
    "readied": "ReadyForReviewEvent",
    "drafted": "ConvertToDraftEvent",
    "review_requested": "ReviewRequestedEvent",
    "merged": "MergedEvent",
    "retargeted": "BaseRefChangedEvent",
    "queued": "AddedToMergeQueueEvent",
    "dequeued": "RemovedFromMergeQueueEvent",
}


def entries(scene: Scene, one: Item, args: Args) -> Page:
    """A page of the timeline of an issue or pull request."""
    names = _OF_ISSUES if isinstance(one, HostIssue) else _OF_CHANGES
    wanted = args.get("itemTypes")
    since = parse_instant(args["since"]) if args.get("since") else None
    found = []
    for event in one.events:
        type_ = _type_event(event) if event.kind == "typed" else names.get(event.kind)
        if type_ is None or (since is not None and event.at < since):
            continue
        if wanted is None or _screaming(type_) in wanted:
            found.append(Moment(type_, one, event))
    return page(found, args)


def _type_event(event: HostEvent) -> str:
    if event.detail["old"] is None:
        return "IssueTypeAddedEvent"
    return "IssueTypeRemovedEvent" if event.detail["new"] is None else "IssueTypeChangedEvent"


def _screaming(name: str) -> str:
    return "".join(f"_{c}" if c.isupper() else c.upper() for c in name).lstrip("_")


def _actor(scene: Scene, moment: Moment, _: Args) -> Any:
    return person(scene, moment.event.actor)


def _detail(name: str) -> Resolver:
    return lambda scene, moment, _: moment.event.detail.get(name)


def _closed_reason(scene: Scene, moment: Moment, _: Args) -> Any:
    return reason_word(moment.event.detail.get("reason"), True)


def _closer(scene: Scene, moment: Moment, _: Args) -> Any:
    detail = moment.event.detail
    if detail.get("change"):
        return scene.code.changes[detail["change"]]
    return scene.code.git.get(scene.repo(moment.item.repo_id), detail.get("commit"))


def _event_label(scene: Scene, moment: Moment, _: Args) -> Any:
    return labelled(moment.event.detail["id"], moment.event.detail["name"])


def _assignee(scene: Scene, moment: Moment, _: Args) -> Any:
    return person(scene, moment.event.detail["account"])


def _subject(scene: Scene, moment: Moment, _: Args) -> Any:
    detail = moment.event.detail
    if "issue" in detail:
        return scene.code.issues[detail["issue"]]
    return scene.code.changes[detail["change"]]


def _event_parent(scene: Scene, moment: Moment, _: Args) -> Any:
    return linked(scene, moment.event.detail["issue"])


def _from(scene: Scene, moment: Moment, _: Args) -> Any:
    found = scene.repo(moment.event.detail["repository"])
    return found if scene.code.visible(scene.who, found) else None


def _event_commit(name: str) -> Resolver:
    def resolve(scene: Scene, moment: Moment, _: Args) -> Any:
        repo = scene.repo(moment.item.repo_id)
        return scene.code.git.get(repo, moment.event.detail.get(name))

    return resolve


def _base_name(scene: Scene, moment: Moment, _: Args) -> Any:
    item = moment.item
    return item.base_branch if isinstance(item, ChangeRequest) else None


def _event_type(name: str) -> Resolver:
    return lambda scene, moment, _: typed(moment.event.detail[name])


_TYPE_EVENTS = ("IssueTypeAddedEvent", "IssueTypeChangedEvent", "IssueTypeRemovedEvent")


def _table() -> dict[tuple[str, str], Resolver]:
    found: dict[tuple[str, str], Resolver] = {
        ("ClosedEvent", "stateReason"): _closed_reason,
        ("ClosedEvent", "closer"): _closer,
        ("RenamedTitleEvent", "previousTitle"): _detail("old"),
        ("RenamedTitleEvent", "currentTitle"): _detail("new"),
        ("TransferredEvent", "fromRepository"): _from,
        ("HeadRefForcePushedEvent", "beforeCommit"): _event_commit("before"),
        ("HeadRefForcePushedEvent", "afterCommit"): _event_commit("after"),
        ("MergedEvent", "commit"): _event_commit("sha"),
        ("MergedEvent", "mergeRefName"): _base_name,
        ("BaseRefChangedEvent", "previousRefName"): _detail("old"),
        ("BaseRefChangedEvent", "currentRefName"): _detail("new"),
        ("RemovedFromMergeQueueEvent", "reason"): lambda *_: None,
    }
    for kind in {*_OF_ISSUES.values(), *_OF_CHANGES.values(), *_TYPE_EVENTS}:
        found[kind, "id"] = lambda _, one, __: node_id("EV", one.event.id)
        found[kind, "createdAt"] = lambda _, one, __: instant(one.event.at)
        found[kind, "actor"] = _actor
    for kind in ("MilestonedEvent", "DemilestonedEvent"):
        found[kind, "milestoneTitle"] = _detail("title")
    for kind in ("LabeledEvent", "UnlabeledEvent"):
        found[kind, "label"] = _event_label
    for kind in ("AssignedEvent", "UnassignedEvent"):
        found[kind, "assignee"] = _assignee
    for kind in ("ConnectedEvent", "DisconnectedEvent"):
        found[kind, "subject"] = _subject
    for kind in ("ParentIssueAddedEvent", "ParentIssueRemovedEvent"):
        found[kind, "parent"] = _event_parent
    for kind in _TYPE_EVENTS:
        gone = kind == "IssueTypeRemovedEvent"
        found[kind, "issueType"] = _event_type("old" if gone else "new")
        found[kind, "prevIssueType"] = _event_type("old")
    return found


RESOLVERS = _table()
