"""Who was in a sprint when it began and when it ended, from recorded changelogs.

The tables were made by reading the recorded JSON by hand; above each stands which entries decide.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.peer import Recording, devlake_cloud, jirametrics
from support.replay import SERVED_AT
from support.replayed import Loaded, loaded
from support.scope.ours import Ours

from sync.ledger.certainty import Standing

pytestmark = pytest.mark.full_on_postgres


def utc(text: str) -> datetime:
    """An instant of the recording, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


#: jirametrics, `testdata`: the one sprint that any issue names is 3. It was activated on 15 April
#: 2022 at 00:55:17Z and planned until 26 April at 16:51Z. Three entries of the field Sprint, each
#: from nothing to 3: 10121 of SP-13 (00:52:08Z) and 10124 of SP-14 (00:52:55Z), both before the
#: start; 10143 of SP-15 on 24 April (17:26:25Z), in the middle. Nobody left.
JIRAMETRICS = {
    "sprint:3": {
        "2022-04-15T00:52:30+00:00": {"SP-13"},
        "2022-04-15T00:55:17.688+00:00": {"SP-13", "SP-14"},
        "2022-04-24T17:26:25+00:00": {"SP-13", "SP-14"},
        "2022-04-24T17:26:26+00:00": {"SP-13", "SP-14", "SP-15"},
        "2022-04-26T16:51:00+00:00": {"SP-13", "SP-14", "SP-15"},
    }
}

#: What was put into sprint 7 together at 08:29:19+0800 (entries 10686 to 10699), nine minutes
#: before it was started.
_TOGETHER = {
    *("EE-1", "EE-2", "EE-3", "EE-4", "EE-5", "EE-6", "EE-8", "EE-9", "EE-10", "EE-14", "EE-15"),
    *("EE-16", "EE-17", "EE-19"),
}
#: No entry of the field Sprint and listed in 7 at the end: created in it. EE-23 at 08:33:57+0800
#: and EE-24 at 08:35:15+0800, before the start; EE-37 at 08:52:23+0800, after it. EE-25 to EE-36
#: are sub-tasks, created from 08:40:54+0800 on: they are in it with their parents.
_CREATED_BEFORE = {"EE-23", "EE-24"}
_CREATED_AFTER = {*(f"EE-{n}" for n in range(25, 37)), "EE-37"}

#: DevLake's Jira Cloud. Sprint 7 was started on 12 June 2020 at 00:38:51Z and completed on 22 June
#: at 05:59:58Z. EE-17 left it on 17 June at 07:26:56Z for 9 (11598), went out of that 19 seconds
#: later (11600), came back at 07:29:43Z (11615), and was carried over from 9 to 17 on 10 July at
#: 06:37:06Z (16765): after the planned end of 9 (06:00Z) and before its completion on 13 July at
#: 01:21:57Z. EE-19 left 7 on 19 June at 06:44:09Z (12032). EE-20 was in 9 from 12 June (11075) to
#: 17 June (11579) and so in no sprint while it ran. 17 ran from 13 to 27 July.
DEVLAKE = {
    "sprint:7": {
        "2020-06-12T00:29:18+00:00": set(),
        "2020-06-12T00:38:51.882+00:00": _TOGETHER | _CREATED_BEFORE,
        "2020-06-17T07:26:55+00:00": _TOGETHER | _CREATED_BEFORE | _CREATED_AFTER,
        "2020-06-17T07:26:57+00:00": (_TOGETHER | _CREATED_BEFORE | _CREATED_AFTER) - {"EE-17"},
        "2020-06-22T05:59:58.980+00:00": (_TOGETHER | _CREATED_BEFORE | _CREATED_AFTER)
        - {"EE-17", "EE-19"},
    },
    "sprint:9": {
        "2020-06-17T07:23:45+00:00": {"EE-20"},
        "2020-06-17T07:27:10+00:00": {"EE-17"},
        "2020-06-17T07:28:00+00:00": set(),
        "2020-06-22T06:00:33.769+00:00": {"EE-17"},
        "2020-07-10T06:00:00+00:00": {"EE-17"},
        "2020-07-13T01:21:57.062+00:00": set(),
    },
    "sprint:17": {
        "2020-07-10T06:37:05+00:00": set(),
        "2020-07-13T01:22:22.745+00:00": {"EE-17"},
        "2020-07-27T01:23:43.083+00:00": {"EE-17"},
    },
}

TABLES = {"jirametrics": JIRAMETRICS, "devlake": DEVLAKE}


@pytest.fixture(params=sorted(TABLES))
def peer(request: pytest.FixtureRequest) -> str:
    """Whose recording it is."""
    return str(request.param)


@pytest.fixture
def it(peer: str, peer_data: Path, store_url: str) -> Iterator[Loaded]:
    """The recording in a store."""
    recording: Recording = (
        jirametrics(peer_data, "testdata") if peer == "jirametrics" else devlake_cloud(peer_data)
    )
    with loaded(store_url, recording) as found:
        yield found


@pytest.mark.full
def test_who_was_in_at_start_and_end(peer: str, it: Loaded) -> None:
    now = SERVED_AT + timedelta(days=1)
    with it.store.reading() as conn:
        ours = Ours(conn, now, now)
    for sprint, table in TABLES[peer].items():
        held = ours.containers[sprint]
        for instant, keys in table.items():
            found = {id_: ours.said(sprint, id_, utc(instant)).standing for id_ in held.items}
            inside = {held.items[id_].key for id_, one in found.items() if one is Standing.IN}
            assert inside == keys, f"{sprint} at {instant}"
            assert Standing.UNKNOWN not in found.values()
    # Nobody was ever in any other.
    sprints = {name for name in ours.containers if name.startswith("sprint:")}
    assert {name for name in sprints if ours.containers[name].items} == set(TABLES[peer])
