"""What proves who somebody is: a file of the data folder, apart from the log, which holds no secret.

For a person the argon2id hash of a random secret (RFC 9106), for a small device the key with which it
answers challenges. A credential counts only together with the access in the log that has its number.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import Collection
from pathlib import Path

import msgspec
from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError
from msgspec import Struct

from events.domain import AccessRole
from events.errors import ToctocError
from events.signing import device_key

# OWASP's first choice for argon2id. The secrets are random and of 256 bits, so it is not the cost that
# makes them safe; two of these at once are 38 MiB, which a small server has.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16)
ACCESS_FILE = "access.json"
_TOKEN = re.compile(r"([1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})")


class CredentialsBroken(ToctocError):
    """The file cannot be read; the text says why and what to do."""


class NameTaken(ToctocError, ValueError):
    """Two cannot have the same name.

    Attributes:
        access: Number of the one that has it.
        name: The name.
    """

    def __init__(self, access: int, name: str) -> None:
        super().__init__(access, name)
        self.access, self.name = access, name

    def __str__(self) -> str:
        return f"access {self.access} has the name {self.name!r} already; revoke it first, or take another"


class Credential(Struct, frozen=True, kw_only=True):
    """What is known of one access.

    Attributes:
        name: Of the person or the device.
        proof: An argon2id hash, or a device's key as 64 hex digits.
    """

    name: str
    role: AccessRole
    proof: str


def new_secret() -> str:
    """Make a secret of 256 bits."""
    return secrets.token_urlsafe(32)


def proof_of(role: AccessRole, secret: str) -> str:
    """Make of a secret what the server keeps. Of an operator's this takes some 30 ms."""
    return device_key(secret) if role == "device" else _HASHER.hash(secret)


def is_proof(role: AccessRole, proof: str) -> bool:
    """Tell whether a text is what `proof_of` makes: a costlier hash would slow down every login."""
    if role == "device":
        return re.fullmatch("[0-9a-f]{64}", proof) is not None
    try:
        given, ours = extract_parameters(proof), extract_parameters(NOBODY)
    except InvalidHashError:
        return False
    return given == ours and given.type is Type.ID and not _HASHER.check_needs_rehash(proof)


def token(number: int, secret: str) -> str:
    """Write the token that a person keeps: the access's number and the secret."""
    return f"{number}.{secret}"


def read_token(text: str) -> tuple[int, str] | None:
    """Take a token apart; None for what is none."""
    found = _TOKEN.fullmatch(text)
    return (int(found[1]), found[2]) if found else None


def verifies(proof: str, secret: str) -> bool:
    """Tell whether a secret is the one that was hashed. Takes some 30 ms and 19 MiB, on any thread.

    Args:
        proof: What is known; `NOBODY` for an access that does not exist, which takes as long.
        secret: What somebody says.
    """
    try:
        return _HASHER.verify(proof, secret)
    except (Argon2Error, InvalidHashError):
        return False


# The hash of a random secret that nobody kept, made once: with this salt nothing else comes out.
NOBODY = _HASHER.hash(base64.b64encode(os.urandom(32)))


class Credentials:
    """The file.

    Args:
        path: ``access.json`` in the data folder; readable by its owner only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[int, Credential]:
        """Read all of them.

        Raises:
            CredentialsBroken: The file is not what we wrote.
            OSError: It cannot be read.
        """
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[int, Credential])
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError as error:
            raise CredentialsBroken(
                f"{self._path}: {error}; put back a copy of it, or move it away and grant every access anew"
            ) from None

    def grant(self, number: int, credential: Credential, standing: Collection[int]) -> None:
        """Keep one; it is on disk when this returns.

        Args:
            number: Of the access.
            credential: What proves it.
            standing: Numbers of the other accesses that there are; what else is here is left of a grant
                that was cut short, and forgotten.

        Raises:
            NameTaken: Another one that stands has this name.
            CredentialsBroken: The file is not what we wrote.
            OSError: It cannot be written.
        """
        kept = {n: one for n, one in self.read().items() if n in standing}
        for taken, one in kept.items():
            if one.name == credential.name:
                raise NameTaken(taken, credential.name)
        write_secret(self._path, msgspec.json.encode({**kept, number: credential}))

    def forget(self, number: int) -> None:
        """Forget one, with its name.

        Raises:
            CredentialsBroken: The file is not what we wrote.
            OSError: It cannot be written.
        """
        known = self.read()
        if known.pop(number, None) is not None:
            write_secret(self._path, msgspec.json.encode(known))


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)  # of a start that was cut short, with whatever rights
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
