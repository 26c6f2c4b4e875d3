"""Ways to land, each a plot of `landings`: by name, for either host or for one of them."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import ChangeRequest, Commit, TestTotals
from connectors.simulator.landings import LINT, UI, UNIT, Landings, Plot, failing

Landed = Iterable[ChangeRequest | Commit]


def _ways(*methods: str) -> Mapping[str, Plot]:
    """Landing in each of these ways, tested before."""

    def way(method: str) -> Plot:
        def plot(it: Landings) -> Landed:
            change = it.open(f"by {method}")
            it.check(change)
            it.land(change, method)  # type: ignore[arg-type]  # one of the methods
            return [change]

        return plot

    return {f"by {method}": way(method) for method in methods}


def several_commits(it: Landings) -> Landed:
    """Three commits, the last of which was tested."""
    change = it.open("several commits")
    it.code.push(change, "And tests", at=it.later(2))
    it.code.push(change, "And words", at=it.later(2))
    it.check(change)
    it.land(change, "rebase" if it.is_github else it.method)
    return [change]


def base_moved(it: Landings) -> Landed:
    """Green on a base that another change moves before it lands."""
    change = it.open("on an old base", ["src/part1/file1.py"])
    it.check(change)
    other = it.open("moves the base", ["src/part1/file2.py"])
    it.check(other)
    it.land(other)
    it.land(change)
    return [other, change]


def red(it: Landings) -> Landed:
    """A test failed before it landed."""
    change = it.open("red")
    it.check(change, it.jobs(change, unit=failing()))
    it.land(change)
    return [change]


def timed_out(it: Landings) -> Landed:
    """A test came to no end in time."""
    change = it.open("timed out")
    word = "timed_out" if it.is_github else "failure"
    it.check(change, it.jobs(change, unit=JobPlan(UNIT, word)))
    it.land(change)
    return [change]


def mended(it: Landings) -> Landed:
    """Red on an earlier commit, green on the head."""
    change = it.open("mended")
    it.check(change, it.jobs(change, unit=failing()))
    it.code.push(change, "Mend it", at=it.later(5))
    it.check(change)
    it.land(change)
    return [change]


def broken_last(it: Landings) -> Landed:
    """Green on an earlier commit, red on the head."""
    change = it.open("broken last")
    it.check(change)
    it.code.push(change, "Break it", at=it.later(5))
    it.check(change, it.jobs(change, unit=failing()))
    it.land(change)
    return [change]


def stale_green(it: Landings) -> Landed:
    """Green on an earlier commit; what was pushed after it was never tested."""
    change = it.open("stale green")
    it.check(change)
    it.code.push(change, "One more thing [skip ci]", at=it.later(5))
    it.land(change)
    return [change]


def forced(it: Landings) -> Landed:
    """Tested, then pushed with force: nobody tested what replaced it."""
    change = it.open("forced")
    it.code.push(change, "Second thought", at=it.later(2))
    it.check(change)
    it.plain(1)
    it.code.rebase(change, at=it.later(2), drop_last=True)
    it.land(change)
    return [change]


def flaky(it: Landings) -> Landed:
    """Failed, and passed when it was run again."""
    change = it.open("flaky")
    run = it.check(change, it.jobs(change, unit=failing()))
    again = [JobPlan(UNIT, tests=TestTotals(120))]
    (it.code.ci.rerun if it.is_github else it.code.ci.retry)(it.repo, run, it.later(5), again)
    it.later(20)
    it.land(change)
    return [change]


def skipped_required(it: Landings) -> Landed:
    """The gate lets a job pass that a condition skipped."""
    change = it.open("skipped")
    it.check(change, it.jobs(change, unit=JobPlan(UNIT, "skipped", seconds=0)))
    it.land(change)
    return [change]


def cancelled(it: Landings) -> Landed:
    """Somebody stopped the test."""
    change = it.open("cancelled")
    it.check(change, it.jobs(change, unit=JobPlan(UNIT, "cancelled")))
    it.land(change)
    return [change]


def allowed_failure(it: Landings) -> Landed:
    """The test failed, and was allowed to."""
    change = it.open("allowed to fail")
    plan = JobPlan(UNIT, "failure", allow_failure=True)
    it.check(change, it.jobs(change, unit=plan))
    it.land(change)
    return [change]


def nothing_ran(it: Landings) -> Landed:
    """Nobody tested it."""
    change = it.open("nothing ran")
    it.land(change)
    return [change]


def lint_only(it: Landings) -> Landed:
    """Green, and no test in it."""
    change = it.open("lint only")
    it.check(change, [JobPlan(LINT, seconds=40, stage="check"), JobPlan("preview", stage="deploy")])
    it.land(change)
    return [change]


def conflicting(it: Landings) -> Landed:
    """No merge, so no run: only the scanner looked at it. Then somebody merged the base by hand."""
    change = it.open("conflicting")
    it.code.set_conflict(change, True)
    if it.is_github:
        it.scan(change)
    it.later(10)
    it.code.set_conflict(change, False)
    it.land(change)
    return [change]


def deleted_run(it: Landings) -> Landed:
    """It was tested, and nobody can see it any more."""
    change = it.open("deleted run")
    run = it.check(change)
    it.land(change)
    it.code.ci.delete_run(it.repo, run)
    return [change]


def documentation(it: Landings) -> Landed:
    """Words only."""
    change = it.open("words", ["docs/guide.md", "README.md"])
    it.land(change)
    return [change]


def robot(it: Landings) -> Landed:
    """A program proposed it."""
    change = it.open("bump a library", bot=True)
    it.check(change)
    it.land(change)
    return [change]


def untested_push(it: Landings) -> Landed:
    """Pushed to the branch, and never tested."""
    author = it.code.company.humans()[0]
    return [it.code.commit(it.repo, "Straight to main", author=author, at=it.later(3))]


def still_running(it: Landings) -> Landed:
    """Merged while its test ran, which never came to an end."""
    change = it.open("still running")
    it.check(change, until=it.at + timedelta(minutes=1, seconds=50))
    it.land(change)
    return [change]


def ui_missing(it: Landings) -> Landed:
    """Below `web/`, and only half of what the rules want ran."""
    change = it.open("half of it", it.paths("web"))
    it.check(change, it.jobs(change, ui=None))
    it.land(change)
    return [change]


def ui_skipped(it: Landings) -> Landed:
    """Below `web/`; a condition skipped half of the tests."""
    change = it.open("ui skipped", it.paths("web"))
    it.check(change, it.jobs(change, ui=JobPlan(UI, "skipped", seconds=0)))
    it.land(change)
    return [change]


def ui_red(it: Landings) -> Landed:
    """Below `web/`, and its own test failed."""
    change = it.open("ui red", it.paths("web"))
    it.check(change, it.jobs(change, ui=failing(UI)))
    it.land(change)
    return [change]


# --- what only one host has ---------------------------------------------------------------------


def queued(it: Landings) -> Landed:
    """Through the merge queue or train, alone."""
    change = it.open("queued")
    made = it.code.queue(change, at=it.later(2))
    _train(it, change, made)
    it.land(change, queued=made)
    return [change]


def queued_group(it: Landings) -> Landed:
    """Three in one group: the tests ran on the last of them."""
    changes = [it.open(f"group {n}") for n in "abc"]
    made: list[Commit] = []
    for change in changes:
        made.append(it.code.queue(change, onto=made[-1] if made else None, at=it.later(1)))
    _train(it, changes[-1], made[-1])
    for change, commit in zip(changes, made, strict=True):
        it.land(change, queued=commit)
    return changes


def train_of_two(it: Landings) -> Landed:
    """Each car of the train was tested with those before it."""
    changes = [it.open(f"car {n}") for n in "ab"]
    made: list[Commit] = []
    for change in changes:
        made.append(it.code.queue(change, onto=made[-1] if made else None, at=it.later(1)))
        _train(it, change, made[-1])
    for change, commit in zip(changes, made, strict=True):
        it.land(change, queued=commit)
    return changes


def _train(it: Landings, change: ChangeRequest, made: Commit) -> None:
    ref = f"main/pr-{change.number}-{made.parents[0]}" if it.is_github else change.head_branch
    it.code.ci.run(it.repo, "train", made.sha, ref, it.later(1), it.jobs(change), change=change)
    it.later(15)


def broken_workflow(it: Landings) -> Landed:
    """Its file could not be read: the run failed before it began."""
    change = it.open("broken workflow")
    it.check(change, [])
    it.land(change)
    return [change]


def first_timer(it: Landings) -> Landed:
    """Somebody has to let the tests of a stranger's fork run, and nobody did."""
    change = it.open("from a stranger")
    it.code.ci.hold(it.repo, change.head_sha, change.head_branch, it.later(1), change)
    it.land(change)
    return [change]


