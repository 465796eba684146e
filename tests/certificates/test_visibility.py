from datetime import date, timedelta

import pytest

from certificates import models, service
from certificates.records import CertificateNotFound, CertificateRecord
from certificates.statement import DisclosedField
from certificates.verdict import CheckName, CheckResult
from certificates.verify import Evidence, TrustedIssuer, verify
from certificates.visibility import Visibility, hide, list_again, unlist, visibility_of
from marketplace.database.transactions import run_tx
from tests.certificates.authority import ISSUER, NOW, a_ring, some_facts

RING = a_ring(created=NOW - timedelta(days=1))
TODAY = date(2026, 11, 22)
NAME = DisclosedField.BENEFICIARY
db = pytest.mark.usefixtures("db")


async def issued() -> CertificateRecord:
    return await run_tx(lambda _: service.issue(some_facts(), ring=RING, issuer_url=ISSUER, now=NOW))


@db
class TestACertificateIsPublicUnlessItsOwnerSaysOtherwise:
    async def test_it_opens_without_a_code_and_shows_all(self) -> None:
        record = await issued()
        visibility = await visibility_of(record)
        assert visibility.listed
        assert visibility.opens_with(None)
        assert visibility.shown(record.disclosures, today=TODAY) == record.disclosures


@db
class TestAnUnlistedCertificate:
    async def test_opens_with_its_code_only(self) -> None:
        record = await issued()
        code = await run_tx(lambda _: unlist(record.number))
        visibility = await visibility_of(record)
        assert not visibility.listed
        assert visibility.opens_with(code)
        for other in (None, "", code[:-1], code + "A", code.swapcase(), record.number):
            assert not visibility.opens_with(other)

    async def test_has_a_code_of_at_least_128_random_bits(self) -> None:
        record = await issued()
        codes = {await run_tx(lambda _: unlist(record.number)) for _ in range(20)}
        assert len(codes) == 20
        assert all(len(code) * 6 >= 128 for code in codes)

    async def test_has_one_code_at_a_time(self) -> None:
        record = await issued()
        first = await run_tx(lambda _: unlist(record.number))
        second = await run_tx(lambda _: unlist(record.number))
        visibility = await visibility_of(record)
        assert (visibility.opens_with(first), visibility.opens_with(second)) == (False, True)

    async def test_does_not_keep_the_code(self) -> None:
        record = await issued()
        code = await run_tx(lambda _: unlist(record.number))
        row = await models.CertificateVisibility.get(certificate_id=record.id)
        assert code not in repr(dict(row))

    async def test_can_be_listed_again(self) -> None:
        record = await issued()
        await run_tx(lambda _: unlist(record.number))
        await run_tx(lambda _: list_again(record.number))
        assert (await visibility_of(record)).opens_with(None)

    async def test_must_exist(self) -> None:
        with pytest.raises(CertificateNotFound):
            await run_tx(lambda _: unlist("TEST-2345-6789-CDFH-JKMN"))


@db
class TestAHiddenName:
    async def test_does_not_show_until_its_day(self) -> None:
        record = await issued()
        await run_tx(lambda _: hide(record.number, [NAME], until=TODAY))
        visibility = await visibility_of(record)
        assert NAME not in visibility.shown(record.disclosures, today=TODAY - timedelta(days=1))
        assert NAME in visibility.shown(record.disclosures, today=TODAY)

    async def test_can_be_hidden_for_ever(self) -> None:
        record = await issued()
        await run_tx(lambda _: hide(record.number, [NAME], until=None))
        shown = (await visibility_of(record)).shown(record.disclosures, today=date(2999, 1, 1))
        assert shown.keys() == record.disclosures.keys() - {NAME}

    async def test_can_be_shown_again(self) -> None:
        record = await issued()
        await run_tx(lambda _: hide(record.number, [NAME], until=TODAY))
        await run_tx(lambda _: hide(record.number, [], until=TODAY))
        assert await visibility_of(record) == Visibility()

    async def test_is_independent_of_being_listed(self) -> None:
        record = await issued()
        code = await run_tx(lambda _: unlist(record.number))
        await run_tx(lambda _: hide(record.number, [NAME], until=None))
        visibility = await visibility_of(record)
        assert visibility.opens_with(code)
        assert visibility.hidden == {NAME}

    async def test_can_be_proven_by_who_kept_it(self) -> None:
        record = await issued()
        await run_tx(lambda _: hide(record.number, [NAME], until=None))
        kept = {NAME: record.disclosures[NAME]}
        evidence = Evidence(credential=record.credential, disclosures=kept)
        verdict = verify(evidence, TrustedIssuer(ISSUER, RING.keys), now=NOW)
        assert verdict.check(CheckName.DISCLOSURES).result is CheckResult.PASSED
