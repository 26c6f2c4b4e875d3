"""Was it tested? What is said equals what can be known, is unknown elsewhere, and never wrong.

A judge who shares nothing with what is tested reads the rules over what truly ran in the simulated
company; the real connectors read the company over HTTP. One seed for each host in the short set.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from support.verdict.judge import Said, View, contradicts, rank, scorecard
from support.verdict.worlds import Company, company

from connectors.simulator.code_things import ChangeRequest, Commit, FileEdit, Host
from connectors.simulator.landings import Landings

#: Verdicts that say that a change was tested, and those that say that it was not.
CLAIMS = ("tested", "tested_after", "tested_at_head")
DENIES = ("not_tested", "no_ci", "merged_red")


#: By REST GitHub does not tell the head before a force-push: what ran on it cannot be asked for.
UNTOLD = frozenset({("github", "rest", "forced")})


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing that landed: what is said of it, what can be known, and the truth."""

    plot: str
    subject: str
    said: str
    told: Said
    truth: Said
    grades: dict[str, str]
    marks: frozenset[str]
    #: whether the rule of OpenSSF Scorecard calls it tested; None for what is no pull request.
    theirs: bool | None


def compared(it: Company) -> list[Compared]:
    """Everything that landed in the company, after one run."""
    said = it.read()
    found: list[Compared] = []
    for site in it.sites:
        told = View(it.world.code, site.repo, it.world.now)
        truth = View(it.world.code, site.repo, it.world.now, told=False)
        plots = {_id(one): name for name, landed in site.played for one in landed}
        for one, subject in landed_in(site):
            row = said.pop(_id(one), {})
            theirs = None
            if isinstance(one, ChangeRequest) and site.is_github:
                theirs = scorecard(it.world.code, site.repo, one)
            found.append(
                Compared(
                    plots.get(_id(one), "plain work"),
                    subject,
                    str(row.get("verdict")),
                    told.of(one),
                    truth.of(one),
                    row.get("grades") or {},
                    frozenset(row.get("marks") or ()),
                    theirs,
                )
            )
    assert not said, f"verdicts of what never landed: {sorted(said)[:3]}"
    return found


def landed_in(site: Landings) -> list[tuple[ChangeRequest | Commit, str]]:
    """Changes that landed, and commits that no change brought but for the first of all."""
    code, repo = site.code, site.repo
    landed = [one for one in code.changes_in(repo) if one.merged_at is not None]
    brought = {sha for one in landed for sha in one.landed}
    pushes = [
        code.git.at(repo, sha)
        for sha in View(code, repo, code.now).line()[1:]
        if sha not in brought
    ]
    return [
        *((one, f"{repo.path}#{one.number}") for one in landed),
        *((one, f"{repo.path} {one.sha[:8]}") for one in pushes),
    ]


def _id(one: ChangeRequest | Commit) -> str:
    return str(one.id) if isinstance(one, ChangeRequest) else f"push:{one.sha}"


