"""Was it tested? What is said equals what can be known, is unknown elsewhere, and never wrong.

A judge who shares nothing with what is tested reads the rules over what truly ran in the simulated
company; the real connectors read the company over HTTP. One seed for each host in the short set.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from support.verdict.judge import Said, View, contradicts, rank, scorecard
from support.verdict.worlds import Company, company

from connectors.simulator.code_things import ChangeRequest, Commit, FileEdit
from connectors.simulator.landings import Landings


@dataclass
class Compared:
    """One thing that landed, what is said of it, what can be known, and the truth."""

    plot: str
    subject: str
    said: str
    told: Said
    truth: Said
    grades: dict[str, str]
    marks: frozenset[str]


def compared(it: Company) -> Iterator[Compared]:
    """Everything that landed in the company."""
    said = it.read()
    for site in it.sites:
        told = View(it.world.code, site.repo, it.world.now)
        truth = View(it.world.code, site.repo, it.world.now, told=False)
        plots = {_id(one): name for name, landed in site.played for one in landed}
        landed: list[tuple[str, str, ChangeRequest | Commit]] = [
            (str(one.id), f"{site.repo.path}#{one.number}", one)
            for one in it.world.code.changes_in(site.repo)
            if one.merged_at is not None
        ]
        landed += [
            (f"push:{one.sha}", f"{site.repo.path} {one.sha[:8]}", one) for one in pushes(site)
        ]
        for id_, name, one in landed:
            row = said.pop(id_, {})
            yield Compared(
                plots.get(_id(one), "plain work"),
                name,
                str(row.get("verdict")),
                told.of(one),
                truth.of(one),
                row.get("grades") or {},
                frozenset(row.get("marks") or ()),
            )
    assert not said, f"verdicts of what never landed: {sorted(said)[:3]}"


def pushes(site: Landings) -> list[Commit]:
    """Commits of the branch that no change brought, but for the first of all."""
    code, repo = site.code, site.repo
    brought = {sha for one in code.changes_in(repo) for sha in one.landed}
    line = View(code, repo, code.now).line()
    return [code.git.at(repo, sha) for sha in line[1:] if sha not in brought]


def _id(one: ChangeRequest | Commit) -> str:
    return str(one.id) if isinstance(one, ChangeRequest) else one.sha


def judged(it: Company) -> Counter[str]:
    """Compares all; how many of each verdict. Fails with what differs."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for one in compared(it):
        counts[one.said] += 1
        against = contradicts(one.said, one.truth)
        if against is not None:
            wrong.append(f"{one.plot} {one.subject}: {one.said}, and in truth {against}")
        if not one.told.marks <= one.marks:
            wrong.append(f"{one.plot} {one.subject}: {sorted(one.told.marks - one.marks)} not told")
        if one.said != one.told.verdict:
            wrong.append(
                f"{one.plot} {one.subject}: {one.said} {one.grades}, "
                f"can be known: {one.told.verdict} {one.told.grades}"
            )
    print(f"{it.kind}: {sum(counts.values())} changes: {dict(counts)}; wrong: {len(wrong)}")
    assert not wrong, "\n".join(wrong)
    return counts


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_what_is_said_is_what_can_be_known(host: str, store_url: str) -> None:
    with company(host, 3, store_url) as it:  # type: ignore[arg-type]  # a host
        counts = judged(it)
    assert len(counts) >= 9, counts


@pytest.mark.full
@pytest.mark.parametrize("seed", range(20, 26))
@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_it_is_so_in_every_order_and_by_either_api(
    host: str, api: str, seed: int, tmp_path: Path
) -> None:
    address = str(tmp_path / "driftline.db")
    with company(host, seed, address, api=api) as it:  # type: ignore[arg-type]  # a host
        judged(it)


