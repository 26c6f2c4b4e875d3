"""Records cut out of an answer decode to what the whole answer decodes to, or nothing is cut."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira import cut
from connectors.jsonbytes import decode

_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_RECORDS = st.lists(st.dictionaries(st.text(), _VALUES, max_size=4), max_size=4)


@given(_RECORDS, st.booleans())
def test_each_issue_is_what_the_server_wrote(issues: list[dict[str, Any]], spaced: bool) -> None:
    body = orjson.dumps(
        {"isLast": True, "issues": issues}, option=orjson.OPT_INDENT_2 if spaced else 0
    )
    assert [decode(one) for one in cut.issues(body, len(issues))] == decode(body)["issues"]


@pytest.mark.full
@given(st.lists(_RECORDS, max_size=3), st.booleans())
def test_each_entry_is_what_the_server_wrote(
    logs: list[list[dict[str, Any]]], spaced: bool
) -> None:
    body = orjson.dumps(
        {"issueChangeLogs": [{"issueId": "1", "changeHistories": one} for one in logs]},
        option=orjson.OPT_INDENT_2 if spaced else 0,
    )
    found = [decode(b"[%b]" % entries) for entries in cut.histories(body, len(logs))]
    assert found == logs


@given(st.text(), _RECORDS)
def test_a_history_is_written_as_it_would_be_anew(id_: str, entries: list[dict[str, Any]]) -> None:
    written = cut.changelog(id_, [orjson.dumps(one) for one in entries], len(entries))
    assert written == orjson.dumps(
        {
            "issueId": id_,
            "histories": entries,
            "total": len(entries),
            "complete": True,
            "reason": None,
        }
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"issues": [{"id": "1", "summary": "\xff"}]}',
        b'{"issues": {"id": "1"}}',
        b'{"values": [{"id": "1"}]}',
        b'{"issues": [{"id": "1"}, {"id": "2"}]}',
        b"[]",
    ],
    ids=["no UTF-8", "no list", "another name", "more than were read", "no object"],
)
def test_what_cannot_be_cut_is_left_whole(body: bytes) -> None:
    assert cut.issues(body, 1) == ()


def test_logs_that_cannot_be_cut_are_left_whole() -> None:
    assert cut.histories(b'{"issueChangeLogs": [{"issueId": "1"}]}', 1) == ()
