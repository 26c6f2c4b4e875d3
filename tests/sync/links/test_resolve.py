"""What references name, over two trackers and a host of code."""

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.vocabulary import LinkKind, RefKind, RefSource
from sync.links.hosted import Place, address
from sync.links.resolve import (
    CONFIDENCE,
    MANY,
    Candidate,
    Change,
    Method,
    Thing,
    ThingKind,
    World,
    Written,
    resolve,
)

JIRA, OTHER_JIRA, HUB = 1, 2, 3


def item(connection: int, id_: str, key: str) -> Thing:
    return Thing(connection, ThingKind.WORK_ITEM, id_, key)


ABC_12 = item(JIRA, "10012", "ABC-12")
MOVED = item(JIRA, "10020", "NEW-3")
TWIN = item(OTHER_JIRA, "20007", "DUO-7")
DUO_7 = item(JIRA, "10007", "DUO-7")
ISSUE_7 = item(HUB, "i7", "acme/web#7")
CHANGE_8 = Thing(HUB, ThingKind.CHANGE_REQUEST, "c8", "acme/web#8")
MANY_ITEMS = [item(JIRA, f"3{n}", f"BIG-{n}") for n in range(1, 41)]

WORLD = World(
    projects={
        "ABC": frozenset({JIRA}),
        "OLD": frozenset({JIRA}),
        "NEW": frozenset({JIRA}),
        "BIG": frozenset({JIRA}),
        "DUO": frozenset({JIRA, OTHER_JIRA}),
    },
    by_key={
        "ABC-12": (ABC_12,),
        "OLD-1": (MOVED,),
        "NEW-3": (MOVED,),
        "DUO-7": (DUO_7, TWIN),
        **{one.key: (one,) for one in MANY_ITEMS},
    },
    by_hosted_key={(HUB, "acme/web#7"): (ISSUE_7,), (HUB, "acme/web#8"): (CHANGE_8,)},
    by_address={
        "jira.example.net/browse/abc-12": (ABC_12,),
        "hub.example.net/acme/web/issues/7": (ISSUE_7,),
    },
    by_id={(HUB, "i7"): (ISSUE_7,)},
    by_sha={(HUB, "c0ffee"): (CHANGE_8,)},
    hosts={"jira.example.net": frozenset({JIRA}), "two.example.net": frozenset({OTHER_JIRA})},
)
CHANGE = Change(HUB, "c9", Place("acme/web"))


def written(
    target: str,
    source: RefSource = RefSource.TITLE,
    kind: RefKind = RefKind.IMPLEMENTS,
    target_id: str | None = None,
) -> Written:
    return Written(kind, source, target, target_id, span=f"…{target}…")


def links(*references: Written, change: Change = CHANGE) -> list[Candidate]:
    return list(resolve(change, references, WORLD))


@pytest.mark.parametrize(
    ("source", "method"),
    [
        (RefSource.BRANCH, Method.BRANCH),
        (RefSource.TITLE, Method.TITLE),
        (RefSource.BODY, Method.BODY),
        (RefSource.COMMIT, Method.COMMIT),
        (RefSource.DECLARED, Method.DECLARED),
    ],
)
def test_a_key_leads_to_its_item_with_method_and_words(source: RefSource, method: Method) -> None:
    (one,) = links(written("ABC-12", source))
    assert one == Candidate(
        ABC_12, "ABC-12", LinkKind.IMPLEMENTS, method, CONFIDENCE[method], "…ABC-12…"
    )


def test_declared_beats_closing_word_beats_branch_beats_title_beats_body_beats_commit() -> None:
    assert list(CONFIDENCE.values()) == sorted(CONFIDENCE.values(), reverse=True)


def test_what_only_looks_like_a_key_leads_nowhere() -> None:
    assert links(*(written(text) for text in ("UTF-8", "SHA-256", "CVE-2024", "COVID-19"))) == []


def test_a_former_key_leads_to_the_item_that_had_it() -> None:
    (one,) = links(written("OLD-1", RefSource.COMMIT))
    assert (one.to, one.to_key) == (MOVED, "NEW-3")


def test_former_and_present_key_are_one_link() -> None:
    (one,) = links(written("OLD-1", RefSource.COMMIT), written("NEW-3", RefSource.BRANCH))
    assert (one.to, one.method) == (MOVED, Method.BRANCH)


