"""References: what closes, what implements, what is merely mentioned, and what is no reference."""

import pytest

from mappings.code_records import Reference
from mappings.references import GITHUB, GITLAB, MANY, Dialect, find, unique
from mappings.vocabulary import RefKind, RefSource

CLOSES, IMPLEMENTS = RefKind.CLOSES, RefKind.IMPLEMENTS
MENTIONS, REVERTS = RefKind.MENTIONS, RefKind.REVERTS


def found(
    text: str,
    source: RefSource = RefSource.BODY,
    dialect: Dialect = GITHUB,
    *,
    by_bot: bool = False,
) -> list[tuple[RefKind, str]]:
    return [(one.kind, one.target) for one in find(text, source, dialect=dialect, by_bot=by_bot)]


@pytest.mark.parametrize(
    "word",
    ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "Resolved"],
)
@pytest.mark.parametrize(
    "target", ["#7", "owner/na.me#7", "https://github.com/owner/name/issues/7", "ABC-7"]
)
def test_a_closing_word_closes_what_follows_it(word: str, target: str) -> None:
    assert found(f"{word} {target}") == [(CLOSES, target)]
    assert found(f"This {word}: {target}.") == [(CLOSES, target)]


def test_other_words_do_not_close() -> None:
    assert found("prefix #7, enclosed #8, see #9") == [
        (MENTIONS, "#7"),
        (MENTIONS, "#8"),
        (MENTIONS, "#9"),
    ]


def test_github_wants_its_word_before_each_number() -> None:
    assert found("Closes #1, #2 and closes #3") == [
        (CLOSES, "#1"),
        (MENTIONS, "#2"),
        (CLOSES, "#3"),
    ]


def test_gitlab_closes_a_whole_list() -> None:
    assert found("Implements issues #1, #2 and g/sub/p#3. See #4", dialect=GITLAB) == [
        (CLOSES, "#1"),
        (CLOSES, "#2"),
        (CLOSES, "g/sub/p#3"),
        (MENTIONS, "#4"),
    ]


def test_one_word_closes_a_list_of_keys_anywhere() -> None:
    assert found("Fixes ABC-1, ABC-2 & ABC-3; then ABC-4") == [
        (CLOSES, "ABC-1"),
        (CLOSES, "ABC-2"),
        (CLOSES, "ABC-3"),
        (IMPLEMENTS, "ABC-4"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "```\nfixes #7\n```",
        "~~~ sh\nfixes #7",
        "`fixes #7`",
        "``fixes `a` #7``",
        "> fixes #7",
        "<!-- fixes #7 -->",
        "<!-- fixes #7",
        "&#39; and a colour #7f0 and C#7",
        "version 1.2#7",
    ],
)
def test_code_quotes_and_comments_are_not_read(text: str) -> None:
    assert found(text) == []


def test_what_stands_beside_them_is_read() -> None:
    assert found("<!-- a -->fixes #7\n```\nfixes #8\n```\nfixes `code` #9\nfixes #10") == [
        (CLOSES, "#7"),
        (MENTIONS, "#9"),
        (CLOSES, "#10"),
    ]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("ABC-1-ABC-2", ["ABC-1", "ABC-2"]),
        ("v2-ABC-12", ["ABC-12"]),
        ("[ABC-3] thing", ["ABC-3"]),
        ("MY_PROJ-4: x", ["MY_PROJ-4", "PROJ-4"]),
        ("feature_ABC-5", ["ABC-5"]),
        ("ABC-12a, ABC-0, ABC-012, A-1, aABC-1", []),
        ("ABC-6.", ["ABC-6"]),
        ("ABC-7_fix", ["ABC-7"]),
    ],
)
def test_keys_in_titles(text: str, keys: list[str]) -> None:
    assert found(text, RefSource.TITLE) == [(IMPLEMENTS, one) for one in keys]


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("feature/abc-12-fix-login", ["abc-12"]),
        ("user/ABC-1_abc-2", ["ABC-1", "abc-2"]),
        ("bugfix_abc-3", ["bugfix_abc-3", "abc-3"]),
        ("main", []),
        ("release/2024-10", []),
    ],
)
def test_keys_in_branches_are_taken_in_any_case(name: str, keys: list[str]) -> None:
    assert found(name, RefSource.BRANCH) == [(IMPLEMENTS, one) for one in keys]


