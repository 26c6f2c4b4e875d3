"""`driftline init`: a configuration by asking; no token is ever written into it."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, pass_app, sentence
from sync.files import write
from sync.pasted import toml

if TYPE_CHECKING:
    from pydantic import BaseModel

_TEMPLATE = """\
# driftline's configuration; every option is explained in config.example.toml.
name = {name}
time_zone = {zone}
store = "driftline.db"

{connections}[milestones]
# Names, or "PROJECT:name". `driftline check` proposes some after the first sync.
judge = [{judge}]
{mail}"""


#: Code hosts: kind, name, option that names what is read, what a person writes.
_HOSTS = (
    ("github", "GitHub", "repositories", "owner/name"),
    ("gitlab", "GitLab", "projects", "group/name"),
)


@click.command(epilog="Example: driftline init --url https://example.atlassian.net --project APO")
@click.option("--name", help="Name of the programme, shown in subjects.")
@click.option("--time-zone", "zone", help="Zone of calendar dates, such as Europe/Berlin.")
@click.option("--url", help="Address of your Jira; empty for none.")
@click.option("--email", help="Jira Cloud: e-mail address of the account; empty for Data Center.")
@click.option("--token-env", help="Environment variable that holds the token.")
@click.option("--token-file", help="File that holds the token, instead of a variable.")
@click.option("--project", "projects", multiple=True, help="Project key; may be repeated.")
@click.option("--github", multiple=True, help="Repository of GitHub, owner/name; may be repeated.")
@click.option("--github-url", help="Address of the API of a GitHub Enterprise.")
@click.option(
    "--github-token-env",
    default="GITHUB_TOKEN",
    show_default=True,
    help="Environment variable with GitHub's token.",
)
@click.option("--gitlab", multiple=True, help="Project of GitLab, group/name; may be repeated.")
@click.option("--gitlab-url", help="Address of a GitLab of your own.")
@click.option(
    "--gitlab-token-env",
    default="GITLAB_TOKEN",
    show_default=True,
    help="Environment variable with GitLab's token.",
)
@click.option(
    "--sync/--no-sync", "read_now", default=None, help="Read once and propose milestones."
)
@click.option("--judge", multiple=True, help="Milestone to judge; may be repeated.")
@click.option("--sender", help="Address the mail comes from; empty for no mail.")
@click.option("--to", "recipient", help="Your own address: drafts go there first.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@pass_app
@click.pass_context
def init(
    context: click.Context,
    app: App,
    name: str | None,
    zone: str | None,
    url: str | None,
    email: str | None,
    token_env: str | None,
    token_file: str | None,
    projects: tuple[str, ...],
    github: tuple[str, ...],
    github_url: str | None,
    github_token_env: str,
    gitlab: tuple[str, ...],
    gitlab_url: str | None,
    gitlab_token_env: str,
    read_now: bool | None,
    judge: tuple[str, ...],
    sender: str | None,
    recipient: str | None,
    force: bool,
) -> None:
    """Ask for what is needed, write driftline.toml, and check that it works.

    A token is never asked for and never written: only where it will be found.
    """
    from connectors.jira.options import JiraOptions
    from sync.config.models import Root
    from sync.errors import UsageError

    path = Path(app.config_path or os.environ.get("DRIFTLINE_CONFIG") or "driftline.toml")
    _keep_old(path, force=force)
    name = name or click.prompt("Name of the programme", default="Apollo")
    zone = _valid(Root, "time_zone", zone, "--time-zone", "Time zone of your dates", "UTC")
    # Who names one system by an option is not asked about the others.
    told = url is not None or bool(github or gitlab)
    blocks: list[str] = []
    if url is None and not told:
        url = _valid(JiraOptions, "url", url, "--url", "Address of your Jira (empty: none)", "")
    elif url:
        url = _valid(JiraOptions, "url", url, "--url", "", None)
    if url:
        if email is None:
            email = click.prompt("E-mail of the account (Cloud; empty for Data Center)", default="")
        if not token_env and not token_file:
            token_env = click.prompt("Environment variable with the token", default="JIRA_TOKEN")
        projects = projects or _listed("Project keys, separated by commas")
        blocks.append(_block("jira", url, email, token_env, token_file, "projects", projects))
    for (kind, title, key, form), given, address, variable in zip(
        _HOSTS,
        (github, gitlab),
        (github_url, gitlab_url),
        (github_token_env, gitlab_token_env),
        strict=True,
    ):
        if not told:
            asked = f"{title}: {key} to read, as {form}, separated by commas (empty: none)"
            given = _listed(asked, default="")
            if given:
                variable = click.prompt(f"Environment variable with {title}'s token", variable)
        if given:
            blocks.append(_block(kind, address, None, variable, None, key, given))
    if not blocks:
        raise UsageError(
            "no system to read was named", todo="Give --url, --github or --gitlab, or answer one."
        )
    if sender is None:
        sender = click.prompt("Sender address of the mail (empty for no mail)", default="")
    if sender and not recipient:
        recipient = click.prompt("Your own address", default=sender)
    values: dict[str, Any] = {
        "name": toml(name),
        "zone": toml(zone),
        "connections": "".join(blocks),
        "judge": ", ".join(map(toml, judge)),
        "mail": f"\n[mail]\nfrom = {toml(sender)}\nto = [{toml(recipient or sender)}]\n"
        if sender
        else "",
    }
    _write(path, values)
    app.config_path = str(path)
    app.say(f"Written: {path}")
    from sync.cli.check import look

    lines, codes, _ = look(app)
    for line in lines:
        if line.ok is False:
            app.trouble(sentence(f"{line.name}: {line.detail}", line.where, line.remedy))
    if codes:
        from sync.cli.app import worst

        app.say(f"Correct {path} and run `driftline check`.")
        context.exit(worst(codes))
    app.say("The connection works.")
    if not judge:
        _propose(app, path, values, read_now)
    app.say("Next: `driftline run`.")


def _listed(question: str, default: str | None = None) -> tuple[str, ...]:
    """What a person writes with commas between."""
    text: str = click.prompt(question, default=default, show_default=False)
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _block(
    kind: str,
    url: str | None,
    email: str | None,
    token_env: str | None,
    token_file: str | None,
    key: str,
    names: tuple[str, ...],
) -> str:
    """One connection's table."""
    lines = [f"[connections.{kind}]", f'kind = "{kind}"']
    lines += [f"url = {toml(url)}"] if url else []
    lines += [f"email = {toml(email)}"] if email else []
    if token_file:
        lines.append(f"token_file = {toml(token_file)}")
    else:
        lines.append(f"token_env = {toml(token_env or '')}")
    lines.append(f"{key} = [{', '.join(map(toml, names))}]")
    return "\n".join(lines) + "\n\n"


