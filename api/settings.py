"""Settings of one running service: typed, frozen, handed in. A wrong value stops the start and is named; no secret has a default."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from certificates.log.notes import COSIGNATURE, MalformedKey, NoteKey
from certificates.statement import GRAMS_PER_TONNE, Environment
from marketplace.invoices.issuer import SANDBOX_ISSUER, Issuer
from marketplace.mail.address import is_address
from marketplace.mail.smtp import MailServer
from marketplace.outbox.worker import LEASE
from marketplace.registries.profiles import Calendar, load_profiles


class Via(StrEnum):
    """How a registry is reached: by hand at the desk, through an API, or through the sandbox registry, which speaks the same."""

    DESK = "desk"
    HTTP = "http"
    SANDBOX = "sandbox"


class RegistryAccess(BaseModel):
    """How one registry is reached. `url` and our `token` belong to an API; `desk_accounts` are operated by hand all the same.

    `calendar` and `limits` (by field code) replace what its profile presumes: the hours, cut-offs and lengths of its form.
    `fault_token` is the sandbox registry's administration token: with it, orders may ask for faults.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    via: Via = Via.HTTP
    url: AnyHttpUrl | None = None
    token: SecretStr | None = None
    fault_token: SecretStr | None = None
    desk_accounts: tuple[str, ...] = ()
    calendar: Calendar | None = None
    limits: dict[str, Annotated[int, Field(gt=0)]] = {}

    @model_validator(mode="after")
    def _an_api_has_an_address(self) -> Self:
        if (self.via is Via.DESK) != (self.url is None) or (self.url is None) != (self.token is None):
            raise ValueError("url and token belong to a registry that is not operated by hand")
        if self.fault_token is not None and self.via is not Via.SANDBOX:
            raise ValueError("fault_token: only the sandbox registry fails on request")
        return self


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
    registries: dict[str, RegistryAccess] = {}
    desk_four_eyes: bool = False
    desk_remind_before: timedelta = timedelta(hours=24)
    desk_alarm_after: timedelta = timedelta(hours=24)
    signing_key_file: Path
    seal_keys_file: Path
    retired_keys_file: Path | None = None
    log_key_file: Path
    witnesses: tuple[WitnessAccess, ...] = ()
    pdf_signing_key_file: Path | None = None
    pdf_signing_chain_file: Path | None = None
    job_lease: timedelta = LEASE
    price_alone_percent: Annotated[int, Field(ge=0)] = 50
    fee_basis_points: Annotated[int, Field(ge=0, le=10_000)] = 500
    rate_limit_factor: Annotated[int, Field(ge=1)] = 1
    quote_lasts: timedelta = timedelta(minutes=30)
    pool_registries: frozenset[str] | None = None
    pool_credit_user: Annotated[str, Field(min_length=1, max_length=200)] = "Ashiato"
    pools_per_listing: Annotated[int, Field(ge=1, le=100)] = 3
    pool_tonnes: Annotated[int, Field(ge=1, le=10_000)] = 1
    pool_low_g: Annotated[int, Field(ge=0)] = 200_000
    pool_longest_wait: timedelta = timedelta(days=45)
    issuer_name: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    issuer_address: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    invoice_number: Annotated[str | None, Field(pattern=r"^T[0-9]{13}$")] = None
    balance_most_yen: Annotated[int, Field(ge=0)] | None = None
    payout_alone_yen: Annotated[int, Field(ge=0)] = 1_000_000
    mail_server: SecretStr | None = None
    mail_from: str | None = None
    mail_off: bool = False
    mailbox: bool = False
    operator_mail: tuple[str, ...] = ()
    webhooks_to_loopback: bool = False

    @model_validator(mode="after")
    def _environments_do_not_mix(self) -> Self:
        live_key = "_live_" in self.stripe_api_key.get_secret_value()
        if live_key != (self.environment is Environment.LIVE):
            raise ValueError("stripe_api_key: a live key belongs to the live environment, a test key to the sandbox")
        if self.environment is Environment.LIVE and self.base_url.scheme != "https":
            raise ValueError("base_url: a live service is reached over https")
        return self

    @model_validator(mode="after")
    def _registries_are_known_and_not_mixed(self) -> Self:
        profiles = load_profiles()
        for code, access in self.registries.items():
            if code not in profiles:
                raise ValueError(f"registries: there is no registry {code}")
            if access.via is Via.SANDBOX and self.environment is Environment.LIVE:
                raise ValueError(f"registries: {code} cannot be the sandbox registry in a live service")
            try:
                profiles[code].with_settings(access.calendar, access.limits)
            except ValueError as wrong:
                raise ValueError(f"registries: {wrong}") from wrong
        return self

    @model_validator(mode="after")
    def _a_full_pool_is_not_used_up(self) -> Self:
        # else each new pool would count as used up and be followed by the next, until no unit is left
        if self.pool_low_g > self.pool_tonnes * GRAMS_PER_TONNE:
            raise ValueError("pool_low_g: a pool of pool_tonnes tonnes has fewer grams")
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

    @model_validator(mode="after")
    def _webhooks_leave_the_machine(self) -> Self:
        if self.webhooks_to_loopback and self.environment is Environment.LIVE:
            raise ValueError(
                "webhooks_to_loopback: for a sandbox on one's own machine; anyone could reach its inner services"
            )
        return self

    @model_validator(mode="after")
    def _invoices_have_an_issuer(self) -> Self:
        if (self.issuer_name is None) != (self.issuer_address is None):
            raise ValueError("issuer_name and issuer_address belong together")
        if self.environment is Environment.LIVE and self.issuer_name is None:
            raise ValueError("issuer_name: a live service names on its invoices who issues them")
        return self

    @property
    def issuer(self) -> Issuer:
        """Who stands on invoices; a sandbox without one has an invented issuer."""
        if self.issuer_name is None or self.issuer_address is None:
            return SANDBOX_ISSUER
        return Issuer(self.issuer_name, self.issuer_address, self.invoice_number)

    @property
    def origin(self) -> str:
        """`base_url` without a slash at the end."""
        return str(self.base_url).rstrip("/")
