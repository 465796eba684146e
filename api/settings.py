"""Settings of one running service: typed, frozen, handed in. A wrong value stops the start and is named; no secret has a default."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from certificates.statement import Environment


class RegistryAccess(BaseModel):
    """Where a registry with an API is reached, and our token there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: AnyHttpUrl
    token: SecretStr


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
    fee_basis_points: Annotated[int, Field(ge=0, le=10_000)] = 500
    quote_lasts: timedelta = timedelta(minutes=30)

    @model_validator(mode="after")
    def _environments_do_not_mix(self) -> Self:
        live_key = "_live_" in self.stripe_api_key.get_secret_value()
        if live_key != (self.environment is Environment.LIVE):
            raise ValueError("stripe_api_key: a live key belongs to the live environment, a test key to the sandbox")
        if self.environment is Environment.LIVE and self.base_url.scheme != "https":
            raise ValueError("base_url: a live service is reached over https")
        return self

    @property
    def origin(self) -> str:
        """`base_url` without a slash at the end."""
        return str(self.base_url).rstrip("/")
