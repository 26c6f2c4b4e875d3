"""The scope ledger of a milestone: what was planned, what entered, left, was re-sized, and why."""
