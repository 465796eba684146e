"""An operator revokes, corrects and hides; nothing is edited, and the public log tells of every end."""

import pytest

from certificates.log.store import proof_of
from certificates.records import CertificateState, find
from certificates.render_pdf import TextNotPrintable
from certificates.service import AlreadyEnded
from certificates.statement import DisclosedField
from certificates.visibility import visibility_of
from marketplace.certification import changes
from marketplace.certification.publication import NAMING, published
from tests.builders.market import a_small_market
from tests.marketplace.test_public_log import a_fulfilled_order


@pytest.fixture
async def small(db):
    return a_small_market()


@pytest.fixture
async def number(small):
    return (await a_fulfilled_order(small)).number


def a_correction(**texts):
    return changes.Correction(texts=texts)


class TestARevocation:
    async def test_is_in_the_log_as_soon_as_the_worker_has_worked(self, small, number):
        await changes.revoke(small.market, number, "issued_in_error")
        await small.work()
        assert (await proof_of(number, "revoked")).check(small.market.log.trust).size == 2

    async def test_happens_once(self, small, number):
        await changes.revoke(small.market, number, "issued_in_error")
        with pytest.raises(AlreadyEnded):
            await changes.revoke(small.market, number, "again")


class TestACorrection:
    async def test_replaces_the_certificate_and_keeps_what_was_right(self, small, number):
        corrected = await changes.correct(small.market, number, a_correction(beneficiary="足跡学会"), "misspelt")
        old, new = await find(number), corrected.record
        assert (old.state, old.ended.replaced_by) == (CertificateState.CORRECTED, new.number)
        assert (new.statement.replaces, new.grams) == (number, old.grams)
        assert new.disclosures[DisclosedField.BENEFICIARY].value == "足跡学会"
        assert new.disclosures[DisclosedField.SUBJECT].value == old.disclosures[DisclosedField.SUBJECT].value
        await small.work()
        assert (await proof_of(number, "corrected")).check(small.market.log.trust).size == 3

    async def test_may_be_repeated(self, small, number):
        first = await changes.correct(small.market, number, a_correction(beneficiary="足跡学会"), "misspelt")
        again = await changes.correct(small.market, number, a_correction(beneficiary="足跡学会"), "misspelt")
        assert again.record.number == first.record.number

    async def test_of_a_corrected_certificate_goes_to_the_newest(self, small, number):
        await changes.correct(small.market, number, a_correction(beneficiary="足跡学会"), "misspelt")
        await changes.revoke(small.market, (await find(number)).ended.replaced_by, "issued_in_error")
        with pytest.raises(AlreadyEnded):
            await changes.revoke(small.market, number, "issued_in_error")

    async def test_keeps_hidden_what_was_hidden(self, small, number):
        await changes.hide(number, NAMING, until=None)
        corrected = await changes.correct(small.market, number, a_correction(beneficiary="足跡学会"), "misspelt")
        shown = (await published(small.market, corrected.record.number)).disclosures
        assert shown.keys() == {DisclosedField.SUBJECT}

    async def test_of_an_unlisted_certificate_is_unlisted_with_a_code_of_its_own(self, small, number):
        old_code = await changes.unlist(number)
        corrected = await changes.correct(small.market, number, a_correction(beneficiary="足跡学会"), "misspelt")
        visibility = await visibility_of(corrected.record)
        assert visibility.opens_with(corrected.link_code)
        assert not visibility.opens_with(old_code)

    @pytest.mark.parametrize("field", ["credit_user", "purpose_detail"])
    async def test_cannot_say_other_words_than_the_registry(self, small, number, field):
        with pytest.raises(changes.RecordedInRegistry):
            await changes.correct(small.market, number, a_correction(**{field: "別の文言"}), "misspelt")
        assert (await find(number)).ended is None

    async def test_is_refused_if_it_could_not_be_printed(self, small, number):
        with pytest.raises(TextNotPrintable):
            await changes.correct(small.market, number, a_correction(beneficiary="🌍"), "misspelt")
        assert (await find(number)).ended is None