def test_where_checks_may_not_be_read_nothing_is_said(tmp_path: Path) -> None:
    address = str(tmp_path / "driftline.db")
    with company("github", 5, address, only=("queue",)) as it:
        lacking = it.world.code.access_of(it.world.credentials["owner"]).lacking
        lacking |= {"checks", "statuses", "ci"}
        said = {one["verdict"] for one in it.read().values()}
        assert said == {"unknown"}
        lacking.clear()
        it.later(hours=30)
        (site,) = it.sites
        site.at = it.world.now
        site.plain(1)
        it.later(hours=2)
        # What is new may be read, so what was refused is asked for again.
        it.read()
        judged(it)


def test_a_base_that_was_seen_says_what_was_built(tmp_path: Path) -> None:
    """While a pull request is open its runs tell the base that they merged it with."""
    address = str(tmp_path / "driftline.db")
    with company("github", 7, address, only=("queue",)) as it:
        (site,) = it.sites
        site.at = it.world.now - timedelta(hours=6)
        changes = []
        for name in ("same base", "another base", "the same files"):
            change = site.open(name, [f"src/{name.split()[0]}/file.py"])
            changes.append(change)
        site.plain(1)
        for change in changes:
            # A push brings the base of now along.
            it.world.code.push(change, "Once more", change_files(change, it), at=site.later(2))
            site.check(change)
        seen = frozenset(
            run.id
            for run in it.world.code.ci.runs.values()
            if run.change_id in {one.id for one in changes}
        )
        it.read()
        it.later(hours=1)
        site.at = it.world.now
        same, another, overlapping = changes
        site.land(same)
        site.land(another)
        moves = site.open("moves it", ["src/the/other.py"])
        site.check(moves)
        site.land(moves)
        site.land(overlapping)
        it.later(hours=2)
        said = it.read()
        told = View(it.world.code, site.repo, it.world.now, seen=seen)
        assert [said[str(one.id)]["verdict"] for one in changes] == [
            told.of_change(one).verdict for one in changes
        ]
        assert [told.of_change(one).verdict for one in changes] == [
            "tested",
            "tested_at_head",
            "stale",
        ]


def change_files(change: ChangeRequest, it: Company) -> list[FileEdit]:
    """The same files again."""
    return [FileEdit(one.path) for one in it.world.code.files_of(change)]


def passed(truth: Said) -> bool:
    """Whether each test passed on what landed, on its head, or on a merge of that."""
    least = rank("preview-stale")
    return bool(truth.grades) and all(
        rank(one) >= least and one != "batched-many" for one in truth.grades.values()
    )


def test_beside_the_rule_of_scorecard(tmp_path: Path) -> None:
    """Any success on the head with a known CI name is a test, says OpenSSF Scorecard's CI-Tests."""
    wrong: Counter[str] = Counter()
    with company("github", 3, str(tmp_path / "driftline.db")) as it:
        said = it.read()
        for site in it.sites:
            truth = View(it.world.code, site.repo, it.world.now, told=False)
            for change in it.world.code.changes_in(site.repo):
                if change.merged_at is None:
                    continue
                real = truth.of_change(change)
                if real.verdict == "exempt":
                    continue
                wrong["changes"] += 1
                tested = passed(real)
                theirs = scorecard(it.world.code, site.repo, change)
                wrong["scorecard: tested, and was not"] += theirs and not tested
                wrong["scorecard: not tested, and was"] += tested and not theirs
                ours = said[str(change.id)]["verdict"]
                claims = ours in ("tested", "tested_after", "tested_at_head")
                wrong["driftline: tested, and was not"] += claims and not tested
                wrong["driftline: not tested, and was"] += (
                    ours in ("not_tested", "no_ci", "merged_red") and tested
                )
                wrong["driftline: unknown"] += ours == "unknown"
    print(dict(wrong))
    assert wrong["driftline: tested, and was not"] == wrong["driftline: not tested, and was"] == 0
    assert wrong["scorecard: tested, and was not"] >= 10
    assert wrong["scorecard: not tested, and was"] >= 3
