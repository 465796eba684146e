"""Settings of one running service: typed, frozen, handed in. A wrong value stops the start and is named; no secret has a default."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from certificates.log.notes import COSIGNATURE, MalformedKey, NoteKey
from certificates.statement import Environment
from marketplace.mail.address import is_address
from marketplace.mail.smtp import MailServer


class RegistryAccess(BaseModel):
    """Where a registry with an API is reached, and our token there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: AnyHttpUrl
    token: SecretStr


class WitnessAccess(BaseModel):
    """A witness of the public log: where it takes checkpoints, and the verifier key of its cosignatures (C2SP)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: AnyHttpUrl
    key: str

    @field_validator("key")
    @classmethod
    def _cosigns(cls, text: str) -> str:
        try:
            key = NoteKey.from_text(text)
        except MalformedKey as malformed:
            raise ValueError(str(malformed)) from malformed
        if key.kind != COSIGNATURE:
            raise ValueError("not a key that cosigns checkpoints")
        return text


class Settings(BaseSettings):
    """Read from environment variables ASHIATO_…; registries and lists are written as JSON."""

    model_config = SettingsConfigDict(env_prefix="ASHIATO_", frozen=True, extra="forbid")

    environment: Environment
    database_url: SecretStr
    base_url: AnyHttpUrl
    stripe_api_key: SecretStr
    stripe_webhook_secrets: Annotated[tuple[SecretStr, ...], Field(min_length=1)]
    stripe_api_base: AnyHttpUrl | None = None
    registries: dict[str, RegistryAccess]
    signing_key_file: Path
    retired_keys_file: Path | None = None
    log_key_file: Path
    witnesses: tuple[WitnessAccess, ...] = ()
    pdf_signing_key_file: Path | None = None
    pdf_signing_chain_file: Path | None = None
    fee_basis_points: Annotated[int, Field(ge=0, le=10_000)] = 500
    rate_limit_factor: Annotated[int, Field(ge=1)] = 1
    quote_lasts: timedelta = timedelta(minutes=30)
    mail_server: SecretStr | None = None
    mail_from: str | None = None
    mail_off: bool = False
    mailbox: bool = False
    operator_mail: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _environments_do_not_mix(self) -> Self:
        live_key = "_live_" in self.stripe_api_key.get_secret_value()
        if live_key != (self.environment is Environment.LIVE):
            raise ValueError("stripe_api_key: a live key belongs to the live environment, a test key to the sandbox")
        if self.environment is Environment.LIVE and self.base_url.scheme != "https":
            raise ValueError("base_url: a live service is reached over https")
        return self

    @model_validator(mode="after")
    def _a_pdf_key_comes_with_its_chain(self) -> Self:
        if (self.pdf_signing_key_file is None) != (self.pdf_signing_chain_file is None):
            raise ValueError("pdf_signing_key_file and pdf_signing_chain_file belong together")
        return self

    @model_validator(mode="after")
    def _mails_leave_or_it_is_said_that_they_do_not(self) -> Self:
        if (self.mail_server is None) != (self.mail_from is None):
            raise ValueError("mail_server and mail_from belong together")
        if self.mail_server is not None:
            MailServer.from_url(self.mail_server.get_secret_value())
        for address in (*self.operator_mail, *filter(None, [self.mail_from])):
            if not is_address(address):
                raise ValueError("mail_from and operator_mail: an address has the form name@domain")
        if self.environment is Environment.LIVE:
            if self.mailbox:
                raise ValueError("mailbox: anyone can read it, so it is for a sandbox on one's own machine")
            if self.mail_server is None and not self.mail_off:
                raise ValueError("mail_server: a live service sends mails; say mail_off=true to run without")
        return self

    @property
    def origin(self) -> str:
        """`base_url` without a slash at the end."""
        return str(self.base_url).rstrip("/")
