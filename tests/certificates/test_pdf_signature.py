"""The PDF's own signature: it covers every byte, and whatever cannot be checked is not valid."""

import hashlib
import io
import random
import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import pikepdf
import pytest
from asn1crypto import cms  # type: ignore[import-untyped] # ships no types
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.generic import NameObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from certificates.pdf_signature import (
    MAX_PDF_BYTES,
    PdfSignatureOutcome,
    PdfSignatureResult,
    check_pdf_signature,
)
from certificates.pdf_signing import sign_pdf
from certificates.qr import qr_svg
from certificates.render_pdf import render_pdf
from certificates.signing_authority import AlreadySigned, SigningAuthority, make_sandbox_authority
from tests.certificates.builders import a_statement, some_disclosures
from tests.certificates.pdf_reading import attachments_of, picture_of, words_of


@cache
def an_authority() -> SigningAuthority:
    return make_sandbox_authority(datetime.now(UTC))


@cache
def unsigned() -> bytes:
    url = "https://certs.example/c/x"
    return render_pdf(
        a_statement(),
        some_disclosures(),
        verification_url=url,
        qr_svg=qr_svg(url),
        locale="en",
        credential_jwt="e30.e30.c2ln",
    )


@cache
def signed() -> bytes:
    authority = an_authority()
    return sign_pdf(unsigned(), authority.key, authority.chain)


def checked(pdf: bytes) -> PdfSignatureResult:
    return check_pdf_signature(pdf, (an_authority().root,))


class TestASignedCertificate:
    def test_is_valid_for_whoever_trusts_the_root(self) -> None:
        assert checked(signed()) == PdfSignatureResult(
            PdfSignatureOutcome.VALID, "Ashiato sandbox certificates (test only)", None
        )

    def test_keeps_its_text_its_looks_and_its_attachments(self) -> None:
        assert words_of(signed()) == words_of(unsigned())
        assert picture_of(signed()).tobytes() == picture_of(unsigned()).tobytes()
        assert attachments_of(signed()) == attachments_of(unsigned())

    def test_still_declares_archive_and_accessibility_standards(self) -> None:
        with pikepdf.open(io.BytesIO(signed())) as document:
            metadata = document.open_metadata()
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
            assert metadata["pdfuaid:part"] == "1"

    def test_permits_no_change(self) -> None:
        with pikepdf.open(io.BytesIO(signed())) as document:
            signature = document.Root.Perms.DocMDP
            assert signature.SubFilter == "/ETSI.CAdES.detached"
            assert signature.Reference[0].TransformParams.P == 1

    def test_grows_by_less_than_four_kilobytes(self) -> None:
        assert len(signed()) - len(unsigned()) < 4_000

    def test_its_parts_hold_when_taken_apart_by_hand(self) -> None:
        # nothing of the library that signed takes part: the digest, the attributes and the two keys one by one
        with pikepdf.open(io.BytesIO(signed())) as document:
            signature = document.Root.Perms.DocMDP
            start, before, after, rest = (int(number) for number in signature.ByteRange)
            message = cms.ContentInfo.load(bytes(signature.Contents))["content"]
        assert (start, after + rest) == (0, len(signed()))
        signer = message["signer_infos"][0]
        attributes = {attribute["type"].native: attribute["values"][0].native for attribute in signer["signed_attrs"]}
        covered = signed()[:before] + signed()[after:]
        assert attributes["message_digest"] == hashlib.sha256(covered).digest()
        leaf, root = an_authority().chain
        public_key = leaf.public_key()
        assert isinstance(public_key, ec.EllipticCurvePublicKey)
        signed_bytes = signer["signed_attrs"].untag().dump()
        public_key.verify(signer["signature"].native, signed_bytes, ec.ECDSA(hashes.SHA256()))
        leaf.verify_directly_issued_by(root)


