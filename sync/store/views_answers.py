"""Views of what people answered to findings."""

from sync.store.view import View

ANSWER_VIEWS: tuple[View, ...] = (
    View(
        "v_finding_answer",
        "One row per answer to a finding, those that ended too.",
        {
            "fingerprint": "identity of the finding",
            "detector": "family.name of its detector",
            "kind": "acknowledge, snooze, accept, not_useful, agree",
            "author": "who answered",
            "reason": "why",
            "at": "when (UTC)",
            "until": "last day on which it holds; empty: no day ends it",
            "until_worse": "whether it ends once the finding gets worse",
            "ticket": "key or link of an item whose closing ends it",
            "source": "command, file, mail",
            "severity": "level of the finding when it was answered",
            "magnitude": "its number then",
            "ended_at": "since when it holds no more (UTC); empty while it does",
            "end_kind": "lapsed, woke, resolved, replaced, withdrawn",
            "ended_reason": "why it ended, in words",
            "ended_by": "who ended it, if a person did",
        },
        """
        SELECT a.fingerprint, a.detector, a.kind, a.author, a.reason, a.at AS at,
               a.until AS until, a.until_worse, a.ticket, a.source, a.severity, a.magnitude,
               a.ended_at, a.end_kind, a.ended_reason, a.ended_by
          FROM finding_answer a
        """,
    ),
)
