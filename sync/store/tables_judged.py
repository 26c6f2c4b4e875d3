"""The tables of judgements and confirmations over several systems; no vendor sent these rows."""

from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, Integer, Table, Text

from sync.store.columns import Serial, connection_key, known, metadata
from sync.store.types import Instant, Json

#: A change request and what it belongs to, which may be of another connection.
change_link = Table(
    "change_link",
    metadata,
    #: the change request.
    connection_key("from_connection_id"),
    Column("from_id", Text, primary_key=True),
    Column("to_connection_id", Integer, ForeignKey("connection.id"), primary_key=True),
    #: `work_item`, or `change_request` for what it reverts.
    Column("to_kind", Text, primary_key=True),
    Column("to_id", Text, primary_key=True),
    #: implements, closes, mentions, reverts.
    Column("kind", Text, primary_key=True),
    #: one of `sync.links.resolve.Method`.
    Column("method", Text, primary_key=True),
    Column("first_seen_at", Instant, primary_key=True),
    Column("withdrawn_at", Instant),
    #: 0 to 1.
    Column("confidence", Float, nullable=False),
    #: the words that say so.
    Column("evidence", Text, nullable=False),
    #: items of several servers answer to what was written.
    Column("ambiguous", Boolean, nullable=False),
    Index(None, "to_connection_id", "to_kind", "to_id"),
)

#: Whether what a change landed was tested.
verdict = Table(
    "verdict",
    metadata,
    connection_key(),
    Column("change_request_id", Text, primary_key=True),
    Column("verdict", Text, nullable=False),
    #: the commit it was judged for.
    Column("landed_sha", Text),
    #: {name of the check: its grade}.
    Column("grades", Json, nullable=False),
    #: sentences for a person, the most important first.
    Column("reasons", Json, nullable=False),
    #: orthogonal marks: flaky, pending, blocked, allowed, …
    Column("marks", Json, nullable=False),
    *known(),
    #: `change`, or `direct_push`, whose id is `push:<sha>`.
    Column("subject", Text, nullable=False, server_default="change"),
    #: source id of its repository or project; NULL: judged before this was kept.
    Column("scope_id", Text),
    Column("landed_at", Instant),
    #: of each check what its grade rests on: [{name, grade, label, sha, url, depth, marks}, …].
    Column("checks", Json),
    #: name of the check that decided, its grade as the decision table writes it, and its page.
    Column("weakest", Text),
    Column("weakest_grade", Text),
    Column("proof_url", Text),
    #: gated, partly_gated, not_gated, bypassed; NULL: not known.
    Column("gated", Text),
    #: reviewed, stale_approval, not_reviewed; NULL: not known.
    Column("reviewed", Text),
    #: check, counts, coverage; NULL: nothing ran.
    Column("depth", Text),
    #: name of the exempting rule that matches, also where a failure stands above it.
    Column("exempt_rule", Text),
    Index(None, "connection_id", "scope_id"),
)

#: Rules that exempt changes from being tested, as they were configured when.
exemption_rule = Table(
    "exemption_rule",
    metadata,
    Column("name", Text, primary_key=True),
    *known(),
    #: one of `sync.verdict.exempt.Kind`.
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("reason", Text, nullable=False),
    #: last day in force; NULL: open.
    Column("expires_on", Date),
)

#: What verdicts rest on and was written since they were last brought up to date: a queue, emptied
#: by whoever judges anew. Nothing is put here before a connection's verdicts were made once.
verdict_due = Table(
    "verdict_due",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connection.id"), nullable=False),
    #: one of `sync.store.due.Kind`.
    Column("kind", Text, nullable=False),
    #: sha, id of the run or change, or id of the repository.
    Column("subject", Text, nullable=False),
)

#: Repositories whose verdicts are kept up to date, and what all of them rest on together.
verdict_refresh = Table(
    "verdict_refresh",
    metadata,
    connection_key(),
    Column("scope_id", Text, primary_key=True),
    #: hash of what was agreed and of the rules: another one has all of it judged anew.
    Column("basis", Text, nullable=False),
    #: hash of its checks and of which of them are tests: likewise.
    Column("tests", Text, nullable=False),
    #: when the oldest change that was judged landed; NULL: none was.
    Column("oldest", Instant),
    #: when all of it was judged.
    Column("whole_at", Instant, nullable=False),
)

#: Which checks of a repository are tests, as judged or as a person confirmed.
test_check = Table(
    "test_check",
    metadata,
    connection_key(),
    Column("scope_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("is_test", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    #: NULL until a person has confirmed it.
    Column("confirmed_by", Text),
    Column("confirmed_at", Instant),
    *known(),
)

#: Whose account is whose, as configured; accounts are never merged by a guess.
person_account = Table(
    "person_account",
    metadata,
    connection_key(),
    Column("account_id", Text, primary_key=True),
    #: name in the configuration.
    Column("person", Text, nullable=False),
    *known(),
)

#: A milestone of one system that is a part of a program milestone.
milestone_part = Table(
    "milestone_part",
    metadata,
    #: name of the program milestone.
    Column("name", Text, primary_key=True),
    connection_key(),
    Column("milestone_kind", Text, primary_key=True),
    Column("milestone_id", Text, primary_key=True),
    #: the beginning of 1970: for as long as it is there.
    Column("valid_from", Instant, primary_key=True),
    #: NULL: still a part.
    Column("valid_to", Instant),
    *known(),
    #: who said so; `configuration` for what stands there.
    Column("author", Text),
    Index(None, "connection_id", "milestone_kind", "milestone_id"),
)

#: Rules that tell an item's team, as they were configured when; the first that matches counts.
team_rule = Table(
    "team_rule",
    metadata,
    connection_key(),
    #: its place among the connection's rules, from 0.
    Column("place", Integer, primary_key=True),
    *known(),
    Column("name", Text, nullable=False),
    #: conditions, which all must hold; NULL: it asks for nothing.
    Column("component", Text),
    Column("label", Text),
    Column("team_field", Text),
    #: project or repository, by key or id.
    Column("project", Text),
    #: first and last day in force; NULL: open.
    Column("since", Date),
    Column("until", Date),
)

#: Which days are worked, by team, as it was configured when.
calendar_rule = Table(
    "calendar_rule",
    metadata,
    #: name of the team; empty: everybody who has no rule of the kind.
    Column("team", Text, primary_key=True),
    #: its place among the team's rules, from 0.
    Column("place", Integer, primary_key=True),
    *known(),
    #: ISO week days that are worked, as `1 2 3 4 5`; NULL: the rule is about days off.
    Column("work_days", Text),
    #: first and last day off.
    Column("first_day", Date),
    Column("last_day", Date),
)
