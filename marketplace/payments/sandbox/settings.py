"""What the sandbox is started with."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class SandboxPaymentSettings:
    """`public_url` is where a browser reaches the payment page; `webhook_url` None sends no webhooks.

    With several `webhook_secrets` every webhook carries one signature for each, as while a secret is being replaced.
    `webhook_events` None sends every type.
    Raises: ValueError, naming the setting.
    """

    data: Path
    public_url: str
    api_key: str = field(repr=False)
    webhook_url: str | None = None
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    webhook_events: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not self.api_key.startswith("sk_test_") or len(self.api_key) < len("sk_test_") + 8:
            raise ValueError("api key: a key for the sandbox starts with sk_test_ and has at least 8 more characters")
        if self.webhook_url is not None:
            if urlsplit(self.webhook_url).scheme not in ("http", "https"):
                raise ValueError("webhook url: an absolute http or https address is needed")
            if not self.webhook_secrets:
                raise ValueError("webhook secret: webhooks are signed, so a webhook url needs at least one secret")
        if not all(secret.startswith("whsec_") for secret in self.webhook_secrets):
            raise ValueError("webhook secret: each starts with whsec_")

    @property
    def subscribed(self) -> frozenset[str] | None:
        """The event types to send: none without an address, None for all."""
        return frozenset() if self.webhook_url is None else self.webhook_events
