"""The store: tables, migrations, views, and set-based reading and writing."""
