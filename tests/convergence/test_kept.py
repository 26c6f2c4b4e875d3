"""What schedules found once, kept as told step by step."""

from datetime import timedelta
from pathlib import Path

import pytest
from support.schedules.play import LAG, Play, Schedule, staged

from connectors.contract import Outcome
from connectors.github import runs
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import ChangeRequest, Run
from connectors.simulator.faults import Fault, Hook

#: What passes in the calm before the store is held against a fresh one.
CALM = timedelta(hours=25, minutes=20)


@pytest.fixture
def fresh(tmp_path: Path) -> str:
    """Where the store lies that reads once, at the end."""
    return str(tmp_path / "fresh.db")


def old_run(play: Play) -> tuple[ChangeRequest, Run]:
    """A change that landed days ago, and a run of what landed or of its head."""
    code, now = play.company.world.code, play.company.clock.now()
    for change in code.changes.values():
        repo = code.repositories[change.repo_id]
        for run in code.ci.runs_in(repo):
            young = now - run.created < timedelta(days=29)
            mine = run.sha in (change.head_sha, change.landed_sha)
            if change.merged_at and now - change.merged_at > timedelta(days=4) and mine and young:
                return change, run
    raise AssertionError("no such change in this company")


@pytest.mark.full
@pytest.mark.parametrize(
    "system", ["github-graphql", pytest.param("github-rest", marks=pytest.mark.full)]
)
def test_a_run_started_again_after_its_change_landed_is_read_within_a_day(
    system: str, tmp_path: Path, fresh: str
) -> None:
    """Nothing of the change moves, and the listing of runs tells it by its creation only."""
    with staged(Schedule(system, 8), str(tmp_path / "store.db")) as play:
        play.run()
        change, run = old_run(play)
        code = play.company.world.code
        play.company.later(timedelta(hours=3))
        again = [JobPlan(run.jobs[0].name, "failure")]
        repo = code.repositories[change.repo_id]
        code.ci.rerun(repo, run, play.company.clock.now(), again)
        play.remember()
        play.company.later(timedelta(hours=3))
        play.run()
        play.calm()
        play.equal(fresh)


@pytest.mark.full
def test_what_a_census_brings_comes_with_its_history_and_its_parent(
    tmp_path: Path, fresh: str
) -> None:
    """The search does not find it yet, its own page does."""
    schedule = Schedule("jira-dc", 7)
    with staged(schedule, str(tmp_path / "store.db"), lag=LAG) as play:
        world = play.company.world
        child = next(one for one in world.issues.values() if one.parent_id is not None)
        world.rename(child, "Edited a moment before the first load")
        play.remember()
        play.run()
        play.company.later(timedelta(hours=3))
        world.rename(child, "Edited a moment before the census")
        play.remember()
        play.company.later(timedelta(minutes=1))
        # The look whether anything is new finds nothing, the census after it finds it.
        hook = Hook("search", lambda: play.company.later(LAG), skip=1)
        play.company.simulator.script.hooks.append(hook)
        result = play.run(census=True)
        assert result is not None
        assert result.outcome is Outcome.COMPLETE
        with play.store.reading() as conn:
            rows = conn.exec_driver_sql(
                f"SELECT parent_id, history_state FROM work_item WHERE source_id = '{child.id}'"
            )
            assert rows.all() == [(str(child.parent_id), "complete")]
        play.calm()
        play.equal(fresh)


@pytest.mark.full
def test_trouble_of_a_moment_is_not_kept_as_no_test_report(tmp_path: Path, fresh: str) -> None:
    with staged(Schedule("gitlab-rest", 1, items=4), str(tmp_path / "store.db")) as play:
        fault = Fault("test_report_summary", 500, times=2)
        play.company.simulator.script.faults.append(fault)
        play.run()
        assert fault.times == 0
        play.calm()
        play.equal(fresh)


@pytest.mark.full
def test_a_history_that_could_not_be_read_stays_to_be_read_when_its_repository_is_renamed(
    tmp_path: Path, fresh: str
) -> None:
    """What is stored of it is normalized again then, and must not be taken for the whole."""
    with staged(Schedule("github-rest", 1, items=4), str(tmp_path / "store.db")) as play:
        play.run()
        code = play.company.world.code
        (repo,) = code.hosted("github")
        play.company.later(timedelta(hours=3))
        code.relabel(code.issues_in(repo)[0], ["moved"], by=None)
        play.remember()
        fault = Fault("issues/.*/(events|timeline)", manner="drop", times=5)
        play.company.simulator.script.faults.append(fault)
        failed = play.run()
        assert failed is not None
        assert {one.stream for one in failed.steps if one.outcome is Outcome.FAILED} == {
            "histories"
        }
        play.company.simulator.script.clear()
        play.company.later(timedelta(hours=3))
        code.rename_repository(repo, f"{repo.owner}/another")
        play.remember()
        play.run()
        play.calm()
        play.equal(fresh)


