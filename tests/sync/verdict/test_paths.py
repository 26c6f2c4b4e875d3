"""What a file is for, by its path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.verdict.paths import PathKind, PathRule, built_in, compiled, kind_of


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        ("source", "src/app.py lib/Contest.java src/latest.py src/attest/x.py src/logo.png "
                   "security.go src/history.ts docs/conf.py src/changes.sql src/testing/x.go x"),
        ("test", "tests/test_app.py app/models_test.go web/button.spec.ts tests/README.md "
                 "src/test/java/FooTest.java FooIT.java conftest.py cypress/e2e/a.cy.js "
                 "spec/models/user_spec.rb web.Tests/A.cs a/__tests__/b.tsx test_x.py"),
        ("docs", "README.md README.zh-CN.md docs/index.rst docs/a.png LICENSE LICENSE-APACHE "
                 "CHANGES CHANGELOG.txt man/a.1"),
        ("config", "package.json package-lock.json go.sum go.mod Cargo.lock poetry.lock "
                   ".github/workflows/ci.yml .gitlab-ci.yml Jenkinsfile Dockerfile.prod setup.py "
                   "requirements-dev.txt .gitignore Makefile vite.config.ts a/b.csproj pom.xml "
                   "vendor/.gitlab-ci.yml"),
        ("generated", "api/x.pb.go x_pb2.py a.min.js a.js.map m.g.dart A.Designer.cs "
                      "a/__snapshots__/b.snap api.generated.ts pkg/zz_generated.deepcopy.go"),
        ("vendored", "vendor/github.com/x/y.go node_modules/a/package.json third_party/z.c "
                     "third-party/z.c gradlew .yarn/releases/yarn.cjs deps/x.c Pods/A/A.m"),
    ],
)  # fmt: skip
def test_built_in_rules(kind: str, paths: str) -> None:
    for path in paths.split():
        assert built_in(path).value == kind, path


@pytest.mark.parametrize(
    ("pattern", "matches", "not_matches"),
    [
        ("gen/**", "gen/a/b.go", "x/gen/a.go"),
        ("gen/", "x/gen/a.go", "gen"),
        ("*.sql", "a/b/c.sql", "a.sql.py"),
        ("/a/*.py", "a/x.py", "a/b/x.py"),
        ("a/**/z.c", "a/z.c", "b/a/z.c"),
        ("a?c", "abc", "a/c"),
        ("a.b", "a.b", "axb"),
        ("src", "src/x/y", "src2/x"),
        ("[x](y)", "[x](y)", "x"),
    ],
)
def test_patterns(pattern: str, matches: str, not_matches: str) -> None:
    assert compiled(pattern).match(matches)
    assert not compiled(pattern).match(not_matches)


def test_the_last_rule_of_the_repository_counts() -> None:
    rules = (
        PathRule("*.sql", PathKind.GENERATED),
        PathRule("db/", PathKind.SOURCE, "acme/web"),
        PathRule("db/old/", PathKind.VENDORED, "acme/web"),
    )
    assert kind_of("db/old/a.sql", rules, "Acme/Web") is PathKind.VENDORED
    assert kind_of("db/a.sql", rules, "acme/web") is PathKind.SOURCE
    assert kind_of("db/a.sql", rules, "acme/api") is PathKind.GENERATED
    assert kind_of("db/a.sql", rules) is PathKind.GENERATED
    assert kind_of("src/a.py", rules, "acme/web") is PathKind.SOURCE


@given(st.text(max_size=40), st.text(alphabet="ab/*?.[(", min_size=1, max_size=12))
def test_any_path_has_a_kind_and_any_pattern_is_one_or_refused(path: str, pattern: str) -> None:
    assert built_in(path) in PathKind
    if pattern.strip().strip("/"):
        compiled(pattern).match(path)
    else:
        with pytest.raises(ValueError, match="empty"):
            compiled(pattern)
