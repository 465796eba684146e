"""A quote as a token that its holder can show anybody: our signature under the price, the lines and the deadline.

A compact JSON Web Signature (RFC 7515) with ES256 and a type of its own, so that it is never taken for a certificate.
"""

import json
from collections.abc import Sequence
from typing import Any

from certificates.jose import ALGORITHM, to_base64url
from certificates.keys import KeyRing
from marketplace.pools.models import PoolLine
from marketplace.quotes.models import Quote, QuoteLine

TYPE = "quote+jwt"


def sign_quote(
    quote: Quote, lines: Sequence[QuoteLine], pool_lines: Sequence[PoolLine], *, ring: KeyRing, issuer_url: str
) -> str:
    claims = {
        "iss": issuer_url,
        "jti": quote.id,
        "iat": int(quote.created_at.timestamp()),
        "exp": int(quote.expires_at.timestamp()),
        "environment": ring.environment.value,
        "amount_g": quote.grams,
        "footprint_id": quote.footprint_id,
        "lines": [
            *(
                {"listing_id": one.listing_id, "tonnes": one.tonnes, "yen_per_tonne": one.yen_per_tonne}
                for one in lines
            ),
            *(
                {"listing_id": one.listing_id, "pool_g": one.grams, "yen_per_tonne": one.yen_per_tonne}
                for one in pool_lines
            ),
        ],
        "credits_yen": quote.credits_yen,
        "fee_yen": quote.fee_yen,
        "tax_yen": quote.tax_yen,
        "total_yen": quote.total_yen,
        "currency": "JPY",
    }
    signer = ring.active
    signing_input = f"{_part({'alg': ALGORITHM, 'typ': TYPE, 'kid': signer.key.kid})}.{_part(claims)}"
    return f"{signing_input}.{to_base64url(signer.sign(signing_input.encode('ascii')))}"


def _part(value: dict[str, Any]) -> str:
    return to_base64url(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
