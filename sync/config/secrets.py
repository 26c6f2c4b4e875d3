"""Secrets from outside the file: environment, file, command, key store; never shown."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from connectors import redaction
from sync.errors import ConfigError

#: Longest a secret command may take, seconds.
COMMAND_SECONDS = 30


def remember(secret: str) -> SecretStr:
    """Note a secret, so that `mask` hides it wherever it turns up."""
    redaction.remember(secret)
    return SecretStr(secret)


def mask(text: str) -> str:
    """The text without any secret read so far, plain or escaped, in base64 or hexadecimal."""
    return redaction.mask(text)


def resolve(
    where: str,
    *,
    value: SecretStr | None,
    env: str | None,
    file: str | None,
    command: str | Sequence[str] | None,
    keyring: str | None,
    base: Path,
    environ: Mapping[str, str] = os.environ,
) -> SecretStr | None:
    """The secret from the first source that is configured; None if none is.

    `where` names the setting in errors, which never hold the secret. A relative path is taken from
    `base`. Raises ConfigError when a configured source gives nothing.
    """
    if value is not None and value.get_secret_value():
        return remember(value.get_secret_value())
    _not_the_secret(where, env, file, command, keyring)
    if env:
        found = environ.get(env)
        if not found:
            raise ConfigError(
                f"the environment variable {env} is not set", where=where, todo="Set it and retry."
            )
        return remember(found.strip())
    if file:
        return remember(_from_file(where, base / Path(file).expanduser()))
    if command:
        return remember(_from_command(where, command))
    if keyring:
        return remember(_from_keyring(where, keyring))
    return None


def _not_the_secret(where: str, *places: str | Sequence[str] | None) -> None:
    """Refuse a secret that stands where its place should; the error does not repeat it."""
    for place in places:
        if isinstance(place, str) and redaction.looks_like_secret(place):
            remember(place)
            raise ConfigError(
                "this is not where the secret is but, by its looks, the secret itself",
                where=where,
                todo="Replace it, since it stood in a file, and name a place of the new one.",
            )


def _from_file(where: str, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the file {path} cannot be read ({type(error).__name__})",
            where=where,
            todo="Check the path and its permissions.",
        ) from None
    first = text.strip().splitlines()
    if not first:
        raise ConfigError(f"the file {path} is empty", where=where, todo="Write the secret in it.")
    return first[0].strip()


def _from_command(where: str, command: str | Sequence[str]) -> str:
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError as error:
        raise ConfigError(f"the command cannot be read: {error}", where=where) from None
    if not words:
        raise ConfigError("the command is empty", where=where)
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise ConfigError(
            f"the command {words[0]!r} does not exist", where=where, todo="Check its path."
        ) from None
    except subprocess.TimeoutExpired:
        raise ConfigError(
            f"the command {words[0]!r} took longer than {COMMAND_SECONDS} seconds",
            where=where,
            todo="Run it by hand: it may be waiting for an answer.",
        ) from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(
            f"the command {words[0]!r} gave nothing ({type(error).__name__})", where=where
        ) from None
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        raise ConfigError(
            f"the command {words[0]!r} ended with {done.returncode} and printed "
            f"{'something' if lines else 'nothing'}",
            where=where,
            todo="Run it by hand to see why.",
        )
    return lines[0].strip()


def _from_keyring(where: str, name: str) -> str:
    service, _, user = name.partition("/")
    try:
        import keyring
    except ModuleNotFoundError:
        raise ConfigError(
            "the key store needs the package keyring",
            where=where,
            todo="Install it with: pip install 'driftline[keyring]'",
        ) from None
    try:
        found = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise ConfigError(
            f"the key store does not answer ({type(error).__name__})", where=where
        ) from None
    if not found:
        raise ConfigError(
            f"the key store has nothing for {service}/{user}",
            where=where,
            todo=f"Store it with: keyring set {service} {user}",
        )
    return found