def zero_tests(it: Landings) -> Landed:
    """Green, and not one test was executed."""
    change = it.open("zero tests")
    it.check(change, it.jobs(change, unit=JobPlan(UNIT, tests=TestTotals(0))))
    it.land(change)
    return [change]


def child_pipeline(it: Landings) -> Landed:
    """The tests run in a pipeline that another one starts."""
    change = it.open("in a child")
    parent = it.check(change, [JobPlan(LINT, seconds=40, stage="check")])
    it.code.ci.run(
        it.repo,
        "child",
        parent.sha,
        parent.ref,
        it.later(1),
        [JobPlan(UNIT, tests=TestTotals(120))],
        change=change,
        parent=parent,
    )
    it.later(10)
    it.land(change)
    return [change]


# --- where what landed is tested again ------------------------------------------------------------


def late_green(it: Landings) -> Landed:
    """Nobody tested it before; the branch was, right after."""
    change = it.open("late green")
    it.land(change)
    it.trunk()
    return [change]


def late_red(it: Landings) -> Landed:
    """Green before, and red on what landed."""
    change = it.open("late red")
    it.check(change)
    it.land(change)
    it.trunk(it.jobs(change, unit=failing()))
    return [change]


def batch(it: Landings) -> Landed:
    """Three landed untested before the branch was tested."""
    changes = []
    for n in "abc":
        changes.append(it.open(f"batch {n}"))
        it.land(changes[-1])
    it.trunk()
    return changes