class TestWhatIsNotValid:
    def test_a_pdf_without_signature_is_unsigned(self) -> None:
        assert checked(unsigned()) == PdfSignatureResult(PdfSignatureOutcome.UNSIGNED, reason="no_signature")

    def test_a_signature_of_somebody_else_is_untrusted(self) -> None:
        stranger = make_sandbox_authority(datetime.now(UTC))
        result = checked(sign_pdf(unsigned(), stranger.key, stranger.chain))
        assert (result.outcome, result.reason) == (PdfSignatureOutcome.UNTRUSTED, "signer_not_trusted")

    def test_an_expired_certificate_is_untrusted(self) -> None:
        long_ago = datetime.now(UTC) - timedelta(days=800)
        expired = make_sandbox_authority(long_ago, lasts=timedelta(days=365))
        pdf = sign_pdf(unsigned(), expired.key, expired.chain)
        assert check_pdf_signature(pdf, (expired.root,)).outcome is PdfSignatureOutcome.UNTRUSTED

    def test_something_appended_after_signing_is_invalid(self) -> None:
        assert checked(signed() + b"\n% a remark").outcome is PdfSignatureOutcome.INVALID

    def test_a_change_saved_on_top_is_invalid(self) -> None:
        writer = IncrementalPdfFileWriter(io.BytesIO(signed()))
        writer.root[NameObject("/PageMode")] = NameObject("/UseOutlines")
        writer.update_root()  # type: ignore[no-untyped-call] # half-typed library
        changed = io.BytesIO()
        writer.write(changed)  # type: ignore[no-untyped-call] # half-typed library
        result = checked(changed.getvalue())
        assert (result.outcome, result.reason) == (PdfSignatureOutcome.INVALID, "changed_after_signing")

    def test_nothing_is_signed_twice(self) -> None:
        authority = an_authority()
        with pytest.raises(AlreadySigned) as refusal:
            sign_pdf(signed(), authority.key, authority.chain)
        assert refusal.value.code == "pdf_already_signed"

    @pytest.mark.parametrize("gone", [b"/SubFilter", b"/Reference", b"/ByteRange", b"/Root"])
    def test_a_signature_that_was_made_unfindable_is_invalid_and_not_absent(self, gone: bytes) -> None:
        spoilt = signed().replace(gone, gone[:-1] + b"_")
        assert (spoilt != signed(), checked(spoilt).outcome) == (True, PdfSignatureOutcome.INVALID)

    @pytest.mark.parametrize("seed", range(60))
    def test_no_flipped_bit_is_valid(self, seed: int) -> None:
        chance = random.Random(seed)
        pdf = bytearray(signed())
        pdf[chance.randrange(len(pdf))] ^= 1 << chance.randrange(8)
        assert checked(bytes(pdf)).outcome is not PdfSignatureOutcome.VALID

    @pytest.mark.parametrize("seed", range(10))
    def test_no_truncated_file_is_valid(self, seed: int) -> None:
        pdf = signed()[: random.Random(seed).randrange(len(signed()))]
        assert checked(pdf).outcome is not PdfSignatureOutcome.VALID

    @pytest.mark.parametrize("junk", [b"", b"%PDF-1.7", b"\x00" * 1_000, b"%PDF-1.7\nstartxref\n99999999\n%%EOF"])
    def test_junk_is_invalid(self, junk: bytes) -> None:
        assert checked(junk) == PdfSignatureResult(PdfSignatureOutcome.INVALID, reason="unreadable")

    def test_trusting_nobody_trusts_nothing(self) -> None:
        assert check_pdf_signature(signed(), ()).outcome is PdfSignatureOutcome.UNTRUSTED