def test_a_key_without_an_item_stays_as_dangling() -> None:
    (one,) = links(written("ABC-999"))
    assert (one.to, one.to_key, one.ambiguous) == (None, "ABC-999", False)


def test_text_glued_to_a_key_counts_only_where_the_item_exists() -> None:
    (one,) = links(written("ABC-12fix"))
    assert one.to == ABC_12
    assert links(written("ABC-999fix")) == []


def test_like_named_projects_of_two_servers_are_ambiguous_and_both_kept() -> None:
    found = links(written("DUO-7"))
    assert [(one.to, one.ambiguous) for one in found] == [(DUO_7, True), (TWIN, True)]


def test_it_stays_ambiguous_where_only_one_server_shows_the_item() -> None:
    """The other may hide it: that it is not seen there proves nothing."""
    world = replace(WORLD, by_key={"DUO-7": (DUO_7,)})
    (one,) = resolve(CHANGE, [written("DUO-7")], world)
    assert (one.to, one.ambiguous) == (DUO_7, True)


def test_configuration_says_which_server_a_repository_speaks_of() -> None:
    mapped = replace(CHANGE, trackers=frozenset({OTHER_JIRA}))
    (one,) = links(written("DUO-7"), change=mapped)
    assert (one.to, one.ambiguous) == (TWIN, False)
    assert links(written("ABC-12"), change=mapped) == []


def test_branches_are_read_in_any_case_and_titles_are_not() -> None:
    (one,) = links(written("feature/abc-12-login", RefSource.BRANCH))
    assert (one.to, one.to_key) == (ABC_12, "ABC-12")
    assert links(written("abc-12", RefSource.TITLE)) == []


def test_a_key_may_be_one_of_several_in_one_target() -> None:
    found = links(written("ABC-12-OLD-1", RefSource.BRANCH))
    assert [one.to for one in found] == [ABC_12, MOVED]


@pytest.mark.parametrize("target", ["#7", "acme/web#7", "ACME/Web#7", "GH-7", "web#7"])
def test_numbers_are_the_repository_s_own(target: str) -> None:
    (one,) = links(written(target, RefSource.BODY, RefKind.CLOSES))
    assert (one.to, one.kind, one.method) == (ISSUE_7, LinkKind.CLOSES, Method.CLOSING_WORD)


def test_a_number_of_another_repository_is_not_ours() -> None:
    (one,) = links(written("other/repo#7", RefSource.BODY, RefKind.CLOSES))
    assert (one.to, one.to_key) == (None, "other/repo#7")


@pytest.mark.parametrize(
    "target",
    [
        "https://jira.example.net/browse/ABC-12",
        "https://JIRA.example.net/browse/ABC-12/",
        "https://jira.example.net:443/browse/ABC-12?focusedId=3#comment",
    ],
)
def test_an_address_names_its_item(target: str) -> None:
    (one,) = links(written(target, RefSource.BODY, RefKind.MENTIONS))
    assert (one.to, one.kind) == (ABC_12, LinkKind.MENTIONS)


def test_issue_and_change_share_their_numbers_and_addresses() -> None:
    (one,) = links(written("https://hub.example.net/acme/web/pull/7", RefSource.BODY))
    assert one.to == ISSUE_7


def test_an_address_of_another_server_names_nothing_of_ours() -> None:
    assert links(written("https://elsewhere.example.org/browse/ABC-12", RefSource.BODY)) == []


def test_an_address_with_a_former_key_is_looked_up_on_its_own_server() -> None:
    (one,) = links(written("https://jira.example.net/browse/OLD-1", RefSource.BODY))
    assert one.to == MOVED
    (twin,) = links(written("https://two.example.net/browse/DUO-7", RefSource.BODY))
    assert (twin.to, twin.ambiguous) == (TWIN, False)


def test_what_the_host_declares_is_taken_by_its_id() -> None:
    (one,) = links(written("#99", RefSource.DECLARED, RefKind.CLOSES, target_id="i7"))
    assert (one.to, one.method, one.confidence) == (ISSUE_7, Method.DECLARED, 1.0)


def test_a_revert_is_no_work_on_the_item() -> None:
    found = links(
        written("ABC-12", RefSource.TITLE, RefKind.REVERTS),
        written("revert-8-abc-12", RefSource.BRANCH),
        written("c0ffee", RefSource.BODY, RefKind.REVERTS),
        written("NEW-3", RefSource.BODY),
    )
    assert {(one.to, one.kind) for one in found} == {
        (ABC_12, LinkKind.REVERTS),
        (CHANGE_8, LinkKind.REVERTS),
        (MOVED, LinkKind.MENTIONS),
    }


