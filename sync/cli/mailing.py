"""Mails to those who read the report: whose turn it is, what of it is theirs, and what waits."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sync.cli.app import App
from sync.cli.resend import tell
from sync.files import write

if TYPE_CHECKING:
    from datetime import datetime
    from email.message import EmailMessage

    from sync.config.models import MailSettings
    from sync.config.settings import Settings
    from sync.reconcile.contract import Reconciliation
    from sync.report.approval import Gate
    from sync.report.build import Repeating
    from sync.report.data import ReportData
    from sync.report.note import Note
    from sync.report.recipients import Recipient
    from sync.report.smtp import Smtp
    from sync.report.waiting import Waiting
    from sync.store.open import Store


def mail_settings(settings: "Settings") -> "MailSettings":
    """The table [mail]. Raises ConfigError where there is none."""
    from sync.errors import ConfigError

    if settings.root.mail is None:
        raise ConfigError(
            "no mail is configured",
            where=str(settings.path or ""),
            todo="Add a table [mail] with from and to.",
        )
    return settings.root.mail


def mail_out(
    app: App,
    settings: "Settings",
    store: "Store",
    result: "Reconciliation",
    *,
    audience: str | None = None,
    dry_run: bool = False,
    only_due: bool = False,
) -> frozenset[int]:
    """Mail it, or write drafts where no server is configured; exit codes that apply.

    `audience` in place of the configured ones. `dry_run` writes the drafts of everybody and notes
    nothing: the next mail is still due. `only_due`: to those whose turn it is. Trouble with one
    recipient never stops the others.
    """
    from sync.cli import wiring
    from sync.cli.trouble import explain
    from sync.errors import DriftlineError
    from sync.report import approval

    configured = mail_settings(settings)
    gate = approval.gate(
        store,
        now=app.clock.now(),
        only_owner_days=configured.only_me_days,
        configured=configured.approved,
    )
    post = _Post(app, settings, store, result, gate, dry_run=dry_run, only_due=only_due)
    codes: set[int] = set()
    for place, recipient in enumerate(wiring.recipients(settings, audience)):
        try:
            codes |= post.deliver(place, recipient)
        except DriftlineError as error:
            text, code = explain(error)
            app.trouble(f"{recipient.address}: {text}")
            codes.add(code)
    if post.held:
        mails = "1 mail waits" if post.held == 1 else f"{post.held} mails wait"
        app.note(f"{mails} until you have read the report: driftline report approve")
    return frozenset(codes)


def send_waiting(
    app: App,
    settings: "Settings",
    store: "Store",
    held: "Sequence[Waiting]",
    note: "Note | None",
) -> frozenset[int]:
    """Send what waited, with the note beside the verdict; exit codes that apply."""
    from sync.cli.trouble import explain
    from sync.errors import DriftlineError
    from sync.report import outbox
    from sync.report.waiting import replaced

    codes: set[int] = set()
    for place, one in enumerate(held, 1):
        try:
            data, report_id = one.data, one.report_id
            if note is not None:
                data = replace(data, note=note)
                report_id = outbox.store_report(store, data, now=app.clock.now()).id
            codes |= hand_over(app, settings, store, data, report_id, one.recipient, place)
            if report_id != one.report_id:
                replaced(store, one)
        except DriftlineError as error:
            text, code = explain(error)
            app.trouble(f"{one.recipient}: {text}")
            codes.add(code)
    return frozenset(codes)


class _Post:
    """One round of mails about one reconciliation."""

    def __init__(
        self,
        app: App,
        settings: "Settings",
        store: "Store",
        result: "Reconciliation",
        gate: "Gate",
        *,
        dry_run: bool,
        only_due: bool,
    ) -> None:
        self.app, self.settings, self.store, self.result = app, settings, store, result
        self.gate, self.dry_run, self.only_due = gate, dry_run, only_due
        self.now = app.clock.now()
        #: mails that were made and wait for approval.
        self.held = 0

    def deliver(self, place: int, recipient: "Recipient") -> frozenset[int]:
        """What this recipient gets now, if anything."""
        from sync.report import outbox, schedule, waiting
        from sync.report.address import parse_address
        from sync.report.mail import message_id

        if not recipient.is_owner and not self.dry_run and self.gate.owner_alone(self.now):
            return frozenset()
        run_id = self.result.run_id
        last = outbox.last_mailed_at(self.store, before_run=run_id, recipient=recipient.address)
        data = read_by(self.store, self.result, recipient)
        why = schedule.due(data, now=self.now, last_mailed_at=last, schedule=recipient.schedule)
        if self.only_due and why is None:
            return frozenset()
        between = self.only_due and not schedule.is_weekly(why)
        if between and outbox.refuses(self.store, recipient.address):
            self.app.note(
                f"{recipient.address}: the last mail was refused, so this one waits for the weekly "
                "day; `driftline report --email` tries at once"
            )
            return frozenset()
        if not schedule.is_weekly(why):
            data = read_by(self.store, self.result, recipient, repeating="none")
        if self.dry_run:
            self._draft(data, recipient.address, place)
            return frozenset()
        report_id = outbox.store_report(self.store, data, now=self.now).id
        if recipient.is_owner or self.gate.opens(self.now):
            return hand_over(
                self.app, self.settings, self.store, data, report_id, recipient.address, place
            )
        sender = parse_address(mail_settings(self.settings).sender, "mail.from")
        to = parse_address(recipient.address, "mail.to")
        waiting.hold(
            self.store, report_id, recipient.address, message_id(data, sender, to), now=self.now
        )
        self.held += 1
        return frozenset()

    def _draft(self, data: "ReportData", address: str, place: int) -> None:
        from sync.report.mail import eml

        message = _mail(self.settings, self.store, data, address, self.now, draft=True)
        path = _draft_path(self.app, self.settings, place)
        write(path, eml(message))
        self.app.note(f"Draft for {address}: {path}")


def read_by(
    store: "Store",
    result: "Reconciliation",
    recipient: "Recipient",
    *,
    repeating: "Repeating" = "weekly",
) -> "ReportData":
    """What the report says to this reader, compared with the one that they got last."""
    from sync.reconcile.since import since
    from sync.report import outbox
    from sync.report.approval import note_of
    from sync.report.build import build

    # Readers are told what changed since their last mail, not since the last run; who never had
    # one, since the last that anybody got.
    before = outbox.last_mailed(
        store, before_run=result.run_id, recipient=recipient.address
    ) or outbox.last_mailed(store, before_run=result.run_id)
    return build(
        result,
        story=None if before is None else since(store, result, before.run_id),
        audience=recipient.audience,
        previous=before,
        for_owner=recipient.is_owner,
        reader=recipient,
        note=note_of(store, result.run_id),
        repeating=repeating,
    )


def hand_over(
    app: App,
    settings: "Settings",
    store: "Store",
    data: "ReportData",
    report_id: int,
    address: str,
    place: int,
) -> frozenset[int]:
    """Send one mail, or write its draft where no server is configured; exit codes that apply."""
    from sync.cli import wiring
    from sync.report import outbox
    from sync.report.mail import eml

    now = app.clock.now()
    server: Smtp | None = wiring.smtp(settings)
    message = _mail(settings, store, data, address, now, draft=server is None)
    if server is None:
        path = _draft_path(app, settings, place)
        write(path, eml(message))
        outbox.record_draft(store, report_id, address, message, now=now)
        app.note(f"Draft for {address}: {path}")
        return frozenset()
    return tell(app, outbox.send(store, report_id, {address: message}, server, now=now))


def _mail(
    settings: "Settings",
    store: "Store",
    data: "ReportData",
    address: str,
    now: "datetime",
    *,
    draft: bool,
) -> "EmailMessage":
    from sync.cli import wiring
    from sync.report import mailto
    from sync.report.mail import compose

    configured = mail_settings(settings)
    # The owner's address: whoever runs it reads what comes back.
    owner = wiring.recipients(settings)[0].address
    return compose(
        data,
        sender=configured.sender,
        recipient=address,
        date=now,
        draft=draft,
        thread=configured.thread,
        contact=owner,
        links={
            fingerprint: one.named
            for fingerprint, one in mailto.links(
                mailto.askable(data),
                key=mailto.key_of(store, now),
                reader=address,
                to=configured.answers_to or owner,
                program=data.program,
            ).items()
        },
    )


def _draft_path(app: App, settings: "Settings", place: int) -> Path:
    name = f"report-{app.clock.now():%Y%m%d-%H%M}" + (f"-{place + 1}" if place else "") + ".eml"
    return settings.base / settings.root.report.directory / name
