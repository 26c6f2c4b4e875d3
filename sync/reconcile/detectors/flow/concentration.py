"""Much rests on one person: reviews, changes, or what is known of a milestone's files."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync.flow.concentration import FEW_PEOPLE, Spread, authors, spread, truck_factor
from sync.reconcile import changes, flow_people
from sync.reconcile.changes import Pair
from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    Found,
    NotChecked,
    Severity,
    Voice,
    Words,
)
from sync.reconcile.view import Plan, View
from sync.reconcile.words import about_percent, count

ID = "flow.concentration"

_HIDDEN = f"fewer than {FEW_PEOPLE} people work there, so nothing is told of them"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Repositories in which one person carries most reviews or changes, and milestones with one.

    Off unless somebody asks for it; never told of fewer than three people, and never as a rank.
    """
    for repository, mine in flow_people.acts(view, days=thresholds["days"]).items():
        told = {"reviewer": spread(mine.reviews), "author": spread(mine.landed)}
        many = {
            rule: one
            for rule, one in told.items()
            if one is not None
            and one.events >= thresholds["least_events"]
            and one.share >= thresholds["share"] * _open_at(view, repository, rule, thresholds)
        }
        if many and mine.people < FEW_PEOPLE:
            yield NotChecked(f"repository:{repository[1]}", _HIDDEN, repository[0])
            continue
        for rule, one in many.items():
            yield _in_repository(view, repository, rule, one, thresholds)
    plans = view.plans(one for one in view.judged if one.state.is_open)
    told_of = flow_people.touched(
        view, plans, days=thresholds["history_days"], most=thresholds["most_changes"]
    )
    for place, touches in told_of.items():
        known = authors(touches)
        if len(known) < thresholds["least_files"]:
            continue
        without = truck_factor(known)
        if len(without) != 1:
            continue
        if len({one.author for one in touches}) < FEW_PEOPLE:
            yield NotChecked(plans[place].facts.subject, _HIDDEN, plans[place].facts.connection_id)
            continue
        yield _in_milestone(view, plans[place], known, without[0], touches[0].path, thresholds)


def _open_at(view: View, repository: Pair, rule: str, thresholds: Mapping[str, Any]) -> float:
    """Share of the limit from which it is told: an open finding closes later than it opened."""
    held = view.was_open(ID, repository[0], f"repository:{repository[1]}", rule)
    return float(thresholds["close_at"]) if held else 1.0


def _called(view: View, account: Pair, thresholds: Mapping[str, Any]) -> str:
    if not thresholds["name_people"]:
        return "one person"
    return flow_people.names(view, [account]).get(account, "one person")


def _in_repository(
    view: View, repository: Pair, rule: str, one: Spread, thresholds: Mapping[str, Any]
) -> Found:
    path = changes.path(view, repository)
    what = "reviews" if rule == "reviewer" else "landed changes"
    who = _called(view, (repository[0], one.top), thresholds)
    share = about_percent(one.share)
    return Found(
        subject=f"repository:{repository[1]}",
        severity=Severity.MEDIUM,
        magnitude=one.share,
        values={
            "where": path,
            "title": f"{share} of the {what} rest on {who}",
            "what": (
                f"Of {count(one.events, what.removesuffix('s'), what)} in {path} in the last "
                f"{count(round(thresholds['days']), 'day')}, {share} are by {who}. A second pair "
                "of hands would spread the risk."
            ),
            "so_what": (
                f"When {who if thresholds['name_people'] else 'that person'} is away, work in "
                f"{path} waits."
            ),
            "remedy": (
                "Let others review first, and ask for a second opinion."
                if rule == "reviewer"
                else "Hand a part of the next work to somebody else, and look at it together."
            ),
            "owner": f"whoever answers for {path}",
        },
        evidence=(
            Evidence(
                f"{path}: {count(one.events, what.removesuffix('s'), what)}, {share} by {who}, "
                f"concentration {one.hhi:.2f} of 1",
                source=f"repository:{repository[1]}",
            ),
        ),
        connection_id=repository[0],
        rule=rule,
    )


def _in_milestone(
    view: View,
    plan: Plan,
    known: Mapping[str, frozenset[str]],
    account: str,
    path: str,
    thresholds: Mapping[str, Any],
) -> Found:
    facts = plan.facts
    # Files are told apart by connection: the account is of that one.
    who = _called(view, (int(path.partition("/")[0]), account), thresholds)
    alone = sum(mine == {account} for mine in known.values())
    return Found(
        subject=facts.subject,
        severity=Severity.MEDIUM,
        magnitude=alone / len(known),
        values={
            "where": facts.name,
            "title": f"more than half of its files are known to {who} only",
            "what": (
                f"{facts.name} touches {count(len(known), 'file')}. By what landed in them, nobody "
                f"but {who} knows {alone} of them."
            ),
            "so_what": "Without that one person, most of this work would have to be learned anew.",
            "remedy": "Let somebody else take the next change in these files, and pair on it.",
            "owner": f"the owner of {facts.name}",
        },
        evidence=(
            Evidence(
                f"{facts.name}: {alone} of {count(len(known), 'file')} are known to {who} only",
                facts.url,
                source=facts.subject,
            ),
        ),
        connection_id=facts.connection_id,
        rule="truck-factor",
        milestone=(facts.kind, facts.source_id),
    )


DETECTOR = Detector(
    id=ID,
    name="Much rests on one person",
    family="flow",
    needs={
        "github": ("changes", "change_details"),
        "gitlab": ("changes", "change_details"),
        "jira": ("issues", "changelogs"),
    },
    words=Words(
        title="{where}: {title}",
        what="{what}",
        so_what="{so_what}",
        who="{owner}",
        by_when="within the next month",
        remedy="{remedy}",
        executive=Voice(
            what="Work in {where} depends on very few people.",
            remedy="Ask who could stand in, and give them time to learn.",
        ),
        engineer=Voice(remedy="{remedy}"),
    ),
    channel=Channel.OFF,
    defaults={
        "share": 0.6,
        "least_events": 20,
        "days": 90,
        "least_files": 10,
        "history_days": 365,
        "most_changes": 2000,
        "name_people": 1,
        "close_at": 0.8,
    },
    explain={
        "share": "share of reviews or landed changes of one person from which it is a finding",
        "least_events": "fewest reviews or landed changes that say something",
        "days": "how far back reviews and landed changes count, days",
        "least_files": "fewest files of a milestone that say something",
        "history_days": "how far back changes of these files count, days",
        "most_changes": "the newest landed changes of a repository that count",
        "name_people": "0: nobody is named",
        "close_at": "share of the limit below which an open finding of reviews or changes closes",
    },
    detect=detect,
    rules={
        "reviewer": "One person carries most reviews of a repository",
        "author": "One person carries most landed changes of a repository",
        "truck-factor": "Without one person, nobody knows most files of a milestone",
    },
    about="repository",
    standing=2,
)
