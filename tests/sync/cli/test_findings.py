"""`findings`: what people answer, and what becomes of it."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.desk import DAY, NOW, Desk, sit_down

from sync.store import schema


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.chdir(tmp_path)
    return sit_down(tmp_path, capsys)


def test_what_is_taken_is_told_short_with_the_name(desk: Desk) -> None:
    code, out, _ = desk.say("findings", "ack", desk.gap()[:8], "--reason", "asked the lead")
    assert code == 0
    assert out.rstrip().endswith("taken by ada: asked the lead")
    (line,) = desk.shown()
    assert " acknowledged " in line
    desk.judge(1)
    told = desk.report()
    assert [one["answer"]["author"] for one in told["answered"]["short"]] == ["ada"]
    assert told["answered"]["summary"] == "1 taken"
    assert desk.gap() not in json.dumps([told["risks"], told["still_open"], told["actions"]])


def test_the_acknowledgement_of_what_was_resolved_is_over(desk: Desk) -> None:
    desk.say("findings", "ack", desk.gap())
    desk.assign("u1")
    desk.judge(1)
    desk.assign(None)
    desk.judge(2)
    (line,) = desk.shown()
    assert " regressed " in line
    answers = desk.json("explain", desk.gap())["answers"]
    assert [(one["kind"], one["end"]) for one in answers] == [("acknowledge", "resolved")]


def test_an_acceptance_holds_over_a_resolution_until_its_last_day(desk: Desk) -> None:
    desk.say("findings", "accept", desk.gap(), "--reason", "the vendor", "--until", "2026-03-20")
    desk.assign("u1")
    desk.judge(1)
    desk.assign(None)
    desk.judge(2)
    (line,) = desk.shown()
    assert " accepted " in line
    told = desk.report()["answered"]
    assert (len(told["accepted"]), told["next_expiry"]) == (1, "2026-03-20")
    desk.judge(4)
    assert not desk.report()["answered"]["ended"]
    desk.judge(5)
    (line,) = desk.shown()
    assert " ongoing " in line
    (ended,) = desk.report()["answered"]["ended"]
    assert ended.endswith("no longer accepted (by ada), because its time ended on 20 Mar 2026")


def test_an_answer_that_is_over_is_listed_no_more_before_anything_is_judged_anew(
    desk: Desk,
) -> None:
    desk.say("findings", "snooze", desk.gap(), "--until", "2026-03-17")
    assert " snoozed " in desk.shown()[0]
    desk.now = NOW + 2 * DAY
    assert " already_there " in desk.shown()[0]
    assert desk.report()["answered"]["snoozed"] == []


@pytest.mark.full
def test_without_a_day_an_acceptance_ends_after_thirty(desk: Desk) -> None:
    made = desk.json("findings", "accept", desk.gap(), "--reason", "the vendor")
    assert made["answers"][0]["until"] == "2026-04-15"


def test_an_acceptance_ends_once_its_ticket_is_closed(desk: Desk) -> None:
    desk.say("findings", "accept", desk.gap(), "--reason", "the vendor", "--ticket", "APO-5")
    desk.judge(1)
    (line,) = desk.shown()
    assert "or until APO-5 is closed" in line
    w = schema.work_item
    with desk.store.writing() as conn:
        done = sa.update(w).where(w.c.source_id == "5")
        conn.execute(done.values(status_category="done", done_at=NOW + DAY))
    s = schema.sync_step
    # A reading that failed proves nothing.
    desk.now = NOW + 2 * DAY
    with desk.store.writing() as conn:
        conn.execute(sa.update(s).values(outcome="failed", reason="HTTP 500"))
    desk.json("reconcile")
    told = desk.report()["answered"]
    assert "APO-5 cannot be checked" in told["accepted"][0]["answer"]["words"]
    with desk.store.writing() as conn:
        conn.execute(sa.update(s).values(outcome="complete", reason=None))
    desk.judge(3)
    (ended,) = desk.report()["answered"]["ended"]
    assert ended.endswith("because APO-5 is closed")


@pytest.mark.full
def test_an_unknown_ticket_leaves_it_accepted_and_is_told(desk: Desk) -> None:
    desk.say("findings", "accept", desk.gap(), "--reason", "the vendor", "--ticket", "APO-999")
    desk.judge(1)
    (one,) = desk.report()["answered"]["accepted"]
    assert one["answer"]["words"].endswith(
        "(APO-999 cannot be checked: nothing that was read has this key or link)"
    )


def test_what_was_snoozed_until_worse_wakes_as_worsened_and_says_so(desk: Desk) -> None:
    desk.say("findings", "snooze", desk.gap(), "--until-worse")
    desk.judge(1)
    (line,) = desk.shown()
    assert " snoozed " in line
    w = schema.work_item
    with desk.store.writing() as conn:
        conn.execute(sa.update(w).where(w.c.source_id.in_(("1", "2"))).values(assignee_id=None))
    desk.judge(2)
    (line,) = desk.shown()
    assert " worsened " in line
    told = desk.report()
    assert told["changes"]["worse"] == 1
    (ended,) = told["answered"]["ended"]
    assert ended.endswith("no longer snoozed (by ada), because it got worse")


def test_what_is_of_no_use_is_kept_out_and_counted(desk: Desk) -> None:
    desk.say("findings", "not-useful", desk.gap(), "--reason", "ours")
    desk.judge(1)
    (line,) = desk.shown()
    assert " not_useful " in line
    told = desk.report()
    assert told["answered"]["summary"] == "1 called not useful"
    assert desk.json("findings", "precision")["detectors"] == [
        {
            "detector": "data.plan-gap",
            "useful": 0,
            "judged": 1,
            "share": 0.0,
            "page_only": False,
        }
    ]


def test_what_was_answered_is_taken_back(desk: Desk) -> None:
    desk.say("findings", "not-useful", desk.gap())
    code, out, _ = desk.say("findings", "reopen", desk.gap(), "--reason", "a mistake")
    assert code == 0
    assert out.rstrip().endswith("taken back")
    (line,) = desk.shown()
    assert " already_there " in line
    assert desk.say("findings", "precision")[1] == "Nobody has judged a finding yet.\n"
    code, _, err = desk.say("findings", "reopen", desk.gap())
    assert code == 2
    assert "nobody answered it" in err
    _, out, _ = desk.say("explain", desk.gap())
    assert "withdrawn 2026-03-16 08:00 UTC by ada: a mistake" in out


@pytest.mark.full
def test_a_later_answer_takes_the_place_of_an_earlier_one(desk: Desk) -> None:
    desk.say("findings", "ack", desk.gap())
    desk.now = NOW + DAY
    desk.say("findings", "snooze", desk.gap(), "--until", "2026-03-30")
    answers = desk.json("explain", desk.gap())["answers"]
    assert [(one["kind"], one["end"]) for one in answers] == [
        ("acknowledge", "replaced"),
        ("snooze", None),
    ]


def test_the_report_of_then_knows_the_answers_of_then(desk: Desk) -> None:
    desk.judge(1)
    desk.now = NOW + 1.5 * DAY
    desk.say("findings", "ack", desk.gap())
    desk.judge(2)
    assert len(desk.report()["answered"]["short"]) == 1
    code, out, _ = desk.say("report", "--format", "json", "--known-at", "2026-03-17T12:00")
    assert code == 0
    assert json.loads(out)["answered"]["short"] == []


REFUSED = (
    (("ack", "0000"), "no finding has this fingerprint"),
    (("ack", "0"), "at least 4 characters"),
    (("snooze", "GAP"), "a snooze needs an end"),
    (("snooze", "GAP", "--until", "soon"), "'soon' is no day"),
    (("snooze", "GAP", "--until", "2026-03-15"), "2026-03-15 is over"),
    (("accept", "GAP", "--reason", "x", "--until", "2026-09-13"), "180 days away"),
    (("accept", "GAP"), "Missing option '--reason'"),
    (("accept", "GAP", "--reason", " "), "an acceptance needs a reason"),
    (("ack", "GAP", "--author", "mallory"), "nobody whom the configuration names"),
    (("list", "--state", "broken"), "there is no state 'broken'"),
)


def test_what_cannot_be_answered_so_is_told(desk: Desk) -> None:
    gap = desk.gap()
    for words, told in REFUSED:
        code, _, err = desk.say("findings", *(gap if one == "GAP" else one for one in words))
        assert (code, told in err) == (2, True), (words, err)
    assert desk.json("explain", gap)["answers"] == []


def test_a_blind_spot_keeps_its_answer_s_name_and_is_never_of_no_use(desk: Desk) -> None:
    s = schema.sync_step
    with desk.store.writing() as conn:
        conn.execute(sa.update(s).values(outcome="failed", reason="HTTP 500"))
    desk.now = NOW + DAY
    desk.json("reconcile")
    found = desk.json("findings", "list", "--detector", "data.blind-spot")["findings"]
    mine = [one["fingerprint"] for one in found]
    code, _, err = desk.say("findings", "not-useful", mine[0])
    assert code == 2
    assert "is told whatever is answered" in err
    desk.say("findings", "accept", *mine, "--reason", "they move the server")
    lines = desk.json("findings", "list", "--state", "accepted")["findings"]
    assert {one["fingerprint"] for one in lines} == set(mine)
    told = desk.report()
    assert told["kind"] == "change"
    assert {one["fingerprint"] for one in told["answered"]["short"]} == set(mine)


@pytest.mark.full
def test_one_wrong_fingerprint_among_several_answers_none(desk: Desk) -> None:
    code, _, _ = desk.say("findings", "ack", desk.gap(), "00000000")
    assert code == 2
    assert desk.json("explain", desk.gap())["answers"] == []


def test_the_list_is_chosen_by_what_is_asked(desk: Desk) -> None:
    gap = desk.gap()

    def listed(*words: str) -> bool:
        found = desk.json("findings", "list", *words)["findings"]
        return gap in [one["fingerprint"] for one in found]

    assert listed("--unanswered")
    assert not listed("--answered")
    desk.say("findings", "ack", gap)
    assert listed("--answered")
    assert listed("--state", "acknowledged")
    assert listed("--state", "open")
    assert listed("--state", "already-there")
    assert not listed("--state", "accepted")
    assert listed("--detector", "data")
    assert not listed("--detector", "plan")
    assert not listed("--milestone", "R9")
    assert listed("--severity", "low")
    assert not listed("--severity", "critical")


@pytest.mark.full
def test_what_is_accepted_fails_no_pipeline(desk: Desk) -> None:
    code, _, _ = desk.say("reconcile", "--fail-on", "low")
    assert code == 3
    for one in desk.json("findings", "list")["findings"]:
        desk.say("findings", "accept", one["fingerprint"], "--reason", "known")
    code, _, _ = desk.say("reconcile", "--fail-on", "low")
    assert code == 0


# --- the file ---------------------------------------------------------------------------------


def write(text: str) -> None:
    Path("suppressions.toml").write_text(text, encoding="utf-8")


ENTRY = """\
[[suppressions]]
detector = "data.plan-gap"
subject = "APO*"
reason = "they plan on paper"
author = "ada"
expires = 2026-03-20
"""


def test_the_file_says_the_same_as_a_command(desk: Desk) -> None:
    write(ENTRY)
    desk.judge(1)
    (line,) = desk.shown()
    assert " accepted " in line
    assert "accepted by ada until 20 Mar: they plan on paper" in line
    told = desk.report()
    assert told["answered"]["next_expiry"] == "2026-03-20"
    code, _, err = desk.say("findings", "reopen", desk.gap())
    assert code == 2
    assert "the suppressions file says it" in err
    desk.judge(5)
    told = desk.report()
    assert told["answered"]["accepted"] == []
    assert told["answered"]["ended"][0].endswith("because its time ended on 20 Mar 2026")
    assert [one for one in told["hygiene"] if "this suppression ended on 20 Mar 2026" in one]


@pytest.mark.full
def test_an_entry_that_is_taken_out_ends(desk: Desk) -> None:
    write(ENTRY)
    desk.judge(1)
    write("")
    desk.judge(2)
    (line,) = desk.shown()
    assert " ongoing " in line
    (one,) = desk.json("explain", desk.gap())["answers"]
    assert (one["source"], one["end"]) == ("file", "withdrawn")


@pytest.mark.full
def test_an_entry_that_matches_nothing_is_told(desk: Desk) -> None:
    write(ENTRY.replace("APO*", "ZEU*"))
    desk.judge(1)
    told = [one for one in desk.report()["hygiene"] if "suppressions.toml" in one]
    assert told == [
        "suppressions.toml:1: this suppression matches no open finding: take it out if it is not "
        "needed any more."
    ]


@pytest.mark.full
def test_what_a_person_answered_goes_before_the_file(desk: Desk) -> None:
    desk.say("findings", "ack", desk.gap())
    write(ENTRY)
    desk.judge(1)
    (line,) = desk.shown()
    assert " acknowledged " in line


def test_a_mistake_in_the_file_stops_the_command(desk: Desk) -> None:
    for old, new, told in (
        ('author = "ada"\n', "", "suppressions.toml:1: author: is missing"),
        ("2026-03-20", "2027-03-20", "suppressions.toml:1: expires: 2027-03-20 is more than 180"),
    ):
        write(ENTRY.replace(old, new, 1))
        code, _, err = desk.say("reconcile")
        assert code == 2
        assert told in err
        assert "Traceback" not in err


def test_a_file_that_is_not_there_is_told(desk: Desk) -> None:
    Path("suppressions.toml").unlink()
    code, _, err = desk.say("reconcile")
    assert code == 2
    assert "the suppressions file cannot be read" in err