class TestTheMessageHasOneForm:
    """No signature covers the place where the message stands, nor most of what it says beside the signature."""

    def respelt(self, change: Callable[[bytes], bytes]) -> PdfSignatureResult:
        """The check of a file whose message, in hexadecimal digits, was changed; it still fills its room."""
        start, end = room_of(signed())
        spelling = signed()[start:end]
        changed = change(spelling)
        assert (len(changed), changed != spelling) == (len(spelling), True)
        return checked(signed()[:start] + changed + signed()[end:])

    def test_one_small_letter_is_refused(self) -> None:
        refused = self.respelt(lambda digits: re.sub(rb"[A-F]", lambda letter: letter[0].lower(), digits, count=1))
        assert (refused.outcome, refused.reason) == (PdfSignatureOutcome.INVALID, "signature_in_another_form")

    def test_another_version_number_is_refused(self) -> None:
        version_1, version_4 = b"02010131", b"02010431"
        refused = self.respelt(lambda digits: digits.replace(version_1, version_4, 1))
        assert (refused.outcome, refused.reason) == (PdfSignatureOutcome.INVALID, "signature_in_another_form")

    def test_the_other_number_that_makes_the_same_signature_hold_is_refused(self) -> None:
        def twin(digits: bytes) -> bytes:
            message = cms.ContentInfo.load(bytes.fromhex(digits.decode()))
            signer = message["content"]["signer_infos"][0]
            r, s = utils.decode_dss_signature(signer["signature"].native)
            order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
            signer["signature"] = utils.encode_dss_signature(r, order - s)
            changed: bytes = message.dump(force=True)
            return changed.hex().upper().encode().ljust(len(digits), b"0")

        refused = self.respelt(twin)
        assert (refused.outcome, refused.reason) == (PdfSignatureOutcome.INVALID, "signature_in_another_form")

    def test_a_chain_with_a_certificate_in_between_has_it_too(self) -> None:
        key, chain = a_longer_chain()
        pdf = sign_pdf(unsigned(), key, chain)
        assert check_pdf_signature(pdf, (chain[-1],)).outcome is PdfSignatureOutcome.VALID


def room_of(pdf: bytes) -> tuple[int, int]:
    """Where the digits of the signature's message begin and end."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        _, start, end, _ = (int(number) for number in document.Root.Perms.DocMDP.ByteRange)
    return start + 1, end - 1


def a_longer_chain() -> tuple[ec.EllipticCurvePrivateKey, tuple[x509.Certificate, ...]]:
    """A signer below an authority below a root."""
    now, names = datetime.now(UTC), ("root", "between", "signer")
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in names]
    chain: list[x509.Certificate] = []
    for place, name in enumerate(names):
        above, signs = max(place - 1, 0), place < len(names) - 1
        issuer, issuer_key = names[above], keys[above]
        usage = x509.KeyUsage(not signs, not signs, False, False, False, signs, signs, False, False)
        builder = x509.CertificateBuilder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
            keys[place].public_key(),
            place + 1,
            now - timedelta(days=1),
            now + timedelta(days=1),
        )
        builder = builder.add_extension(x509.BasicConstraints(signs, None), True).add_extension(usage, True)
        chain.insert(0, builder.sign(issuer_key, hashes.SHA256()))
    return keys[-1], tuple(chain)


class TestHostileFilesAreRefusedCalmly:
    def test_a_huge_file(self) -> None:
        assert checked(signed() + b" " * MAX_PDF_BYTES).reason == "too_large"

    def test_a_file_that_inflates_to_fill_the_memory(self) -> None:
        bomb = zlib.compress(b"\x00" * 300_000_000, 9)
        pdf = b"%%PDF-1.7\n1 0 obj\n<</Length %d/Filter/FlateDecode>>\nstream\n%b\nendstream\nendobj\n" % (
            len(bomb),
            bomb,
        )
        assert checked(pdf).reason == "too_large"

    def test_compression_inside_compression(self) -> None:
        pdf = b"%PDF-1.7\n1 0 obj\n<</Length 3/Filter [/FlateDecode /FlateDecode]>>\nstream\nabc\nendstream\nendobj\n"
        assert checked(pdf).reason == "too_large"


class TestTheSandboxAuthority:
    def test_its_keys_are_p256_and_its_names_warn(self) -> None:
        authority = make_sandbox_authority(datetime.now(UTC))
        assert isinstance(authority.key.curve, ec.SECP256R1)
        for certificate in authority.chain:
            name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
            assert "test only" in str(name)

    def test_the_root_signs_certificates_and_the_leaf_does_not(self) -> None:
        leaf, root = an_authority().chain
        assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert not leaf.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
        leaf.verify_directly_issued_by(root)

    def test_two_authorities_share_no_key(self) -> None:
        one, other = make_sandbox_authority(datetime.now(UTC)), make_sandbox_authority(datetime.now(UTC))
        assert one.key.private_numbers() != other.key.private_numbers()
