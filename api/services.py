"""Builds the market from the settings: the only place where real gateways are chosen."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from cryptography.x509 import Certificate
from tortoise import Tortoise

from api.pdf_press import PdfPress, signing_authority
from api.registry_ways import desk_rules, open_registries, sandbox_doubles
from api.settings import Settings
from certificates.keys import KeyRing
from certificates.log.log_key import load_log_signer
from certificates.log.notes import NoteKey
from certificates.log.witness import Witness
from certificates.statement import Environment
from marketplace.accounts.sealing import SealKeys
from marketplace.clock import system_clock
from marketplace.database.connect import tortoise_config
from marketplace.footprints.service import FootprintDrafts, StoredFootprints
from marketplace.mail.post import Post, Wording
from marketplace.mail.smtp import MailServer, SmtpCarrier
from marketplace.market import Market, PublicLog, Terms
from marketplace.notifications.addresses import WebhookRules
from marketplace.payments.stripe import StripeGateway
from marketplace.payments.stripe_payouts import StripePayouts
from marketplace.payments.stripe_plans import StripePlans
from marketplace.pools.terms import PoolTerms
from marketplace.registries.profiles import load_profiles


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers find in `request.state["services"]`."""

    environment: str
    public_origin: str
    market: Market
    footprints: StoredFootprints
    drafts: FootprintDrafts
    press: PdfPress


@asynccontextmanager
async def running_market(settings: Settings, wording: Wording) -> AsyncIterator[Market]:
    """The market with its connections open: database, payment provider and registries. `wording`: api/mail_wording.py."""
    payments = StripeGateway(
        api_key=settings.stripe_api_key,
        webhook_secrets=settings.stripe_webhook_secrets,
        api_base=str(settings.stripe_api_base).rstrip("/") if settings.stripe_api_base else None,
    )
    desk, doubles = desk_rules(settings), sandbox_doubles(settings)
    opened = AsyncExitStack()
    await Tortoise.init(config=tortoise_config(settings.database_url.get_secret_value()), _enable_global_fallback=True)
    try:
        registries = await open_registries(settings, desk.profiles, system_clock, opened, doubles)
        yield Market(
            clock=system_clock,
            payments=payments,
            payouts=StripePayouts(payments.connection),
            plans=StripePlans(payments.connection),
            registries=registries,
            signing_keys=key_ring(settings),
            seals=SealKeys.from_text(settings.seal_keys_file.read_text("utf-8")),
            log=public_log(settings),
            paper_roots=paper_roots(settings),
            base_url=settings.origin,
            post=post(settings, wording),
            desk=desk,
            webhooks=WebhookRules(
                https_only=settings.environment is Environment.LIVE, to_loopback=settings.webhooks_to_loopback
            ),
            doubles=doubles,
            terms=Terms(
                fee_basis_points=settings.fee_basis_points,
                price_alone_percent=settings.price_alone_percent,
                quote_lasts=settings.quote_lasts,
                pools=pool_terms(settings),
                issuer=settings.issuer,
                payout_alone_yen=settings.payout_alone_yen,
                balance_most_yen=balance_most_yen(settings),
            ),
        )
    finally:
        await opened.aclose()
        await payments.close()
        await Tortoise.close_connections()


def balance_most_yen(settings: Settings) -> int:
    """A live service takes money ahead only where its operator says how much: the law sets duties by amount."""
    if settings.balance_most_yen is not None:
        return settings.balance_most_yen
    return 1_000_000 if settings.environment is Environment.SANDBOX else 0


def pool_terms(settings: Settings) -> PoolTerms:
    """In a sandbox every registry has pools; a live service has them where its operator says that they are accepted."""
    allowed = settings.pool_registries
    if allowed is None:
        in_sandbox = settings.environment is Environment.SANDBOX
        allowed = frozenset(code for code, profile in load_profiles().items() if in_sandbox and profile.sellable)
    return PoolTerms(
        registries=allowed,
        credit_user=settings.pool_credit_user,
        pools=settings.pools_per_listing,
        pool_tonnes=settings.pool_tonnes,
        low_g=settings.pool_low_g,
        longest_wait=settings.pool_longest_wait,
    )


def key_ring(settings: Settings) -> KeyRing:
    """Raises UnusableKey or KeyOfOtherEnvironment if the key file is not for this environment."""
    history = settings.retired_keys_file.read_text("utf-8") if settings.retired_keys_file else None
    return KeyRing.load(settings.environment, settings.signing_key_file.read_text("utf-8"), history)


def public_log(settings: Settings) -> PublicLog:
    """Raises UnusableKey or KeyOfOtherEnvironment if the key file is not for this environment."""
    text = settings.log_key_file.read_text("utf-8")
    return PublicLog(
        load_log_signer(text, settings.environment, issuer_url=settings.origin),
        tuple(Witness(str(one.url).rstrip("/"), NoteKey.from_text(one.key)) for one in settings.witnesses),
    )


def post(settings: Settings, wording: Wording) -> Post:
    """Mails leave through the mail server of the settings, or stay for the mailbox page, or are withheld."""
    carrier = None
    if settings.mail_server is not None and settings.mail_from is not None:
        carrier = SmtpCarrier(MailServer.from_url(settings.mail_server.get_secret_value()), settings.mail_from)
    return Post(wording, carrier, keeps_copies=settings.mailbox, operators=settings.operator_mail)


def paper_roots(settings: Settings) -> tuple[Certificate, ...]:
    """The authority that PDFs of this service are signed under; none if they are not signed. Raises UnusableKey, OSError."""
    authority = signing_authority(settings)
    return () if authority is None else (authority.root,)


def services(settings: Settings, market: Market) -> Services:
    return Services(
        environment=settings.environment.value,
        public_origin=settings.origin,
        market=market,
        footprints=StoredFootprints(market.clock),
        drafts=FootprintDrafts(market.clock),
        press=PdfPress(signing_authority(settings)),
    )
