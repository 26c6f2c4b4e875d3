"""Acme Tracker for driftline: a connector, a mapping and a detector."""
