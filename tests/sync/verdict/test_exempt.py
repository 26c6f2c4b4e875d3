"""What needs no test: each rule, who it is for, and until when."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from mappings.vocabulary import FileChange
from sync.verdict.change_facts import Exemption
from sync.verdict.exempt import (
    BUILT_IN,
    ChangeShape,
    FileShape,
    Kind,
    Rule,
    Testing,
    bare_login,
    match,
)
from sync.verdict.exempt_paths import is_ci, is_docs, is_generated, is_lock, is_version

LANDED = date(2026, 3, 10)
BOT = "dependabot[bot]"
RELEASER = "release-please[bot]"


@pytest.mark.parametrize(
    "path",
    ["README.md", "docs/guide/start.rst", "LICENSE", "doc/figures/a.png", "docs/CNAME", "NEWS.txt"],
)
def test_documentation(path: str) -> None:
    assert is_docs(path)


@pytest.mark.parametrize(
    "path",
    [
        "src/app.py",
        "docs/conf.py",
        "requirements.txt",
        "requirements-dev.txt",
        "CMakeLists.txt",
        "tests/data/expected.txt",
        "tests/golden/report.md",
        "docs/openapi.yaml",
        ".github/workflows/ci.yml",
        "src/templates/mail.md",
        "Makefile",
    ],
)
def test_what_a_build_or_a_test_reads_is_none(path: str) -> None:
    assert not is_docs(path)


@pytest.mark.parametrize(
    ("holds", "yes", "no"),
    [
        (
            is_ci,
            ".github/workflows/ci.yml .github/actions/a/action.yml .gitlab-ci.yml Jenkinsfile "
            "sub/.gitlab-ci.yml ci/build.gitlab-ci.yml .circleci/config.yml azure-pipelines.yml "
            ".github/workflows/README.md .gitlab/ci/test.yml .travis.yml",
            ".github/dependabot.yml .github/CODEOWNERS src/ci.py docs/gitlab-ci.md pipelines.py",
        ),
        (
            is_generated,
            "vendor/a/b.go web/node_modules/x.js api/v1/a.pb.go a_pb2.py x.min.js "
            "src/generated/a.ts",
            "src/vendor.py src/generate.py app.js vendors.txt src/regenerated.py",
        ),
        (
            is_lock,
            "package-lock.json web/yarn.lock Cargo.lock go.sum uv.lock requirements-dev.lock",
            "package.json go.mod src/lock.py flock.c pyproject.toml",
        ),
        (
            is_version,
            "VERSION src/a/_version.py CHANGELOG.md package.json .release-please-manifest.json",
            "src/version_check.py README.md version.go.tmpl",
        ),
    ],
)
def test_kinds_of_files(holds: Any, yes: str, no: str) -> None:
    assert [path for path in yes.split() if not holds(path)] == []
    assert [path for path in no.split() if holds(path)] == []


def change(*paths: str, **more: Any) -> ChangeShape:
    files = tuple(FileShape(path) for path in paths)
    return replace(ChangeShape("acme/web", LANDED, files, "ana"), **more)


def moved(old: str, new: str, lines: int | None = 0) -> FileShape:
    return FileShape(new, FileChange.RENAMED, old, lines, lines)


def noise(path: str, *, is_noise: bool | None = True) -> FileShape:
    return FileShape(path, is_noise=is_noise)


COPIED = FileShape("a.md", FileChange.COPIED, "a.py")


@pytest.mark.parametrize(
    ("name", "shape", "rule"),
    [
        ("documentation", change("README.md", "docs/a.png"), "docs"),
        ("documentation and code", change("README.md", "a.py"), None),
        ("a small change is none", change("a.py"), None),
        ("code moved to documentation", change(files=(moved("a.py", "docs/a.md"),)), "renames"),
        ("the same, edited", change(files=(moved("a.py", "docs/a.md", 3),)), None),
        ("code copied to documentation", change(files=(COPIED,)), "docs"),
        ("comments", change(files=(noise("a.py"), noise("b.py"))), "comments"),
        ("comments and code", change(files=(noise("a.py"), noise("b.py", is_noise=False))), None),
        ("lines are not known", change(files=(noise("a.py", is_noise=None),)), None),
        ("moved", change(files=(moved("a.py", "b.py"),)), "renames"),
        ("moved and edited", change(files=(moved("a.py", "b.py", 1),)), None),
        ("moved, lines not told", change(files=(moved("a.py", "b.py", None),)), None),
        ("moved, and one is new", change(files=(moved("a.py", "b.py"), FileShape("c.py"))), None),
        ("generated", change("api/a.pb.go", "vendor/x/y.go"), "generated"),
        ("generated and its source", change("api/a.pb.go", "api/a.proto"), None),
        ("a lock file by a person", change("uv.lock"), None),
        ("a vendored lock file", change("vendor/package-lock.json"), None),
        ("a lock file by a bot", change("uv.lock", author=BOT), "lockfile"),
        ("a lock file and more by a bot", change("uv.lock", "pyproject.toml", author=BOT), None),
        ("a lock file by nobody known", change("uv.lock", author=None), None),
        ("a version by a bot", change("package.json", "CHANGELOG.md", author=RELEASER), "version"),
        ("a version by a person", change("package.json"), None),
        ("a version by a bot that updates", change("package.json", author=BOT), None),
        ("a version and code by a bot", change("package.json", "a.js", author=RELEASER), None),
        ("merged back", change("a.py", own_commits=0), "merge-back"),
        ("merged back with a commit of its own", change("a.py", own_commits=1), None),
        ("merged back, files not read", change(files=None, own_commits=0), "merge-back"),
        ("how CI runs", change(".github/workflows/ci.yml"), None),
        ("how CI runs, moved", change(files=(moved(".gitlab-ci.yml", "docs/a.md"),)), None),
        ("how CI runs, merged back", change(".gitlab-ci.yml", own_commits=0), None),
        ("how CI runs, comments", change(files=(noise("Jenkinsfile"),)), None),
        ("no file", change(), None),
        ("files not read", change(files=None), None),
    ],
)
def test_built_in_rules(name: str, shape: ChangeShape, rule: str | None) -> None:
    """B22: Of a list that was cut nobody knows what else changed."""
    found = match(shape, Testing())
    assert (found.rule if found else None) == rule, name


def test_the_rule_for_lock_files_asks_for_tests() -> None:
    found = match(change("uv.lock", author=BOT), Testing())
    assert found is not None
    assert found.needs_tests
    docs = match(change("README.md"), Testing())
    assert docs is not None
    assert not docs.needs_tests


RULE = Rule("prototypes", Kind.REPOSITORY, "ana", "thrown away", repositories=("acme/proto-*",))


def found(rule: Rule, shape: ChangeShape) -> Exemption | None:
    return match(shape, Testing((rule,)))


def test_a_listed_repository() -> None:
    assert found(RULE, change("a.py", repository="acme/Proto-1")) is not None
    assert found(RULE, change(files=None, repository="acme/proto-1")) is not None
    assert found(RULE, change("a.py")) is None
    assert found(RULE, change("a.py", repository=None)) is None
    assert found(replace(RULE, repositories=()), change("a.py")) is None
    assert found(RULE, change(".gitlab-ci.yml", repository="acme/proto-1")) is None


@pytest.mark.parametrize(
    ("expires", "landed", "over"),
    [
        (None, LANDED, False),
        (LANDED, LANDED, False),
        (date(2026, 3, 9), LANDED, True),
        (LANDED, None, True),
    ],
)
def test_a_rule_that_ended(expires: date | None, landed: date | None, over: bool) -> None:
    shape = change("a.py", repository="acme/proto-1", landed_on=landed)
    one = found(replace(RULE, expires=expires), shape)
    assert one is not None
    assert one.expired == (expires if over else None)


def test_a_rule_in_force_stands_above_one_that_ended_and_one_that_asks_for_tests() -> None:
    ended = Rule("old", Kind.DOCS, "ana", "was so", expires=date(2026, 1, 1))
    shape = change("README.md")
    for rules in ((ended, *BUILT_IN), (*BUILT_IN, ended)):
        one = match(shape, Testing(rules))
        assert one is not None
        assert (one.rule, one.expired) == ("docs", None)
    both = change("uv.lock", author=BOT, own_commits=0)
    one = match(both, Testing())
    assert one is not None
    assert one.rule == "merge-back"


def test_a_rule_for_some_repositories_and_more_paths() -> None:
    rule = Rule(
        "assets", Kind.DOCS, "ana", "art", repositories=("acme/web",), paths=("assets/*.psd",)
    )
    assert found(rule, change("assets/a.psd", "README.md")) is not None
    assert found(rule, change("assets/a.psd", repository="acme/api")) is None
    assert found(rule, change("assets/a.psd", "a.py")) is None


def test_bots_are_named_with_and_without_their_ending() -> None:
    assert bare_login("Dependabot[bot]") == bare_login("dependabot") == "dependabot"
    mine = Testing(update_bots=frozenset({"Acme-Updater[bot]"}))
    assert match(change("go.sum", author="acme-updater"), mine) is not None
    assert match(change("go.sum", author=BOT), mine) is None
