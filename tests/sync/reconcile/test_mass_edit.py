"""A mass edit of each system, from the server to the question: asked once, and then no more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.hosts import hosts
from support.synced import synced

from connectors.contract import Outcome
from sync.ledger import baseline
from sync.reconcile.contract import Policy, Reconciliation
from sync.reconcile.runner import reconcile
from sync.reconcile.view import calendar_of

#: (store, clock, let hours pass and read again, plan twelve items at once, delete them, line).
Played = tuple[Any, Any, Callable[[float], None], Callable[[], None], Callable[[], None], str]
DUE = date(2026, 4, 30)


@contextmanager
def jira(store_url: str) -> Iterator[Played]:
    with synced(store_url, issues=16) as at:
        world = at.bench.world
        (project,) = world.projects.values()
        version = world.add_version(project, "Big", date(2026, 3, 2), DUE)
        mine = [world.issues[id_] for id_ in world.by_project[project.id]][:12]

        def read(hours: float) -> None:
            at.later(hours=hours)
            result = at.run()
            assert result.outcome is Outcome.COMPLETE, result.problems

        def plan() -> None:
            for one in mine:
                world.add_to_version(one, version, by=next(iter(world.people)))

        def delete() -> None:
            for one in mine:
                if not one.deleted:
                    world.delete(one)

        yield at.store, at.bench.clock, read, plan, delete, f"{project.key}:Big"


@contextmanager
def host(store_url: str, kind: str) -> Iterator[Played]:
    with hosts(store_url, kinds=(kind,), repositories=1, issues=0, changes=1) as at:
        code = at.world.code
        (repo,) = code.hosted(kind)  # type: ignore[arg-type] # the name of a host
        person = next(iter(at.world.people))
        milestone = code.add_milestone(repo, "Big", due=DUE, start=date(2026, 3, 2))
        mine = [code.create_issue(repo, f"Issue {n}", author=person) for n in range(12)]

        def read(hours: float) -> None:
            at.later(hours=hours)
            result = at.run(**{kind: {}})
            assert result.outcome is Outcome.COMPLETE, result.problems

        def plan() -> None:
            for one in mine:
                code.plan(one, milestone, by=person)

        def delete() -> None:
            for one in mine:
                code.delete_issue(one)

        yield at.store, at.clock, read, plan, delete, f"{repo.path}:Big"


@pytest.mark.full
@pytest.mark.parametrize("system", ["jira", "github", "gitlab"])
def test_twelve_items_planned_or_deleted_at_once_are_one_question(
    tmp_path: Path, system: str
) -> None:
    url = str(tmp_path / "store.db")
    with jira(url) if system == "jira" else host(url, system) as played:
        store, clock, read, plan, delete, line = played
        policy = Policy(judge=(line,))

        def judge() -> Reconciliation:
            return reconcile(store, policy, clock=clock)

        def asked(found: Reconciliation) -> list[str]:
            return [one.text for one in found.questions if "Was that meant?" in one.text]

        def agree() -> None:
            clock.sleep(60)
            calendar = calendar_of(policy)
            baseline.accept(store, calendar, clock=clock, milestone=line, author="tpm")
            clock.sleep(60)

        read(0)
        assert asked(judge()) == []
        agree()
        read(24 * 7)
        plan()
        read(1)
        (question,) = asked(judge())
        assert question.startswith("12 items of Big changed in one go.")
        (held,) = judge().milestones
        assert held.withheld is not None
        assert "percentages wait" in held.withheld
        agree()
        confirmed = judge()
        assert asked(confirmed) == []
        assert confirmed.agreed == (f"somebody agreed to the plan of {line}",)
        assert confirmed.milestones[0].withheld is None
        delete()
        read(25)
        (question,) = asked(judge())
        assert question.startswith("12 items of Big are gone at once")
        agree()
        assert asked(judge()) == []
