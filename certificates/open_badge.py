"""The same certificate as an Open Badges 3.0 credential, for wallets and sites that show badges.

It says what the statement says, in the badge vocabulary: the cancelled grams are a result of the achievement, the
certificate's page is its evidence. It has the certificate's status entry, so revoking one revokes both. It is a view:
only the certificate's own credential is verified as a certificate. Source: 1EdTech Open Badges 3.0, section 8.2
(JSON Web Token proof format), where the header carries the public key and `nbf` and `jti` repeat date and id.
"""

import json
from typing import Any

from certificates.credential import VC_CONTEXT, StatusSlot, certificate_url, credential_claims, rfc3339
from certificates.jose import ALGORITHM, to_base64url
from certificates.keys import KeyOfOtherEnvironment, KeyRing
from certificates.statement import Environment, Statement

BADGE_CONTEXT = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
ISSUER_NAME = "Ashiato"

_NAMES = {
    Environment.LIVE: "Carbon credits cancelled",
    Environment.SANDBOX: "TEST: no carbon credits were cancelled",
}
_CRITERIA = (
    "A registry has confirmed that carbon credits were cancelled for the beneficiary. The emissions of the stated "
    "activity took place; this badge does not say otherwise."
)


def open_badge_claims(statement: Statement, *, issuer_url: str, slot: StatusSlot) -> dict[str, Any]:
    """The unsigned badge."""
    page = certificate_url(issuer_url, statement.number)
    grams_id = f"{page}#grams"
    certificate = credential_claims(statement, issuer_url=issuer_url, slot=slot)
    return {
        "@context": [VC_CONTEXT, BADGE_CONTEXT],
        "id": f"{page}#badge",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"{_NAMES[statement.environment]} {statement.number}",
        "iss": issuer_url,
        "jti": f"{page}#badge",
        "sub": f"{page}#beneficiary",
        "nbf": int(statement.issued_at.timestamp()),
        "issuer": {"id": issuer_url, "type": ["Profile"], "name": ISSUER_NAME, "url": issuer_url},
        "validFrom": rfc3339(statement.issued_at),
        "credentialSubject": {
            "id": f"{page}#beneficiary",
            "type": ["AchievementSubject"],
            "activityStartDate": f"{statement.period.first.isoformat()}T00:00:00+09:00",
            "activityEndDate": f"{statement.period.last.isoformat()}T23:59:59+09:00",
            "achievement": {
                "id": f"{page}#achievement",
                "type": ["Achievement"],
                "achievementType": "Certificate",
                "name": _NAMES[statement.environment],
                "description": f"{statement.grams} g of CO2e, certificate {statement.number}",
                "criteria": {"narrative": _CRITERIA},
                "resultDescription": [
                    {
                        "id": grams_id,
                        "type": ["ResultDescription"],
                        "name": "Grams of CO2e cancelled",
                        "resultType": "RawScore",
                    }
                ],
            },
            "result": [{"type": ["Result"], "resultDescription": grams_id, "value": str(statement.grams)}],
        },
        "evidence": [{"id": page, "type": ["Evidence"], "name": statement.number}],
        "credentialStatus": certificate["credentialStatus"],
    }


def sign_open_badge(statement: Statement, *, ring: KeyRing, issuer_url: str, slot: StatusSlot) -> str:
    """The badge as a compact token. Raises KeyOfOtherEnvironment if the ring is not the statement's."""
    if ring.environment is not statement.environment:
        raise KeyOfOtherEnvironment(ring.environment, statement.environment)
    key = ring.active.key
    header = {"alg": ALGORITHM, "typ": "JWT", "jwk": {"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y}}
    parts = (header, open_badge_claims(statement, issuer_url=issuer_url, slot=slot))
    signing_input = ".".join(
        to_base64url(json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode()) for part in parts
    )
    return f"{signing_input}.{to_base64url(ring.active.sign(signing_input.encode('ascii')))}"
