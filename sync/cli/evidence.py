"""`driftline evidence`: reports of tests and of coverage, and sign-offs, given by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.baseline import author_option, login, reason_option
from sync.errors import UsageError

if TYPE_CHECKING:
    from sync.verdict.report_files import Report
    from sync.verdict.uploads import Upload

repo_option = click.option("--repo", metavar="REPO", help="Repository, as owner/name.")


@click.group()
def evidence() -> None:
    """Give evidence by hand: test reports, coverage, sign-offs."""


@evidence.command(epilog="Example: driftline evidence add junit.xml coverage.xml --sha 1a2b3c4d")
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--sha", metavar="SHA", help="Commit that the files are about.")
@repo_option
@click.option("--name", metavar="CHECK", help="Check that the tests count as; junit if not told.")
@click.option("--signoff", is_flag=True, help="Sign --ref off, in place of files.")
@click.option("--by", metavar="NAME", help="Who gives it; your login if not told.")
@click.option("--ref", metavar="REF", help="Tag, branch or milestone that is signed off.")
@reason_option
@json_option
@pass_app
def add(
    app: App,
    files: tuple[Path, ...],
    sha: str | None,
    repo: str | None,
    name: str | None,
    signoff: bool,
    by: str | None,
    ref: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Keep what each FILE says of a commit, or that somebody signed a ref off.

    FILE is JUnit XML (it counts as a test of this commit), Cobertura XML or LCOV (which lines
    ran), or a unified diff as `git diff BASE SHA` writes it (which lines changed). One file that
    cannot be read keeps all from being stored.
    """
    _check(files, sha=sha, signoff=signoff, by=by, ref=ref, name=name)
    reports = _read(files)
    from sync.verdict import uploads

    settings = app.settings(with_secrets=False)
    store = app.store(settings)
    now = app.clock.now()
    try:
        with store.writing() as conn:
            if signoff:
                at = uploads.signed(conn, ref or "", repo)
                found = [
                    uploads.sign_off(conn, at, ref or "", author=by or "", now=now, reason=reason)
                ]
            else:
                at = uploads.place(conn, sha or "", repo)
                found = uploads.add(
                    conn, at, reports, name=name, author=by or login(), now=now, reason=reason
                )
    finally:
        store.close()
    if as_json:
        app.print_json("evidence-add", evidence=[_facts(one) for one in found], note=at.note)
        return
    for one in found:
        app.say(_line(one) + (" (was there)" if one.already else ""))
        if one.tests_total is not None and one.tests_total <= (one.tests_skipped or 0):
            app.note(f"{one.file_name}: no test was executed, so it is no evidence")
    if at.note is not None:
        app.note(at.note)


def _check(
    files: Sequence[Path],
    *,
    sha: str | None,
    signoff: bool,
    by: str | None,
    ref: str | None,
    name: str | None,
) -> None:
    """Refuse options that make no sense together. Raises UsageError."""
    if signoff:
        if files or sha or name:
            raise UsageError(
                "a sign-off has no FILE, --sha or --name", todo="Name what is signed off by --ref."
            )
        if not by or not ref:
            raise UsageError("a sign-off needs --by NAME and --ref TAG")
        return
    if ref:
        raise UsageError("--ref goes with --signoff", todo="Name the commit by --sha.")
    if not files:
        raise UsageError("no FILE is given", todo="Name one, or sign off with --signoff.")
    if not sha:
        raise UsageError(
            "it is not told which commit the files are about", todo="Name it by --sha."
        )


def _read(files: Sequence[Path]) -> "list[tuple[str, Report]]":
    from sync.verdict.report_files import read

    return [(one.name, read(one)) for one in files]


@evidence.command("list", epilog="Example: driftline evidence list --repo acme/web")
@repo_option
@click.option("--all", "removed", is_flag=True, help="What was taken back, too.")
@json_option
@pass_app
def list_(app: App, repo: str | None, removed: bool, as_json: bool) -> None:
    """List what was given by hand, the newest first."""
    from sync.verdict.uploads import listing

    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        with store.reading() as conn:
            found = listing(conn, repo=repo, removed=removed)
    finally:
        store.close()
    _show(app, found, "evidence-list", as_json=as_json)
    if not found and not as_json:
        app.say("Nothing was given by hand.")


@evidence.command(epilog="Example: driftline evidence remove 3f2a9c11 --reason 'wrong build'")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@author_option
@reason_option
@json_option
@pass_app
def remove(
    app: App, ids: tuple[str, ...], author: str | None, reason: str | None, as_json: bool
) -> None:
    """Take back what was given by hand; as of before it still counts."""
    from sync.verdict import uploads

    settings = app.settings(with_secrets=False)
    store = app.store(settings)
    try:
        with store.writing() as conn:
            found = uploads.remove(
                conn, ids, author=author or login(), now=app.clock.now(), reason=reason
            )
    finally:
        store.close()
    _show(app, found, "evidence-remove", as_json=as_json)


def _show(app: App, found: "Sequence[Upload]", kind: str, *, as_json: bool) -> None:
    if as_json:
        app.print_json(kind, evidence=[_facts(one) for one in found])
        return
    for one in found:
        app.say(_line(one))


def _line(one: "Upload") -> str:
    from sync.verdict.report_files import ReportKind

    where = f" of {one.repository}" if one.repository else ""
    when = f"{one.added_at:%Y-%m-%d %H:%M} UTC"
    why = f": {one.reason}" if one.reason else ""
    gone = "" if one.removed_at is None else f" (taken back {one.removed_at:%Y-%m-%d})"
    if one.kind is ReportKind.SIGNOFF:
        at = "" if one.sha is None else f" at {one.sha[:10]}"
        return f"{one.id}  {one.ref}{where} signed off{at} by {one.author}, {when}{why}{gone}"
    if one.kind is ReportKind.JUNIT:
        what = (
            f'"{one.name}": {one.tests_total} tests, {one.tests_failed} failed, '
            f"{one.tests_skipped} skipped"
        )
    elif one.kind.is_coverage:
        what = f"coverage: {one.lines_covered} of {one.lines_coverable} lines ran"
    else:
        what = "lines of the change"
    commit = (one.sha or "")[:10]
    return f"{one.id}  {commit}{where}  {what}  ({one.file_name}, {one.author}, {when}{why}){gone}"


def _facts(one: "Upload") -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "connection": one.connection,
        "repository": one.repository,
        "sha": one.sha,
        "ref": one.ref,
        "check": one.name,
        "file": one.file_name,
        "tests_total": one.tests_total,
        "tests_failed": one.tests_failed,
        "tests_skipped": one.tests_skipped,
        "lines_covered": one.lines_covered,
        "lines_coverable": one.lines_coverable,
        "by": one.author,
        "reason": one.reason,
        "added_at": one.added_at,
        "removed_at": one.removed_at,
        "removed_by": one.removed_by,
        "already_there": one.already,
    }
