"""Mail addresses out of configuration: checked, and safe in a header."""

import re
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import getaddresses

from sync.errors import ConfigError
from sync.report.clean import clean


def parse_address(text: str, where: str = "mail") -> Address:
    """`Name <user@host>` or `user@host`; a host with other letters becomes its ASCII form.

    Raises ConfigError for anything but exactly one address, and for line breaks.
    """
    pairs = getaddresses([text]) if clean(text, 1000) == text.strip() else []
    if len(pairs) == 1:
        name, spec = pairs[0]
        user, at, host = spec.rpartition("@")
        if at and user and host and spec in text and not re.search(r"[\s,;<>\"()\[\]\\]", spec):
            try:
                ascii_host = host.encode("idna").decode("ascii")
                return Address(clean(name, 120), username=user, domain=ascii_host)
            except (UnicodeError, ValueError, MessageError, IndexError):
                pass
    raise ConfigError(
        f"{clean(text, 120)!r} is not one mail address",
        where=where,
        todo='Write it as "Name <user@example.com>".',
    )
