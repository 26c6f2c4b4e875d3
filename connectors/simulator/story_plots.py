"""Each thing that goes wrong on purpose with changes, and with the items that they work on."""

from collections.abc import Callable
from datetime import timedelta

from connectors.simulator.code_build import Life
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import Repository, TestTotals
from connectors.simulator.story_scene import Scene
from connectors.simulator.story_work import Work, live, with_jobs
from connectors.simulator.world import days

_RED = with_jobs(JobPlan("unit tests", "failure", 240, tests=TestTotals(420, failed=3)))
_ALLOWED = with_jobs(
    *(
        JobPlan(name, "failure", 90, allow_failure=True, tests=TestTotals(40, failed=2))
        for name in ("unit tests", "integration tests")
    )
)
_SKIPPED = with_jobs(
    *(
        JobPlan(name, seconds=9, tests=TestTotals(40, skipped=40))
        for name in ("unit tests", "integration tests")
    )
)
_CANCELLED = with_jobs(
    JobPlan("unit tests", "cancelled", 20), JobPlan("integration tests", "cancelled", 20)
)


def _not_tested(scene: Scene) -> None:
    """A change lands for which nothing ran."""

    def life() -> Life:
        change = yield from scene.of_this_week(head=None, landed=None)
        scene.plant("test.not-tested", f"change:{change.id}", note="no run at all")

    scene.week.append(life())


def _cancelled(scene: Scene) -> None:
    """All tests of a change were cancelled, and it landed."""

    def life() -> Life:
        change = yield from scene.of_this_week(head=_CANCELLED, landed=None)
        scene.plant("test.not-tested", f"change:{change.id}", note="cancelled")

    scene.week.append(life())


def _allowed_to_fail(scene: Scene) -> None:
    """All tests of a change failed, and all of them may; only GitLab tells so."""

    def life() -> Life:
        change = yield from scene.of_this_week(repo=scene.gitlab, head=_ALLOWED, landed=_ALLOWED)
        scene.plant("test.not-tested", f"change:{change.id}", note="allowed to fail")

    scene.week.append(life())


def _all_skipped(scene: Scene) -> None:
    """The jobs are green, and every test in them was skipped; only GitLab tells so."""

    def life() -> Life:
        change = yield from scene.of_this_week(repo=scene.gitlab, head=_SKIPPED, landed=_SKIPPED)
        scene.plant("test.not-tested", f"change:{change.id}", note="all skipped")

    scene.week.append(life())


def _merged_red(scene: Scene) -> None:
    """A change lands while its tests fail."""

    def life() -> Life:
        change = yield from scene.of_this_week(head=_RED, landed=None)
        scene.plant("test.merged-red", f"change:{change.id}", note="red at its head")

    scene.week.append(life())


def _red_after(scene: Scene) -> None:
    """What was green at the head is red where it landed."""

    def life() -> Life:
        change = yield from scene.of_this_week(landed=_RED)
        scene.plant("test.merged-red", f"change:{change.id}", note="red where it landed")

    scene.week.append(life())


def _done_unmerged(scene: Scene) -> None:
    """An item is closed while the change for it is open."""
    issue = scene.item()
    scene.begin(live(scene.code, scene.work(issue, scene.ago(2, 4), None)))
    scene.week.append(scene.finish(issue, scene.later(2, 4)))
    scene.plant("data.contradiction", f"issue:{issue.id}", "done-unmerged")


def _done_closed(scene: Scene) -> None:
    """An item is closed though its change was given up."""
    issue, given_up = scene.item(), scene.later(1, 3)
    work = scene.work(issue, scene.ago(2, 4), given_up, lands=False)
    scene.begin(live(scene.code, work))
    scene.week.append(scene.finish(issue, given_up + days(1)))
    scene.plant("data.contradiction", f"issue:{issue.id}", "done-closed")


def _done_reverted(scene: Scene) -> None:
    """What landed for a finished item is taken back, and the item stays closed."""
    issue, back = scene.item(), scene.later(1, 4)

    def life() -> Life:
        # A change that takes another back names no item: where a milestone is judged, it counts.
        change = yield from scene.finished(issue, repo=scene.aside)
        yield from scene.take_back(change, back)

    scene.begin(life())
    scene.plant("data.contradiction", f"issue:{issue.id}", "done-reverted")


def _open_merged(scene: Scene) -> None:
    """The work for an item landed weeks ago, and nobody has closed it."""
    landed = scene.ago(18, 25)
    issue = scene.item(begun=landed - days(4))
    scene.begin(live(scene.code, scene.work(issue, landed - days(2), landed)))
    scene.plant("data.contradiction", f"issue:{issue.id}", "open-merged")


def _host_issue_unmerged(scene: Scene) -> None:
    """An issue of a repository is closed by hand while the change that closes it is open."""
    repo, author, begun, closed = (
        scene.somewhere(), scene.somebody(), scene.ago(4, 8), scene.later(1, 4),
    )  # fmt: skip

    def life() -> Life:
        yield begun
        issue = scene.code.create_issue(
            repo, f"No {scene.topic()} in the list", author=author, at=begun, body="Add it."
        )
        scene.plant("data.contradiction", f"issue:{issue.id}", "done-unmerged")
        work = Work(
            repo, f"List {scene.topic()}", f"list-{issue.number}", author, begun + days(1), None,
            f"Closes #{issue.number}", closes=issue,
        )  # fmt: skip
        yield from live(scene.code, work)
        yield closed
        scene.code.close(issue, at=closed, by=author)

    scene.begin(life())


def unplanned(scene: Scene, repo: Repository) -> None:
    """A good part of what lands in a repository was asked for by nobody."""
    for n in range(scene.rng.randint(9, 11)):
        what, landed = f"Rework {scene.topic()} once more", scene.later(1, 5)
        work = Work(
            repo, what, f"rework/{n}", scene.somebody(), landed - timedelta(hours=9), landed
        )
        scene.week.append(live(scene.code, work))


PLOTS: tuple[Callable[[Scene], None], ...] = (
    _not_tested,
    _cancelled,
    _allowed_to_fail,
    _all_skipped,
    _merged_red,
    _red_after,
    _done_unmerged,
    _done_closed,
    _done_reverted,
    _open_merged,
    _host_issue_unmerged,
)
