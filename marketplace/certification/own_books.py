"""Our certificates beside their signatures, their log entries and their shares: what somebody edited by hand is named."""

from certificates.self_check import Contradiction, contradictions
from certificates.verify import TrustedIssuer
from marketplace.market import Market


async def differences(market: Market) -> list[Contradiction]:
    """Everything in the certificate tables that contradicts something else; empty on sound books."""
    issuer = TrustedIssuer(market.base_url, market.signing_keys.keys, market.log.trust)
    return await contradictions(issuer, now=market.clock())
