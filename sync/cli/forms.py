"""A report in its forms, on paper or on the screen."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sync.cli.app import App
from sync.files import write

if TYPE_CHECKING:
    from sync.report.data import ReportData


def deliver(
    app: App, data: "ReportData", form: str, *, table: str | None = None, out: str | None = None
) -> None:
    """Print it in one form, or write it to a file; CSV also as all its tables to a directory.

    Raises UsageError where the words make no sense together.
    """
    from sync.report.rendering import SHARED, TABLES, render, suffix

    if data.for_owner and form in SHARED:
        app.note("This shows restricted items as their reader sees them: pass it on with care.")
    check(form, table, out)
    if out is None and form == "text" and sys.stdout.isatty():
        from sync.cli import terminal
        from sync.report import text

        width = terminal.columns(sys.stdout) or text.WIDTH
        app.out(text.render(data, width=width), for_person=True)
        return
    if out is None:
        # On the screen the lines end as its lines do.
        app.out(render(data, form, table).replace("\r\n", "\n"))
        return
    files = {Path(out): table}
    if _is_directory(out):
        files = {Path(out) / f"{name}{suffix(form)}": name for name in TABLES}
    for path, name in files.items():
        write(path, render(data, form, name).encode())
        app.note(f"Written: {path}")


def write_forms(
    directory: Path, forms: Iterable[str], *, own: "ReportData", others: "ReportData"
) -> None:
    """Write each form as `report` and its ending; those to be passed on as `others` see it."""
    from sync.report.rendering import SHARED, TABLES, render, suffix

    for form in forms:
        data = others if form in SHARED else own
        if form == "csv":
            for table in TABLES:
                name = f"report-{table}{suffix(form)}"
                write(directory / name, render(data, form, table).encode())
        else:
            write(directory / f"report{suffix(form)}", render(data, form).encode())


def check(form: str, table: str | None, out: str | None, *, email: bool = False) -> None:
    """Refuse what makes no sense together, before anything is read. Raises UsageError."""
    from sync.errors import UsageError

    if email and (form != "text" or table is not None or out is not None):
        raise UsageError(
            "a mail has a form and a place of its own",
            where="--email",
            todo="Leave out --format, --table and --out; --dry-run writes .eml files.",
        )

    if table is not None and form != "csv":
        raise UsageError("only --format csv has tables", where="--table", todo="Leave it out.")
    if out is not None and _is_directory(out):
        if form != "csv":
            raise UsageError("this is a directory", where=f"--out {out}", todo="Name a file.")
        if table is not None:
            raise UsageError(
                "all tables go to a directory, one goes to a file",
                where="--table",
                todo="Leave it out, or name a file with --out.",
            )


def saved(path: Path) -> "ReportData":
    """The report in a file that `--format json` wrote. Raises UsageError."""
    from sync.errors import UsageError
    from sync.report.json_ import load

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            todo="Name a file that driftline report --format json wrote.",
        ) from None
    return load(raw, str(path))


def _is_directory(out: str) -> bool:
    return out.endswith(("/", "\\")) or Path(out).is_dir()
