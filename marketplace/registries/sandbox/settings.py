"""Settings of one sandbox registry, and the credentials file that its owner and its clients share.

No secret has a default: tokens are drawn at random on the first start and kept in the data folder, readable by its owner
only. Whoever starts the server hands the file on to those who may act.
"""

import os
import secrets
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

CREDENTIALS_FILE = "credentials.json"
DATABASE_FILE = "registry.sqlite3"
KEY_FILE = "signing-key.json"

Token = Annotated[SecretStr, Field(min_length=20)]


class RegistryClient(BaseModel):
    """One API client and the accounts it may act for; "*" is every account (the market, by proxy of its providers)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    token: Token
    accounts: tuple[str, ...] | Literal["*"] = "*"

    def may_act_for(self, account: str) -> bool:
        return self.accounts == "*" or account in self.accounts


class SandboxRegistrySettings(BaseModel):
    """`unique_references=False` makes it a registry that does not know our references from one another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    admin_token: Token
    clients: tuple[RegistryClient, ...]
    name: str = "Ashiato sandbox registry"
    unique_references: bool = True


class Credentials(BaseModel):
    """The content of credentials.json: one admin token, and the token of the market's client."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    admin_token: str
    client_token: str

    @classmethod
    def kept_in(cls, data: Path) -> Self:
        """The credentials of this data folder, drawn on the first call and kept. Safe against two starts at once."""
        data.mkdir(parents=True, exist_ok=True)
        path = data / CREDENTIALS_FILE
        fresh = cls(admin_token=secrets.token_urlsafe(32), client_token=secrets.token_urlsafe(32))
        write_once(path, fresh.model_dump_json().encode())
        return cls.model_validate_json(path.read_bytes())

    def settings(self, data: Path, *, unique_references: bool = True) -> SandboxRegistrySettings:
        market = RegistryClient(name="market", token=SecretStr(self.client_token))
        return SandboxRegistrySettings(
            data=data,
            admin_token=SecretStr(self.admin_token),
            clients=(market,),
            unique_references=unique_references,
        )


def write_once(path: Path, content: bytes) -> None:
    """Write a file readable by its owner only, unless it exists; whole or not at all, whoever else tries."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another start was first: its content counts
    finally:
        draft.unlink()
