"""`driftline mapping`: is the mapping sound, and what does it say."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app

if TYPE_CHECKING:
    from mappings.lint import Known
    from sync.config.settings import Settings

connection_option = click.option(
    "--connection", "only", metavar="NAME", help="This connection only."
)


@click.group()
def mapping() -> None:
    """Check and show the mapping."""


@mapping.command(epilog="Example: driftline mapping lint")
@connection_option
@json_option
@pass_app
@click.pass_context
def lint(context: click.Context, app: App, only: str | None, as_json: bool) -> None:
    """Find lines that contradict each other or do nothing, and values without a meaning."""
    from mappings.lint import lint as look
    from mappings.teams import before
    from sync.cli import wiring

    settings = app.settings(with_secrets=False)
    found: list[dict[str, Any]] = []
    for name in _names(settings, only):
        one = settings.root.connections[name]
        table = before(wiring.mapping(settings, one), wiring.team_rules(settings, name))
        layers = wiring.layers(settings, one)
        found.extend(
            {
                "connection": name,
                "kind": line.kind,
                "what": line.what,
                "where": line.where,
                "todo": line.todo,
            }
            for line in look(table, layers, _known(app, settings, name))
        )
    if as_json:
        app.print_json("mapping-lint", findings=found)
        return
    for line in found:
        where = f"{line['where']}: " if line["where"] else ""
        todo = f" {line['todo']}" if line["todo"] else ""
        app.say(f"{where}{line['kind']}: {line['what']}{todo}")
    app.say(f"{len(found)} doubtful lines." if found else "The mapping is sound.")


@mapping.command(epilog="Example: driftline mapping show --project APO")
@connection_option
@click.option("--project", metavar="KEY", help="What holds for this project.")
@json_option
@pass_app
def show(app: App, only: str | None, project: str | None, as_json: bool) -> None:
    """Show what every value means, and which line says so."""
    from mappings.show import show as look
    from sync.cli import wiring

    settings = app.settings(with_secrets=False)
    out: list[dict[str, Any]] = []
    for name in _names(settings, only):
        table = wiring.mapping(settings, settings.root.connections[name])
        out.extend(
            {
                "connection": name,
                "section": line.section,
                "key": line.name,
                "value": line.value,
                "where": line.where,
            }
            for line in look(table, project)
        )
    if as_json:
        app.print_json("mapping-show", project=project, lines=out)
        return
    for line in out:
        app.say(f"[{line['section']}] {line['key']} = {line['value']}  ({line['where']})")


@mapping.command(epilog="Example: driftline mapping shadow new-mapping.toml")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--instead-of",
    metavar="FILE",
    help="Configured mapping file that it stands for; needed where there are several.",
)
@json_option
@pass_app
def shadow(app: App, file: Path, instead_of: str | None, as_json: bool) -> None:
    """Show which findings a changed mapping would add, remove or change; nothing is kept.

    FILE stands for the configured mapping file, or lies over the built-in mapping where none is
    configured. Both are tried on a temporary copy of the store.
    """
    from sync.cli.shadow import instead, on_copy
    from sync.cli.shadow import show as show_shadow

    settings = app.settings(with_secrets=False)
    found = on_copy(app, settings, instead(settings, file, instead_of))
    show_shadow(app, found, as_json=as_json)


def _names(settings: "Settings", only: str | None) -> list[str]:
    from sync.errors import UsageError

    names = list(settings.root.connections)
    if only is not None and only not in names:
        raise UsageError(
            f"there is no connection {only!r}", todo=f"Configured: {', '.join(names)}."
        )
    return [only] if only else names


def _known(app: App, settings: "Settings", name: str) -> "Known | None":
    """Values the store has seen of this connection; None without a store."""
    import sqlalchemy as sa

    from mappings.lint import Known
    from sync.errors import StoreError
    from sync.store import schema

    try:
        store = app.store(settings, read_only=True)
    except StoreError:
        return None
    try:
        with store.reading() as conn:
            id_ = conn.execute(
                sa.select(schema.connection.c.id).where(schema.connection.c.name == name)
            ).scalar()
            if id_ is None:
                return None

            def column(one: sa.Column[Any]) -> frozenset[str]:
                rows = conn.execute(
                    sa.select(one).distinct().where(one.table.c.connection_id == id_)
                ).scalars()
                return frozenset(row for row in rows if row)

            item, status, field = schema.work_item.c, schema.status.c, schema.field.c
            scope = schema.scope.c
            return Known(
                statuses={
                    row.source_id: (row.raw_name, row.raw_category)
                    for row in conn.execute(
                        sa.select(schema.status).where(status.connection_id == id_)
                    )
                },
                item_types=column(item.raw_type),
                # The vendor's own word for the level says enough about these.
                explained_types=frozenset(
                    conn.execute(
                        sa.select(item.raw_type)
                        .distinct()
                        .where(
                            item.connection_id == id_,
                            item.item_type.in_(("subtask", "epic")),
                            item.raw_type.is_not(None),
                        )
                    ).scalars()
                ),
                priorities=column(item.raw_priority),
                resolutions=column(item.resolution),
                links=column(schema.link.c.raw_kind),
                fields={
                    row.source_id: row.name
                    for row in conn.execute(
                        sa.select(schema.field).where(field.connection_id == id_)
                    )
                },
                projects={
                    row.source_id: row.key
                    for row in conn.execute(
                        sa.select(schema.scope).where(
                            scope.connection_id == id_,
                            # A board of no project may have a layer of its own.
                            sa.or_(scope.kind != "board", scope.parent_id.is_(None)),
                        )
                    )
                    if row.key
                },
            )
    finally:
        store.close()
