"""What an honest forecast must and may say of the company's milestones, told from its truth.

Between the clear cases two honest forecasters may differ: what is said there counts neither as
found nor as false.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from connectors.simulator.story import Planted
from connectors.simulator.story_milestones import subject
from connectors.simulator.world import World

#: The pace that counts, weeks; and completions below which nobody can forecast.
_WEEKS, _LEAST = 8, 5
#: Needed pace by seen pace from which the date is surely lost, and below which it surely holds.
_LOST, _HELD = 3.0, 0.4
#: Nothing has happened for longer than this: it may be called silent.
_QUIET = timedelta(days=14)
#: Arrivals of five weeks that may be called growth.
_ARRIVALS = 3
#: Items done in this time tell what is usual of their type, and from which share on it is.
_LATELY, _NEARLY_ALL = timedelta(days=90), 0.9
_KEY = re.compile(r"[A-Z][A-Z0-9]+-\d+")


@dataclass(frozen=True, slots=True)
class _Work:
    """A judged milestone and its items as (created, done) in UTC."""

    subject: str
    due: date | None
    items: Sequence[tuple[datetime, datetime | None]]
    #: when anything happened to one of them last.
    moved: datetime | None = None


def outlook(world: World, judged: Iterable[str]) -> tuple[list[Planted], list[Planted]]:
    """What must be said of these milestones (as a person names them) now, and what may be."""
    names = set(judged)
    must: list[Planted] = []
    may: list[Planted] = []
    for work in (*_versions(world, names), *_milestones(world, names)):
        done = [at for _, at in work.items if at is not None]
        open_ = len(work.items) - len(done)
        if not open_:
            continue
        arrived = sum(created > world.now - timedelta(weeks=5) for created, _ in work.items)
        if arrived >= _ARRIVALS:
            may.append(Planted("plan.diverging", work.subject))
        if work.moved is not None and world.now - work.moved > _QUIET:
            may.append(Planted("plan.overdue", work.subject, "silent"))
        if work.due is None:
            continue
        may.append(Planted("plan.forecast-shift", work.subject))
        may.append(Planted("plan.forecast-shift", work.subject, "earlier"))
        late = Planted("plan.forecast-late", work.subject, note="far more is left than is done")
        recent = sum(at > world.now - timedelta(weeks=_WEEKS) for at in done)
        seen = max(recent, 1) / _WEEKS
        left = (work.due - world.now.date()).days / 7
        if len(done) < _LEAST:
            # What others of its project did may be history enough.
            may.append(late)
        elif left > 0 and open_ / left >= _LOST * seen:
            must.append(late)
        elif -1 < left <= 0 or (left > 0 and open_ / left > _HELD * seen):
            may.append(late)
    return must, may


def branches(world: World) -> list[Planted]:
    """What may be said of the branch of a repository, by what truly ran on what landed.

    That it is red, where the last word of some test is a failure; that it is tested late, where
    something landed without a word. When it counts, and for how long it must last, two may differ
    on.
    """
    code = world.code
    found = []
    for repo in code.repositories.values():
        results: dict[str, dict[str, str]] = {}
        for run in code.ci.runs_in(repo):
            for job in run.last.jobs:
                # Green without a test says nothing, where the host tells so.
                empty = job.tests is not None and job.tests.total <= job.tests.skipped
                if empty and repo.host == "gitlab":
                    continue
                if not job.allow_failure and job.conclusion in ("success", "failure"):
                    results.setdefault(run.sha, {})[job.name] = job.conclusion
        landed = [
            one
            for one in code.changes_in(repo)
            if one.merged_at is not None and one.base_branch == repo.default_branch
        ]
        last: dict[str, str] = {}
        for change in sorted(landed, key=lambda one: one.merged_at or world.now):
            last |= results.get(change.landed_sha or "", {})
        subject = f"repository:{repo.id}"
        if "failure" in last.values():
            found.append(Planted("test.trunk-red", subject))
        if any(one.landed_sha not in results for one in landed):
            found.append(Planted("test.stale", subject))
    return found


def unnamed(world: World) -> list[Planted]:
    """What may be said of projects in which items are done that no change names.

    It counts where nearly all of their type have one; from which share on, two may differ on.
    """
    changes = world.code.changes.values()
    named = {key for one in changes for key in _KEY.findall(f"{one.title} {one.head_branch}")}
    parents = {issue.parent_id for issue in world.alive()}
    kinds: dict[tuple[int, str], list[bool]] = {}
    for issue in world.alive():
        lately = issue.resolved is not None and world.now - issue.resolved < _LATELY
        if issue.is_done and lately and issue.id not in parents:
            kinds.setdefault((issue.project_id, issue.type), []).append(issue.key in named)
    projects = {
        project
        for (project, _), held in kinds.items()
        if _NEARLY_ALL * len(held) <= sum(held) < len(held)
    }
    return [
        Planted("data.contradiction", f"project:{one}", "done-no-change")
        for one in sorted(projects)
    ]


def _versions(world: World, names: set[str]) -> Iterable[_Work]:
    for one in world.versions.values():
        if f"{world.projects[one.project_id].key}:{one.name}" in names and not one.released:
            members = [issue for issue in world.alive() if one.id in issue.versions]
            parents = {issue.parent_id for issue in members}
            yield _Work(
                f"version:{one.id}",
                one.due,
                [
                    (issue.created, issue.resolved if issue.is_done else None)
                    for issue in members
                    if issue.id not in parents
                ],
                max((issue.updated for issue in members), default=None),
            )


def _milestones(world: World, names: set[str]) -> Iterable[_Work]:
    for one in world.code.milestones.values():
        repo = world.code.repositories.get(one.repo_id or 0)
        if repo is None or f"{repo.path}:{one.title}" not in names or not one.is_open:
            continue
        members = [
            issue
            for issue in world.code.issues.values()
            if issue.milestone_id == one.id and not issue.deleted
        ]
        yield _Work(
            subject(repo, one),
            one.due,
            [
                (issue.created, issue.closed if issue.state == "closed" else None)
                for issue in members
            ],
            max((issue.updated for issue in members), default=None),
        )