@pytest.mark.full
def test_a_check_whose_run_is_older_than_what_is_listed_is_no_other_check(
    tmp_path: Path, fresh: str
) -> None:
    """A first load lists runs of some months: REST tells the workflow of older checks nowhere."""
    with staged(Schedule("github-rest", 8), str(tmp_path / "store.db")) as play:
        play.company.since_days = 730
        play.run()
        world, now = play.company.world, play.company.clock.now()
        repo, ci = world.code.hosted("github")[0], world.code.ci
        # The first load that comes later lists the run of what landed, and not that of its head.
        made = {run.sha: run.created for run in reversed(list(ci.runs_in(repo)))}
        landed = min(
            made[one.landed_sha]
            for one in world.code.changes_in(repo)
            if one.landed_sha in made
            and one.head_sha in made
            and now + timedelta(days=2) < made[one.landed_sha] + runs.BACK
            and made[one.landed_sha] - made[one.head_sha] > timedelta(hours=2)
        )
        play.company.later(landed + runs.BACK - now - timedelta(hours=1) - CALM)
        play.remember()
        play.calm()
        play.equal(fresh)


def again(play: Play, run: Run) -> None:
    """A pipeline is started again."""
    code = play.company.world.code
    plan = [JobPlan(run.jobs[0].name, "failure")]
    code.ci.retry(code.repositories[run.repo_id], run, play.company.clock.now(), plan)
    play.remember()


def test_a_walk_that_goes_on_later_is_complete_as_of_then(tmp_path: Path) -> None:
    """It had passed a pipeline that was started again since, and complete was said of it."""
    with staged(Schedule("gitlab-graphql", 8), str(tmp_path / "store.db")) as play:
        play.run()
        code, script = play.company.world.code, play.company.simulator.script
        (repo,) = code.hosted("gitlab")
        one, other = [run for run in code.ci.runs_in(repo) if run.jobs][:2]
        play.company.later(timedelta(hours=3))
        again(play, one)
        script.faults.append(Fault("graphql", 500, asking="parent_pipeline", times=None))
        broken = play.run()
        assert broken is not None
        assert {one.stream for one in broken.steps if one.outcome is not Outcome.COMPLETE} == {
            "runs"
        }
        script.clear()
        again(play, other)
        # The run that goes on with the walk reads it, so that the one after it finds nothing.
        play.calm()


@pytest.mark.full
@pytest.mark.parametrize(
    "system", ["gitlab-graphql", pytest.param("github-rest", marks=pytest.mark.full)]
)
def test_a_history_read_between_two_changes_of_one_second_is_read_again(
    system: str, tmp_path: Path, fresh: str
) -> None:
    """The item's stamp is the same after both."""
    with staged(Schedule(system, 8), str(tmp_path / "store.db")) as play:
        play.run()
        code = play.company.world.code
        (repo,) = code.hosted(play.company.system.kind)  # type: ignore[arg-type]  # a host
        issue = next(one for one in code.issues_in(repo) if one.state == "open")
        play.company.later(timedelta(hours=3))
        code.relabel(issue, ["first"], by=None)
        play.remember()
        play.run()
        # No time has passed since.
        code.close(issue, by=None)
        play.remember()
        play.calm()
        play.equal(fresh)


@pytest.mark.full
@pytest.mark.parametrize(
    ("system", "look"),
    [
        ("github-graphql", "graphql"),
        pytest.param("github-rest", "repositories/[0-9]+/issues", marks=pytest.mark.full),
    ],
)
def test_a_run_that_knows_a_former_name_leaves_what_a_later_one_read(
    system: str, look: str, tmp_path: Path, fresh: str
) -> None:
    """It asked for the names when it connected, slept, and gave all items their former keys."""
    with staged(Schedule(system, 8), str(tmp_path / "store.db")) as play:
        play.run()
        code = play.company.world.code
        (repo,) = code.hosted("github")
        play.company.later(timedelta(hours=3))

        def asleep() -> None:
            play.company.later(timedelta(minutes=6))
            code.rename_repository(repo, f"{repo.owner}/another")
            play.remember()
            play.overtaken()

        # The look whether anything is new comes after the names, and before any lease.
        play.company.simulator.script.hooks.append(Hook(look, asleep))
        woken = play.run()
        assert woken is not None
        assert [one.exit_code for one in woken.problems] == [75]
        assert "read it under another name" in woken.problems[0].what
        play.calm()
        play.equal(fresh)


@pytest.mark.full
def test_a_reading_of_everything_that_breaks_leaves_what_was_committed(
    tmp_path: Path, fresh: str
) -> None:
    """`--full` begins anew; until it has ended, the last whole walk is what is known."""
    with staged(Schedule("github-rest", 8), str(tmp_path / "store.db")) as play:
        play.run()
        script = play.company.simulator.script
        script.faults.append(Fault("repositories/[0-9]+/issues$", 500, skip=1, times=None))
        # What a run leaves of the cursors of what did not end whole is looked at after each.
        broken = play.run(full=True)
        assert broken is not None
        (step,) = [one for one in broken.steps if one.outcome is Outcome.PARTIAL]
        assert (step.stream, step.pages) == ("issues", 1)
        script.clear()
        play.calm()
        play.equal(fresh)
