"""Data that honest programs do not write and vendors hold all the same, with what is right to keep.

Texts with U+0000 and halves of surrogate pairs, dates of the years 0 and 51502, people who are
gone, bodies of megabytes: each stands in an item or plan that stays whole beside it.
"""

import random
from dataclasses import dataclass
from datetime import date
from typing import Any

from connectors.simulator.code_things import FileEdit, Host
from connectors.simulator.edit_dice import System
from connectors.simulator.odd import OddDate, OddInstant
from connectors.simulator.world import World

#: What is typed -> what may be kept of it: no control character, `?` for half of a pair.
TEXTS = {
    "Null \x00 inside": "Null  inside",
    "Half \ud83d of a pair": "Half ? of a pair",
    "\udc00\x00\x1b[31mAll of it": "?[31mAll of it",
}
#: Dates that no calendar of ours holds: the year 0, year 51502, and a day that never was.
DATES = ("0000-01-01", "51502-03-02", "2026-02-30")
MEGABYTES = 5


@dataclass(frozen=True, slots=True)
class Planted:
    """One thing that was planted, and what a store must hold of it."""

    system: System
    #: `work_item`, `change_request` or `milestone`.
    table: str
    #: of an item: its id; of a plan: its name.
    id: str
    #: a column, and what it must hold.
    column: str
    expected: Any
    #: what has to be told as a value that could not be read.
    told: str | None = None


def hostile_values(world: World, rng: random.Random) -> list[Planted]:
    """Plant hostile data in every system that the world has; at the world's present."""
    with world.lock:
        found = _jira(world, rng) if world.projects else []
        for host in ("github", "gitlab"):
            if world.code.hosted(host):
                found += _host(world, rng, host)
        return found


def _jira(world: World, rng: random.Random) -> list[Planted]:
    """Five issues, a version for each date, a sprint, and a person of no good name."""
    found: list[Planted] = []
    held = [one for one in world.alive() if not one.restricted and one.type != "Sub-task"]
    issues = rng.sample(sorted(held, key=lambda one: one.id), len(TEXTS) + 2)
    for issue, (typed, kept) in zip(issues, TEXTS.items(), strict=False):
        world.rename(issue, typed)
        # Its history holds the text twice then, and an author whom nobody knows.
        world.relabel(issue, [typed.replace(" ", "")])
        issue.history[-1].author = None
        found.append(Planted("jira", "work_item", str(issue.id), "title", kept))
    large, nobody = issues[-2:]
    world.describe(large, "word " * (MEGABYTES * 2**20 // 5))
    typed = "0000-00-00T00:00:00.000+0000"
    large.created = OddInstant.told("0000-00-00T00:00:00.000+00:00", large.created)
    found.append(Planted("jira", "work_item", str(large.id), "created_at", None, typed))
    found.append(Planted("jira", "work_item", str(large.id), "title", large.summary))
    nobody.reporter = None
    world.assign(nobody, None)
    for column in ("reporter_id", "assignee_id"):
        found.append(Planted("jira", "work_item", str(nobody.id), column, None))
    for issue, typed in zip(issues, DATES, strict=False):
        world.set_due(issue, OddDate.told(typed, world.now.date()))
        id_ = str(issue.id)
        found.append(Planted("jira", "work_item", id_, "due_date", None, typed))
    project = world.projects[issues[0].project_id]
    for number, typed in enumerate(DATES):
        version = world.add_version(project, f"Odd {number}", date(2026, 1, 1))
        version.due = OddDate.told(typed, date(2026, 5, 1))
        found.append(Planted("jira", "milestone", version.name, "due_date", None, typed))
        found.append(Planted("jira", "milestone", version.name, "start_date", version.start))
    for sprint in world.sprints.values():
        if sprint.state == "active" and sprint.end is not None:
            typed = "51502-03-02T08:00:00.000Z"
            sprint.end = OddInstant.told(typed, sprint.end)
            found.append(Planted("jira", "milestone", sprint.name, "planned_end_at", None, typed))
    rng.choice([one for one in world.people.values() if not one.bot]).name = "Mo \x00\udfff"
    return found


def _host(world: World, rng: random.Random, host: Host) -> list[Planted]:
    """Issues, changes and milestones, with authors who are gone."""
    code, found = world.code, list[Planted]()
    repo = rng.choice(code.hosted(host))
    for typed, kept in TEXTS.items():
        issue = code.create_issue(repo, typed, author=None, labels=[typed[:20]])
        code.retitle(issue, f"{typed}!", by=None)
        code.close(issue, by=None)
        found.append(Planted(host, "work_item", str(issue.id), "title", f"{kept}!"))
        found.append(Planted(host, "work_item", str(issue.id), "reporter_id", None))
    change = code.open_change(
        repo,
        f"Change {next(iter(TEXTS))}",
        f"odd-{rng.randrange(10**6)}",
        [(f"Commit {typed}", (FileEdit("src/app.py"),)) for typed in TEXTS],
        author=None,
    )
    said = f"Change {next(iter(TEXTS.values()))}"
    found.append(Planted(host, "change_request", str(change.id), "title", said))
    found.append(Planted(host, "change_request", str(change.id), "author_id", None))
    body = "word " * (MEGABYTES * 2**20 // 5)
    large = code.create_issue(repo, "Large", author=None, body=body)
    found.append(Planted(host, "work_item", str(large.id), "title", "Large"))
    for number, typed in enumerate(DATES):
        milestone = code.add_milestone(
            repo,
            f"Odd {number}",
            start=date(2026, 1, 1) if host == "gitlab" else None,
            due=OddDate.told(typed, date(2026, 5, 1)),
        )
        code.plan(large, milestone)
        told = f"{typed}T08:00:00Z" if host == "github" else typed
        found.append(Planted(host, "milestone", milestone.title, "due_date", None, told))
    return found
