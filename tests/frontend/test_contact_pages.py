"""The help desk: nothing typed is lost, nobody is mailed who did not ask, and an operator finds every message."""

import pytest

from frontend.locales import Locale
from frontend.pages.contact import LONGEST_BODY, TRAP
from marketplace.accounts.roles import Role
from marketplace.contact.models import ContactMessage
from marketplace.mail.models import Mail
from tests.builders.market import OPERATOR_MAIL
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import signed_in

TYPED = {
    "topic": "certificate",
    "about": "TEST-1234",
    "email": "reader@ashiato.example",
    "name": "足跡 <b>太郎</b>",
    "body": "番号が読めません。\r\n教えてください。",
}


class TestTheForm:
    @pytest.mark.parametrize("locale", list(Locale))
    async def test_is_there_for_everyone(self, shop: MarketSite, locale: Locale) -> None:
        page = check_frame(await shop.client.get(f"/{locale}/contact?topic=order&about=ord_1"))
        assert page.xpath("//option[@selected]/@value") == ["order"]
        assert page.get_element_by_id("f-about").get("value") == "ord_1"

    async def test_a_message_arrives_and_gets_a_number(self, shop: MarketSite) -> None:
        answer = await shop.client.post("/ja/contact", data=TYPED)
        message = await ContactMessage.get()
        assert message.id in check_frame(answer).text_content()
        assert (message.body, message.suspect) == ("番号が読めません。\n教えてください。", False)
        assert await Mail.all().values_list("recipient", flat=True) == [OPERATOR_MAIL]

    @pytest.mark.parametrize(
        ("field", "typed"), [("email", "nobody"), ("body", " "), ("body", "あ" * (LONGEST_BODY + 1)), ("topic", "")]
    )
    async def test_what_is_wrong_stands_next_to_its_field_and_everything_typed_is_kept(
        self, shop: MarketSite, field: str, typed: str
    ) -> None:
        answer = await shop.client.post("/ja/contact", data=TYPED | {field: typed})
        assert answer.status_code == 422
        page = check_frame(answer)
        assert page.get_element_by_id(f"f-{field}").get("aria-invalid") == "true"
        assert page.get_element_by_id("f-name").get("value") == TYPED["name"]
        kept = page.get_element_by_id("f-body").text.strip()
        assert kept == (typed.strip() if field == "body" else TYPED["body"].replace("\r", ""))
        assert await ContactMessage.all().count() == 0

    async def test_the_field_that_nobody_sees_keeps_a_message_apart(self, shop: MarketSite) -> None:
        await shop.client.post("/ja/contact", data=TYPED | {TRAP: "https://spam.example"})
        assert (await ContactMessage.get()).suspect
        assert await Mail.all().count() == 0


class TestTheOperator:
    async def test_finds_every_message_and_takes_it_off_the_list(self, shop: MarketSite) -> None:
        await shop.client.post("/ja/contact", data=TYPED)
        await shop.client.post("/ja/contact", data=TYPED | {TRAP: "x", "body": "spam"})
        operator = await signed_in(shop.client, shop.small, Role.OPERATOR)
        page = check_frame(await shop.client.get("/ja/operations/messages"))
        assert page.xpath("//p[@class='letter']/text()") == ["番号が読めません。\n教えてください。", "spam"]
        message = await ContactMessage.get(suspect=False)
        sent = {"action": "settle", "id": message.id, "forms_token": operator.forms_token}
        assert (await shop.client.post("/ja/operations/messages", data=sent)).status_code == 303
        page = check_frame(await shop.client.get("/en/operations/messages"))
        assert page.xpath("//p[@class='letter']/text()") == ["spam"]

    async def test_is_the_only_one(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OWNER)
        assert (await shop.client.get("/ja/operations/messages")).status_code == 404