def nightly(it: Landings) -> Landed:
    """Two landed untested before the nightly run."""
    changes = []
    for n in "ab":
        changes.append(it.open(f"by night {n}"))
        it.land(changes[-1])
    it.trunk(kind="schedule")
    return changes


def reverted(it: Landings) -> Landed:
    """What is taken back restores what was tested as it stood."""
    it.trunk()
    change = it.open("to be taken back")
    it.check(change)
    it.land(change)
    title = f'Revert "{change.title}"'
    back = it.code.open_change(
        it.repo,
        title,
        f"revert-{change.number}",
        [(title, it.code.files_of(change))],
        author=change.author,
        at=it.later(5),
        undo=change,
        body=f"This reverts merge request !{change.number}." if it.repo.host == "gitlab" else "",
    )
    it.land(back)
    return [change, back]


def tested_push(it: Landings) -> Landed:
    """Pushed to the branch, and tested there."""
    author = it.code.company.humans()[0]
    made = it.code.commit(it.repo, "Straight to main, tested", author=author, at=it.later(3))
    it.trunk()
    return [made]


#: On a branch that is not tested again.
PLOTS: Mapping[str, Plot] = {
    **{
        plot.__name__.replace("_", " "): plot
        for plot in (
            several_commits,
            base_moved,
            red,
            timed_out,
            mended,
            broken_last,
            stale_green,
            forced,
            flaky,
            skipped_required,
            cancelled,
            allowed_failure,
            nothing_ran,
            lint_only,
            conflicting,
            documentation,
            robot,
            untested_push,
            still_running,
            deleted_run,
        )
    },
}
OF_HOST: Mapping[str, Mapping[str, Plot]] = {
    "github": {
        **_ways("merge", "squash", "rebase"),
        "broken workflow": broken_workflow,
        "first timer": first_timer,
    },
    "gitlab": {
        **_ways("merge", "squash"),
        "zero tests": zero_tests,
        "child pipeline": child_pipeline,
    },
}
#: In a repository where changes wait in a queue or train.
QUEUE: Mapping[str, Mapping[str, Plot]] = {
    "github": {"queued": queued, "queued group": queued_group, "two entries": train_of_two},
    "gitlab": {"queued": queued, "train of two": train_of_two},
}
#: Below `web/`, where there is one test more.
WEB: Mapping[str, Plot] = {
    "ui missing": ui_missing,
    "ui skipped": ui_skipped,
    "ui red": ui_red,
}
#: In a repository whose branch is tested from time to time.
TRUNK: Mapping[str, Plot] = {
    "late green": late_green,
    "late red": late_red,
    "batch": batch,
    "nightly": nightly,
    "reverted": reverted,
    "tested push": tested_push,
}