def check(found: Sequence[Compared]) -> Counter[str]:
    """How many of each verdict; fails with all that differs."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for one in found:
        name = f"{one.plot} {one.subject}"
        counts[one.said] += 1
        against = contradicts(one.said, one.truth)
        if against is not None:
            wrong.append(f"{name}: {one.said}, and in truth {against}")
        if not one.told.marks <= one.marks:
            wrong.append(f"{name}: {sorted(one.told.marks - one.marks)} not told")
        if one.said != one.told.verdict:
            wrong.append(
                f"{name}: {one.said} {one.grades}, "
                f"can be known: {one.told.verdict} {one.told.grades}"
            )
    print(f"{sum(counts.values())} landed: {dict(counts)}; wrong: {len(wrong)}")
    assert not wrong, "\n".join(wrong)
    return counts


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> list[Compared]:
    """All that landed in a company at GitHub."""
    address = str(tmp_path_factory.mktemp("github") / "driftline.db")
    with company("github", 3, address) as it:
        return compared(it)


def test_what_is_said_of_github_is_what_can_be_known(github: list[Compared]) -> None:
    counts = check(github)
    assert len(counts) == 10, counts
    assert {"flaky", "allowed", "blocked"} <= {mark for one in github for mark in one.told.marks}


@pytest.mark.full
def test_what_is_said_of_gitlab_is_what_can_be_known(tmp_path: Path) -> None:
    with company("gitlab", 3, str(tmp_path / "driftline.db")) as it:
        counts = check(compared(it))
    assert len(counts) == 10, counts


@pytest.mark.full_on_postgres
@pytest.mark.full
@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_in_both_databases(host: Host, store_url: str) -> None:
    with company(host, 4, store_url) as it:
        check(compared(it))


@pytest.mark.full
@pytest.mark.parametrize("seed", range(20, 23))
@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_it_is_so_in_every_order_and_by_either_api(
    host: Host, api: str, seed: int, tmp_path: Path
) -> None:
    with company(host, seed, str(tmp_path / "driftline.db"), api=api) as it:
        found = compared(it)
        untold = [one for one in found if (host, api, one.plot) in UNTOLD]
        assert {one.said for one in untold} <= {"unknown"}
        check([one for one in found if one not in untold])


def test_where_checks_may_not_be_read_nothing_is_said(tmp_path: Path) -> None:
    with company("github", 5, str(tmp_path / "driftline.db"), only=("queue",)) as it:
        lacking = it.world.code.access_of(it.world.credentials["owner"]).lacking
        lacking |= {"checks", "statuses", "ci"}
        assert {one["verdict"] for one in it.read().values()} == {"unknown"}
        lacking.clear()
        it.later(hours=30)
        (site,) = it.sites
        site.at = it.world.now
        site.plain(1)
        it.later(hours=2)
        # What is new may be read, so what was refused is asked for again.
        it.read()
        check(compared(it))


def test_a_base_that_was_seen_says_what_was_built(tmp_path: Path) -> None:
    """While a pull request is open its runs tell the base that they merged it with."""
    with company("github", 7, str(tmp_path / "driftline.db"), only=("queue",)) as it:
        (site,) = it.sites
        site.at = it.world.now - timedelta(hours=6)
        changes = [site.open(f"{name} base", [f"src/{name}/file.py"]) for name in ("a", "b", "c")]
        site.plain(1)
        for one in changes:
            # A push brings the base of now along.
            files = [FileEdit(edit.path) for edit in it.world.code.files_of(one)]
            it.world.code.push(one, "Once more", files, at=site.later(2))
            site.check(one)
        mine = {one.id for one in changes}
        seen = frozenset(run.id for run in it.world.code.ci.runs.values() if run.change_id in mine)
        it.read()
        it.later(hours=1)
        site.at = it.world.now
        same, another, overlapping = changes
        site.land(same)
        site.land(another)
        moves = site.open("moves it", ["src/c/other.py"])
        site.check(moves)
        site.land(moves)
        site.land(overlapping)
        it.later(hours=2)
        said = it.read()
        told = View(it.world.code, site.repo, it.world.now, seen=seen)
        assert [told.of(one).verdict for one in changes] == ["tested", "tested_at_head", "stale"]
        assert [said[_id(one)]["verdict"] for one in changes] == [
            told.of(one).verdict for one in changes
        ]


def passed(truth: Said) -> bool:
    """Whether each test passed on what landed, on its head, or on a merge of that."""
    least = rank("preview-stale")
    return bool(truth.grades) and all(
        rank(one) >= least and one != "batched-many" for one in truth.grades.values()
    )


def test_beside_the_rule_of_scorecard(github: list[Compared]) -> None:
    """Any success on the head with a known CI name is a test, says OpenSSF Scorecard's CI-Tests."""
    counts: Counter[str] = Counter()
    for one in github:
        if one.theirs is None or one.truth.verdict == "exempt":
            continue
        tested = passed(one.truth)
        counts["pull requests"] += 1
        counts["Scorecard: tested, and was not"] += one.theirs and not tested
        counts["Scorecard: not tested, and was"] += tested and not one.theirs
        counts["driftline: tested, and was not"] += one.said in CLAIMS and not tested
        counts["driftline: not tested, and was"] += one.said in DENIES and tested
        counts["driftline: unknown"] += one.said == "unknown"
    print(dict(counts))
    assert counts["driftline: tested, and was not"] == 0
    assert counts["driftline: not tested, and was"] == 0
    assert counts["Scorecard: tested, and was not"] >= 10
    assert counts["Scorecard: not tested, and was"] >= 5