def test_what_lands_again_after_a_revert_is_work() -> None:
    """Its title names the item anew, its description the change that it takes back."""
    found = links(
        written("ABC-12", RefSource.TITLE),
        written("#8", RefSource.BODY, RefKind.REVERTS),
        written("abc-12", RefSource.BRANCH),
    )
    assert {(one.to, one.kind) for one in found} == {
        (ABC_12, LinkKind.IMPLEMENTS),
        (CHANGE_8, LinkKind.REVERTS),
    }


def test_a_reverting_commit_inside_a_change_leaves_its_own_work_alone() -> None:
    found = links(
        written("ABC-12", RefSource.TITLE),
        written("c0ffee", RefSource.COMMIT, RefKind.REVERTS),
    )
    assert {(one.to, one.kind) for one in found} == {
        (ABC_12, LinkKind.IMPLEMENTS),
        (CHANGE_8, LinkKind.REVERTS),
    }


@pytest.mark.parametrize(("number", "kind"), [(MANY, "implements"), (MANY + 1, "mentions")])
def test_a_text_that_names_very_many_is_a_list(number: int, kind: str) -> None:
    found = links(*(written(one.key, RefSource.COMMIT) for one in MANY_ITEMS[:number]))
    assert {one.kind.value for one in found} == {kind}


def test_a_list_in_one_text_does_not_spoil_another() -> None:
    found = links(
        *(written(one.key, RefSource.BODY, RefKind.CLOSES) for one in MANY_ITEMS),
        written("ABC-12", RefSource.BRANCH),
        written("#7", RefSource.DECLARED, RefKind.CLOSES, target_id="i7"),
    )
    strong = [one.to for one in found if one.kind is not LinkKind.MENTIONS]
    assert strong == [ABC_12, ISSUE_7]


def test_a_bot_s_description_quotes_others_and_its_branch_does_not() -> None:
    bot = replace(CHANGE, by_bot=True)
    found = links(
        written("#7", RefSource.BODY, RefKind.CLOSES),
        written("acme/web#8", RefSource.COMMIT, RefKind.MENTIONS),
        written("bump/abc-12", RefSource.BRANCH),
        change=bot,
    )
    assert [one.to for one in found] == [ABC_12]


def test_what_a_host_declares_after_a_bot_s_description_counts_only_with_an_id() -> None:
    """GitLab names the key of another system that it found in the text."""
    quoted = written("ABC-12", RefSource.DECLARED, RefKind.CLOSES)
    real = written("#7", RefSource.DECLARED, RefKind.CLOSES, target_id="i7")
    found = links(quoted, real, change=replace(CHANGE, by_bot=True))
    assert [one.to for one in found] == [ISSUE_7]
    assert {one.to for one in links(quoted, real)} == {ABC_12, ISSUE_7}


def test_two_changes_may_carry_one_key() -> None:
    back_port = replace(CHANGE, source_id="c10")
    assert links(written("ABC-12")) == links(written("ABC-12"), change=back_port)


REFERENCES = st.builds(
    written,
    st.sampled_from(["ABC-12", "OLD-1", "DUO-7", "#7", "#8", "c0ffee", "ABC-999", "UTF-8"]),
    st.sampled_from(list(RefSource)),
    st.sampled_from(list(RefKind)),
)


@given(st.lists(REFERENCES, max_size=12), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(
    references: list[Written], chance: random.Random
) -> None:
    again = [*references, *references]
    chance.shuffle(again)
    assert links(*again) == links(*references)


@given(st.lists(REFERENCES, max_size=12))
def test_each_thing_is_linked_once_and_nothing_is_invented(references: list[Written]) -> None:
    found = links(*references)
    named = [_name(one) for one in found]
    assert len(set(named)) == len(named)
    assert all(one.evidence in {each.span for each in references} for one in found)


def _name(one: Candidate) -> Iterable[object]:
    return (one.to, None if one.to is not None else one.to_key)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ABC-12", None),
        ("http://[bad/", None),
        ("https:///x", None),
        ("http://h.example:80/A/", "h.example/a"),
        ("https://h.example:8443/x", "h.example:8443/x"),
    ],
)
def test_addresses_in_one_spelling(text: str, expected: str | None) -> None:
    assert address(text) == expected
