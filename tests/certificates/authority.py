"""An issuer for tests: keys, facts of a purchase, and everything a holder would have in hand."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.compact_proof import sign_proof
from certificates.credential import StatusSlot, sign_credential
from certificates.facts import Share, StatementFacts
from certificates.keys import KeyRing, LocalSigner
from certificates.log.checkpoint import Checkpoint, LogTrust, sign_checkpoint
from certificates.log.leaves import Issued as IssuedLeaf
from certificates.log.leaves import Leaf, encode_leaf, issued_leaf
from certificates.log.log_key import log_origin
from certificates.log.merkle import leaf_hash, node_hash
from certificates.log.notes import NoteSigner
from certificates.log.proof import LogProof
from certificates.number import new_number
from certificates.statement import Disclosures, Environment, Statement
from certificates.status_list import sign_status_list
from certificates.verify import Evidence, TrustedIssuer
from tests.certificates.builders import (
    DEFAULT_TEXTS,
    a_cancellation,
    a_footprint,
    a_jcm_cancellation,
    a_statement,
    some_disclosures,
)

ISSUER = "https://certs.example"
ISSUED = datetime(2026, 11, 18, 3, 4, 5, tzinfo=UTC)
NOW = ISSUED + timedelta(days=3)


def a_ring(
    environment: Environment = Environment.SANDBOX, *, created: datetime = ISSUED - timedelta(days=30)
) -> KeyRing:
    return KeyRing(environment, LocalSigner.generate(environment, now=created))


@dataclass
class Issued:
    """One certificate and what proves it; tests spoil a part and look at the verdict."""

    ring: KeyRing = field(default_factory=a_ring)
    slot: StatusSlot = field(default_factory=lambda: StatusSlot(1, 94_567))
    disclosures: Disclosures = field(default_factory=some_disclosures)
    changes: dict[str, Any] = field(default_factory=dict)
    log: NoteSigner = field(default_factory=lambda: NoteSigner.of(Ed25519PrivateKey.generate(), log_origin(ISSUER)))
    statement: Statement = field(init=False)
    credential: str = field(init=False)
    proof: str = field(init=False)

    def __post_init__(self) -> None:
        environment = self.ring.environment
        facts = {"environment": environment, "number": new_number(environment), "issued_at": ISSUED}
        self.statement = a_statement(self.disclosures, **facts | self.changes)
        self.credential = sign_credential(self.statement, ring=self.ring, issuer_url=ISSUER, slot=self.slot)
        self.proof = sign_proof(self.statement, ring=self.ring)

    @property
    def issuer(self) -> TrustedIssuer:
        return TrustedIssuer(ISSUER, self.ring.keys, LogTrust(self.log.key))

    def leaf(self, **changes: Any) -> IssuedLeaf:
        shares = [(cancellation, cancellation.tonnes * 1_000_000) for cancellation in self.statement.cancellations]
        return issued_leaf(self.statement, self.credential, shares).model_copy(update=changes)

    def log_proof(self, leaf: Leaf | None = None) -> str:
        """A log of two leaves, of which the second is the certificate's."""
        own = encode_leaf(leaf or self.leaf())
        sibling = leaf_hash(b"another leaf")
        root = node_hash(sibling, leaf_hash(own))
        note = sign_checkpoint(Checkpoint(self.log.key.name, 2, root), self.log)
        return str(LogProof(own, 1, (sibling,), str(note)))

    def status_list(self, *revoked: int, at: datetime = NOW) -> str:
        return sign_status_list(self.slot.list_number, revoked, ring=self.ring, issuer_url=ISSUER, now=at)

    def evidence(self, **changes: Any) -> Evidence:
        """Complete evidence of a valid certificate, with `changes`."""
        complete = Evidence(
            number=self.statement.number,
            credential=self.credential,
            proof=self.proof,
            statement=self.statement,
            disclosures=self.disclosures,
            log_proof=self.log_proof(),
            status_list=self.status_list(),
        )
        return replace(complete, **changes)


def some_facts(**changes: Any) -> StatementFacts:
    """The conference of the statement builders, as the market hands it over: five tonnes of two cancellations."""
    statement = a_statement()
    facts: dict[str, Any] = {
        "order_reference": "ord_0001",
        "environment": Environment.SANDBOX,
        "type": statement.type,
        "period": statement.period,
        "shares": (Share(a_cancellation(), 3_000_000), Share(a_jcm_cancellation(), 2_000_000)),
        "reduction_effort": statement.reduction_effort,
        "footprint": a_footprint(),
        "texts": dict(DEFAULT_TEXTS),
    }
    return StatementFacts(**facts | changes)
