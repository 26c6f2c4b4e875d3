"""Make a mail smaller for a server that takes no large ones, and say so in the mail."""

from copy import deepcopy
from email.message import EmailMessage, Message

_NAME = "left-out.txt"


def lighten(message: EmailMessage, limit: int | None) -> EmailMessage:
    """The mail without attachments, and if `limit` (bytes) asks for it without pictures.

    A short text stands in the place of what was attached. `limit` None: the server does not say
    what it takes.
    """
    takes = "no mail this large" if limit is None else f"no mail over {limit:,} bytes"
    light = deepcopy(message)
    for part in list(light.iter_attachments()) if light.is_multipart() else []:
        name = part.get_filename() or "a file"
        part.clear()
        part.set_content(
            f"{name} is left out: the mail server takes {takes}.\nAsk the sender for it.\n",
            disposition="attachment",
            filename=_NAME,
        )
    if limit is not None and len(light.as_bytes()) > limit:
        for part in light.walk():
            if part.get_content_type() == "multipart/related":
                # Their words stand in the mail as well.
                kept: list[Message | str] = [
                    one for one in part.iter_parts() if one.get_content_maintype() != "image"
                ]
                part.set_payload(kept)
    return light
