"""Migrations of the store, run by Alembic inside the program."""
