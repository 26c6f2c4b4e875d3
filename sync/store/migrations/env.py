"""Alembic's entry: runs on the connection handed over in `config.attributes`."""

from alembic import context

from sync.store import schema

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=schema.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transactional_ddl=True,
    transaction_per_migration=False,
    include_object=lambda obj, name, kind, reflected, other: (
        not (kind == "table" and name == "alembic_version")
    ),
)
with context.begin_transaction():
    context.run_migrations()
