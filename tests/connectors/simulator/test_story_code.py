"""What the story plants in the repositories, against a judge that knows only the truth."""

from collections import Counter
from dataclasses import dataclass
from functools import cache

import pytest
from support import code_truth, jira_truth
from support.jira_site import NOW
from support.jira_truth import Finding

from connectors.simulator.build import build
from connectors.simulator.story import Story
from connectors.simulator.story_code import CodeStory
from connectors.simulator.world import World

SEEDS = range(40)


@dataclass(frozen=True)
class Played:
    """A story after its week."""

    world: World
    story: CodeStory
    first: frozenset[Finding]
    last: frozenset[Finding]

    @property
    def planted(self) -> list[Finding]:
        return [(one.detector, one.subject, one.rule) for one in self.story.planted]


def begun(seed: int) -> CodeStory:
    """The company at the first reading."""
    world = build(seed, now=NOW)
    return CodeStory(world, Story.plan(world, seed), seed)


@cache
def played(seed: int) -> Played:
    story = begun(seed)
    world = story.world
    before = {one.id: one.due for one in world.versions.values()}
    hosted = {one.id: one.due for one in world.code.milestones.values()}
    first = code_truth.findings(world, story, hosted)
    story.moves()
    last = jira_truth.findings(world, story.story, before)
    last |= code_truth.findings(world, story, hosted) | code_truth.blind(world, story)
    return Played(world, story, frozenset(first), frozenset(last))


@pytest.mark.full
@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_holds_exactly_what_is_planted(seed: int) -> None:
    after = played(seed)
    # What is tested late may be said of any repository, and is planted where it must be.
    last, planted = (
        {one for one in told if one[0] != "test.stale"} for told in (after.last, after.planted)
    )
    assert last == planted
    assert len(after.planted) == len(set(after.planted)) >= 9


@pytest.mark.full
@pytest.mark.parametrize("seed", SEEDS)
def test_only_what_lasts_is_there_at_the_first_reading(seed: int) -> None:
    after = played(seed)
    assert after.first <= after.last
    rules = {rule for _, _, rule in after.first}
    assert rules <= {"no-ci", "open-merged", "program-dates", "program-states", "released-open"}


@pytest.mark.full
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_not_planted_stays_far_from_every_threshold(seed: int) -> None:
    """Work of no plan is much or next to nothing; what landed is old or young."""
    after = played(seed)
    planted = {(detector, subject) for detector, subject, _ in after.planted}
    for plan, (subject, belongs, others) in code_truth.shares(after.world, after.story).items():
        if ("scope.unplanned", subject) in planted:
            assert others >= 9, plan
            assert others / (belongs + others) > 0.3, plan
        else:
            assert others < 3, plan
    for subject, age in code_truth.ages(after.world).items():
        assert age >= 12 if ("data.contradiction", subject) in planted else age <= 8, subject


def test_a_seed_tells_the_same_story_again() -> None:
    one, other = begun(5), begun(5)
    for story in (one, other):
        story.moves()
    assert one.planted == other.planted
    assert one.program == other.program
    assert one.world.code.changes == other.world.code.changes
    assert one.world.code.ci.runs == other.world.code.ci.runs
    assert one.world.issues == other.world.issues


@pytest.mark.full
def test_every_plot_is_played_in_some_seed_and_none_in_all() -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for seed in SEEDS:
        scene = played(seed).story.scene
        counted.update({(one.detector, one.rule) for one in scene.planted})
    contradictions = (
        "done-unmerged",
        "done-closed",
        "done-reverted",
        "open-merged",
        "program-dates",
        "program-states",
        "released-open",
        "created-after-merge",
        "done-elsewhere",
        "estimate-after-done",
        "mirror-state",
        "todo-started",
    )
    others = {
        ("data.blind-spot", ""),
        ("plan.overdue", ""),
        ("plan.due-moved", ""),
        ("scope.unplanned", ""),
        ("test.not-tested", ""),
        ("test.not-tested", "no-ci"),
        ("test.merged-red", ""),
    }
    assert counted.keys() == {("data.contradiction", rule) for rule in contradictions} | others
    assert max(counted.values()) < len(SEEDS)
