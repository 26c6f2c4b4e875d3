"""Secrets from outside the file: environment, file, command, key store; never shown."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from sync.errors import ConfigError

#: Longest a secret command may take, seconds.
COMMAND_SECONDS = 30


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
        return value
    if env:
        found = environ.get(env)
        if not found:
            raise ConfigError(
                f"the environment variable {env} is not set", where=where, todo="Set it and retry."
            )
        return SecretStr(found.strip())
    if file:
        return SecretStr(_from_file(where, base / Path(file).expanduser()))
    if command:
        return SecretStr(_from_command(where, command))
    if keyring:
        return SecretStr(_from_keyring(where, keyring))
    return None


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
    words = shlex.split(command) if isinstance(command, str) else list(command)
    if not words:
        raise ConfigError("the command is empty", where=where)
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
    except FileNotFoundError:
        raise ConfigError(
            f"the command {words[0]!r} does not exist", where=where, todo="Check its path."
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
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
