"""Views of forecasts and of what came of them."""

from sync.store.view import View

FORECAST_VIEWS: tuple[View, ...] = (
    View(
        "v_forecast",
        "One row per forecast of a milestone; never rewritten, scored once the outcome is known.",
        {
            "connection": "name of the connection; empty for a program milestone",
            "milestone_kind": "kind of the milestone",
            "milestone_id": "immutable id of the milestone; name of a program milestone",
            "milestone": "name of the milestone",
            "as_of": "day at which it stands, in the configured zone",
            "known_from": "when it was made (UTC); other inputs of a day make another row",
            "model_version": "version of the model",
            "due_date": "promised date that it was measured against",
            "open_items": "open leaf items",
            "p50": "day by which half of the runs were done; empty: not within two years",
            "p70": "the same of 70 %",
            "p85": "the same of 85 %",
            "p95": "the same of 95 %",
            "p_on_time": "share of the runs that kept the promised date, 0 to 1",
            "abstained": "why nothing was forecast; empty: something was",
            "done_at": "when it really was done (UTC); empty while it is not",
            "leftovers": "open items that its close left behind",
            "on_time": "whether it kept that date, once that is known",
            "actual_days": "working days from the forecast until it was done",
            "brier": "squared error of the probability",
            "pinball_50": "loss of the 50 % date in working days",
            "pinball_85": "loss of the 85 % date in working days",
            "scored_at": "when the last of the outcome was noted (UTC)",
        },
        """
        SELECT c.name AS connection, f.milestone_kind, f.milestone_id,
               CASE WHEN f.connection_id = 0 THEN f.milestone_id ELSE m.name END AS milestone,
               f.as_of AS as_of, f.known_from, f.model_version, f.due_date, f.open_items,
               f.p50, f.p70, f.p85, f.p95, f.p_on_time, f.abstained,
               f.done_at, f.leftovers, f.on_time, f.actual_days, f.brier,
               f.pinball_50, f.pinball_85, f.scored_at
          FROM forecast f
          LEFT JOIN connection c ON c.id = f.connection_id
          LEFT JOIN milestone m ON m.connection_id = f.connection_id
                               AND m.kind = f.milestone_kind AND m.source_id = f.milestone_id
        """,
    ),
)