def test_a_revert_implements_nothing() -> None:
    assert found('Revert "ABC-1 add login (#12)"', RefSource.TITLE) == [
        (REVERTS, "ABC-1"),
        (REVERTS, "#12"),
    ]
    assert found("Reverts owner/name#12") == [(REVERTS, "owner/name#12")]
    assert found("This reverts merge request !12", dialect=GITLAB) == [(REVERTS, "!12")]
    assert found("This reverts commit 0123abcDEF4.", RefSource.COMMIT) == [(REVERTS, "0123abcdef4")]
    assert found("revert-12-feature/ABC-1", RefSource.BRANCH) == [
        (REVERTS, "#12"),
        (MENTIONS, "ABC-1"),
    ]


def test_a_revert_of_a_revert_implements_again() -> None:
    assert found('Revert "Revert "ABC-1 add login""', RefSource.TITLE) == [(IMPLEMENTS, "ABC-1")]


def test_a_commit_implements_what_its_subject_names() -> None:
    assert found("ABC-1 login\n\nSee ABC-2. Fixes #3", RefSource.COMMIT) == [
        (IMPLEMENTS, "ABC-1"),
        (MENTIONS, "ABC-2"),
        (CLOSES, "#3"),
    ]
    assert found("Merge branch 'ABC-1' into main", RefSource.COMMIT) == [(MENTIONS, "ABC-1")]


def test_many_keys_are_a_list_of_contents() -> None:
    few = " ".join(f"ABC-{n}" for n in range(1, MANY + 1))
    assert {kind for kind, _ in found(few)} == {IMPLEMENTS}
    assert {kind for kind, _ in found(f"{few} ABC-99")} == {MENTIONS}


def test_a_bot_quotes_the_change_logs_of_others() -> None:
    text = "Bumps x. Fixes #12, o/r#3, https://github.com/o/r/pull/4 and KAFKA-5"
    assert found(text, by_bot=True) == [
        (MENTIONS, "o/r#3"),
        (MENTIONS, "https://github.com/o/r/pull/4"),
        (MENTIONS, "KAFKA-5"),
    ]


def test_addresses_stay_whole_and_hide_what_is_in_them() -> None:
    assert found(
        "https://acme.atlassian.net/browse/ABC-1?focus=2 "
        "https://gitlab.example/g/p/-/issues/3#note_4 "
        "https://nvd.example/vuln/CVE-2024 https://example.com/#12",
    ) == [
        (IMPLEMENTS, "https://acme.atlassian.net/browse/ABC-1"),
        (MENTIONS, "https://gitlab.example/g/p/-/issues/3"),
    ]


def test_each_target_once_with_its_strongest_claim() -> None:
    assert found("See #7. Fixes #7") == [(CLOSES, "#7")]
    weak, strong = (Reference(kind, RefSource.BODY, "#7") for kind in (MENTIONS, CLOSES))
    other = Reference(MENTIONS, RefSource.TITLE, "#7")
    assert unique([weak, strong, other, weak]) == (strong, other)


def test_the_words_around_are_kept_clean() -> None:
    (one,) = find("a\x00b " * 20 + "fixes #7\n\n" + "next " * 20, RefSource.BODY)
    assert "fixes #7 next" in one.span
    assert "\x00" not in one.span
    assert find("", RefSource.BODY) == ()


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Depends on !12", "!12"),
        ("depends on: APO-3", "APO-3"),
        ("This is blocked by group/app#7.", "group/app#7"),
        ("Waiting for APO-3", "APO-3"),
    ],
)
def test_what_a_change_waits_for_is_no_work_of_its_own(text: str, target: str) -> None:
    assert found(text, dialect=GITLAB) == [(RefKind.DEPENDS_ON, target)]
    assert found(text, dialect=GITLAB, by_bot=True) in ([], [(MENTIONS, target)])


@pytest.mark.parametrize(
    "text", ["Depends on the weather. APO-3", "unblocked APO-3", "What depends on me? No: APO-3"]
)
def test_a_word_about_waiting_elsewhere_says_nothing(text: str) -> None:
    assert found(text) == [(IMPLEMENTS, "APO-3")]