def _keep_old(path: Path, *, force: bool) -> None:
    """A file that is there is overwritten only by somebody who said so."""
    from sync.errors import UsageError

    if not path.exists() or force:
        return
    if sys.stdin.isatty() and click.confirm(f"{path} is there already. Overwrite it?"):
        return
    raise UsageError(
        "the file is there already", where=str(path), todo="Use --force to overwrite it."
    )


def _valid(
    model: "type[BaseModel]",
    field: str,
    given: str | None,
    option: str,
    question: str,
    default: str | None,
) -> str:
    """The option's value, or the answer, as the configuration will take it; empty where it may."""
    from pydantic import ValidationError

    from sync.errors import UsageError

    while True:
        value = given or click.prompt(question, default=default, show_default=bool(default))
        if not value:
            return ""
        try:
            made = model.model_validate({field: value})
        except ValidationError as error:
            told = str(error.errors(include_input=False, include_url=False)[0]["msg"])
            told = told.removeprefix("Value error, ")
            if given:
                raise UsageError(told, where=option) from None
            click.echo(told, err=True)
            continue
        return str(getattr(made, field))


def _propose(app: App, path: Path, values: dict[str, Any], read_now: bool | None) -> None:
    """Read once if wanted, and let the person tick the milestones to judge."""
    if read_now is None:
        read_now = click.confirm("Read now, to propose which milestones to judge?", default=True)
    if not read_now:
        return
    from sync.cli.check import propose
    from sync.cli.sync_ import read, show

    show(app, read(app), as_json=False)
    settings = app.settings(with_secrets=False)
    store = app.store(settings)
    try:
        proposals = propose(app, settings, store)
    finally:
        store.close()
    if not proposals:
        app.say("No open milestone is due soon: add names to [milestones] judge later.")
        return
    for n, one in enumerate(proposals, 1):
        app.say(f"  {n}. {one['line']}: {one['why']}")
    text = click.prompt("Which ones shall be judged (numbers, all, or none)", default="all")
    chosen = _chosen(text, len(proposals))
    values["judge"] = ", ".join(toml(proposals[n]["line"]) for n in chosen)
    _write(path, values)
    app.say(f"{len(chosen)} milestones are judged.")


def _chosen(text: str, count: int) -> list[int]:
    """Indices for `all`, `none`, or numbers such as `1,3`."""
    from sync.errors import UsageError

    word = text.strip().lower()
    if word in ("all", "none"):
        return list(range(count)) if word == "all" else []
    numbers = [part.strip() for part in word.replace(" ", ",").split(",") if part.strip()]
    if not all(part.isdecimal() and 1 <= int(part) <= count for part in numbers):
        raise UsageError(f"{text!r} names no proposals", todo=f"Write numbers from 1 to {count}.")
    return [int(part) - 1 for part in numbers]


def _write(path: Path, values: dict[str, Any]) -> None:
    write(path, _TEMPLATE.format(**values).encode())
