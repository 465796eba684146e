"""What every use case of the market works with: the clock, the outside world behind its interfaces, and the terms of trade."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from cryptography.x509 import Certificate

from certificates.keys import KeyRing
from certificates.log.checkpoint import LogTrust
from certificates.log.notes import NoteSigner
from certificates.log.witness import Witness
from marketplace.accounts.sealing import SealKeys
from marketplace.clock import Clock
from marketplace.desk.rules import DeskRules
from marketplace.invoices.issuer import SANDBOX_ISSUER, Issuer
from marketplace.mail.post import Post
from marketplace.notifications.addresses import WebhookRules
from marketplace.payments.gateway import PaymentGateway
from marketplace.payments.payout_gateway import PayoutGateway
from marketplace.payments.plan_gateway import PlanGateway
from marketplace.pools.terms import PoolTerms
from marketplace.registries.gateway import RegistryGateway
from marketplace.sandbox_wishes.doubles import Doubles


@dataclass(frozen=True, slots=True)
class Terms:
    """The operator's terms. `fee_basis_points` is the service fee in hundredths of a percent of the credits' net price.

    `issuer` stands on invoices. A prepaid balance holds at most `balance_most_yen`; with 0 no money is taken ahead. A payout above `payout_alone_yen`, and a change of a listing's price by more
    than `price_alone_percent`, need a second person.
    """

    fee_basis_points: int
    quote_lasts: timedelta
    pools: PoolTerms = field(default_factory=PoolTerms)
    issuer: Issuer = SANDBOX_ISSUER
    balance_most_yen: int = 1_000_000
    payout_alone_yen: int = 1_000_000
    price_alone_percent: int = 50


@dataclass(frozen=True, slots=True)
class PublicLog:
    """Who signs the public log's checkpoints, and who is asked to cosign them; `transport` None asks over the network."""

    signer: NoteSigner
    witnesses: tuple[Witness, ...] = ()
    transport: httpx.AsyncBaseTransport | None = None

    @property
    def trust(self) -> LogTrust:
        """Our own key is enough to believe our log; strangers choose how many witnesses they want."""
        return LogTrust(self.signer.key, tuple(witness.key for witness in self.witnesses))


@dataclass(frozen=True, slots=True)
class Market:
    """`registries` by registry code. `base_url` is where buyers reach us, without a slash at the end.

    `paper_roots` are the authorities that our PDFs' own signatures lead to. `doubles` are the sandbox servers that take wishes;
    a live service has none.
    """

    clock: Clock
    payments: PaymentGateway
    payouts: PayoutGateway
    plans: PlanGateway
    registries: Mapping[str, RegistryGateway]
    signing_keys: KeyRing
    seals: SealKeys
    log: PublicLog
    base_url: str
    terms: Terms
    post: Post
    desk: DeskRules = field(default_factory=DeskRules)
    paper_roots: tuple[Certificate, ...] = ()
    webhooks: WebhookRules = field(default_factory=WebhookRules)
    doubles: Doubles | None = None
