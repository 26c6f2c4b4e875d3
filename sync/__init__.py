"""Store, engine, reconciliation, report and command line."""
