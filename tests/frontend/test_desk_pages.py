"""The desk's pages without JavaScript: from the queue to a certificate, refusals with everything typed kept, and closed doors."""

from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO

import httpx
import openpyxl
import pypdfium2
import pytest
from lxml import html

from marketplace import invariants
from marketplace.clock import japan_date
from marketplace.desk.practice import notice as practice_notice
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.registries.desk.models import ApplicationRecord, ItemRecord
from marketplace.registries.desk.states import DeskState
from tests.builders.desk import (
    AUDITOR,
    COLLEAGUE,
    OPERATOR,
    SCAN,
    a_desk_market,
    a_frozen_application,
    a_paid_order,
    a_provider_person,
    an_executed_application,
    done_at_the_registry,
    signed_in,
    state_of,
    the_order,
)
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite, market_site

QUEUE = "/ja/desk"


@pytest.fixture
async def desk(db) -> AsyncIterator[MarketSite]:
    small = a_desk_market()
    async with market_site(small) as site:
        yield site
    assert await invariants.violations() == []


def address(record: ApplicationRecord, language: str = "ja") -> str:
    return f"/{language}/desk/applications/{record.id}"


async def send(site: MarketSite, path: str, action: str, files=None, **typed: str) -> httpx.Response:
    page = await site.page(path)
    hidden = {field.get("name"): field.get("value") for field in page.xpath("//main//input[@type='hidden']")}
    fields = {name.replace("__", "/"): value for name, value in typed.items()}
    return await site.client.post(path, data={**hidden, **fields, "action": action}, files=files)


def the_notice(item: ItemRecord, prefix: str, **changed: str) -> dict[str, str]:
    """What a person types who reads the right notice."""
    return {
        "number": "SBX-N-1",
        "recorded_on": japan_date(item.queued_at).isoformat(),
        "tonnes": str(item.last_serial - item.first_serial + 1),
        "serials": f"{prefix}{item.first_serial:09d}〜{prefix}{item.last_serial:09d}",
        **{f"same__{name}": "yes" for name in ("act", "use", "purpose_detail", "credit_user")},
        **changed,
    }


async def prefix_of(item: ItemRecord) -> str:
    return item.block.removeprefix("CERT-") + "-"


class TestFromTheQueueToTheCertificate:
    async def test_with_a_notice_that_is_wrong_by_one_serial_and_then_right(self, desk: MarketSite) -> None:
        order = await a_paid_order(desk.small)
        await signed_in(desk, OPERATOR)
        queue = await desk.page(QUEUE)
        assert "足跡学会実行委員会" in queue.text_content()
        guard = queue.xpath("//main//form[@method='post']//input[@name='forms_token']/@value")[0]
        batch = queue.xpath("//button[@name='batch']/@value")[0]
        answer = await desk.client.post(QUEUE, data={"batch": batch, "forms_token": guard})
        assert answer.status_code == 303
        path = answer.headers["location"]
        assert (await send(desk, path, "take")).status_code == 303
        today = japan_date(desk.small.clock()).isoformat()
        unread = await send(desk, path, "record_act", executed_on=today)
        assert unread.status_code == 422
        assert (await send(desk, path, "record_act", executed_on=today, read_aloud="yes")).status_code == 303

        item = await ItemRecord.get()
        prefix = await prefix_of(item)
        off = f"{prefix}{item.first_serial:09d}-{prefix}{item.last_serial - 1:09d}、{prefix}{item.last_serial + 1:09d}"
        wrong = await send(
            desk, path, "enter_notice", files={"document": ("n.pdf", SCAN)}, **the_notice(item, prefix, serials=off)
        )
        assert wrong.status_code == 422
        page = html.fromstring(wrong.content)
        shown = page.get_element_by_id("differences").text_content()
        assert f"{prefix}{item.last_serial:09d}" in shown
        assert f"{prefix}{item.last_serial + 1:09d}" in shown
        assert page.xpath("string(//textarea[@name='serials'])").strip() == off
        assert page.xpath("//input[@name='number']/@value") == ["SBX-N-1"]
        kept = page.xpath("//input[@name='document_sha256']/@value")[0]
        assert (await ApplicationRecord.get()).state == DeskState.EXECUTED
        assert not page.xpath("//input[@name='part']"), "one too many is no partial confirmation"

        right = await send(desk, path, "enter_notice", document_sha256=kept, **the_notice(item, prefix))
        assert right.status_code == 303, right.text
        await desk.small.work()
        done = await the_order(order)
        assert done.state == OrderState.FULFILLED
        certificate = await desk.page(f"/c/{done.certificate_number}?lang=ja")
        assert "SBX-N-1" in certificate.text_content()
        assert f"{prefix}{item.last_serial:09d}" in certificate.text_content()
        assert "SBX-N-1" in (await desk.page(QUEUE)).text_content()
        assert (await desk.client.get(f"{path}/notice")).content == SCAN

    async def test_every_entry_that_is_missing_is_named_beside_its_field(self, desk: MarketSite) -> None:
        record = await an_executed_application(desk.small)
        await signed_in(desk, OPERATOR)
        answer = await send(desk, address(record), "enter_notice")
        page = html.fromstring(answer.content)
        assert answer.status_code == 422
        assert set(page.xpath("//*[@id='problems']//a/@href")) == {
            "#f-document",
            "#f-number",
            "#f-recorded_on",
            "#f-tonnes",
            "#f-serials",
            *(f"#f-stated-{name}" for name in ("act", "use", "purpose_detail", "credit_user")),
        }

    async def test_fewer_serials_are_confirmed_only_when_somebody_says_so(self, desk: MarketSite) -> None:
        record = await an_executed_application(desk.small)
        await signed_in(desk, OPERATOR)
        item = await ItemRecord.get()
        prefix = await prefix_of(item)
        fewer = the_notice(item, prefix, serials=f"{prefix}{item.first_serial:09d}", tonnes="1")
        answer = await send(desk, address(record), "enter_notice", files={"document": ("n.png", SCAN)}, **fewer)
        page = html.fromstring(answer.content)
        assert answer.status_code == 422
        kept = page.xpath("//input[@name='document_sha256']/@value")[0]
        assert page.xpath("//input[@name='part']")
        unsaid = await send(desk, address(record), "enter_notice", document_sha256=kept, part="yes", **fewer)
        assert unsaid.status_code == 422
        said = {**fewer, "part": "yes", "part_because": "通知が1トン分のみ"}
        assert (await send(desk, address(record), "enter_notice", document_sha256=kept, **said)).status_code == 303
        assert await state_of(record) is DeskState.PARTLY_CONFIRMED


class TestFourEyes:
    async def test_the_second_person_sees_what_was_entered_and_confirms_it(self, db) -> None:
        small = a_desk_market(four_eyes=True)
        async with market_site(small) as site:
            record = await an_executed_application(small)
            await signed_in(site, OPERATOR)
            item = await ItemRecord.get()
            sent = await send(
                site,
                address(record),
                "enter_notice",
                files={"document": ("n.jpg", b"\xff\xd8\xff scan")},
                **the_notice(item, await prefix_of(item)),
            )
            assert sent.status_code == 303
            assert (await send(site, address(record), "confirm", compared="yes")).status_code == 409
            await signed_in(site, COLLEAGUE)
            page = check_frame(await site.client.get(address(record)))
            assert "SBX-N-1" in page.text_content()
            assert (await send(site, address(record), "confirm")).status_code == 422
            assert (await send(site, address(record), "confirm", compared="yes")).status_code == 303
            assert await state_of(record) is DeskState.CONFIRMED
            check_frame(await site.client.get(address(record, "en")))


class TestPapers:
    async def test_sheet_table_and_practice_notice(self, desk: MarketSite) -> None:
        record = await an_executed_application(desk.small)
        await signed_in(desk, OPERATOR)
        sheet = await desk.client.get(f"{address(record)}/sheet.pdf")
        text = pypdfium2.PdfDocument(sheet.content)[0].get_textpage().get_text_range()
        assert "足跡学会実行委員会" in text.replace("\n", "")
        table = await desk.client.get(f"{address(record)}/pre-check.xlsx")
        rows = list(openpyxl.load_workbook(BytesIO(table.content)).active.values)
        assert rows[1][rows[0].index("数量（t-CO2）")] == 3
        of_account = f"{QUEUE}/pre-check.xlsx?account={record.registry}/{record.account}"
        assert (await desk.client.get(of_account)).status_code == 404, "nothing of it is still to be done"
        second = await a_frozen_application(desk.small, subject="別の学会", tonnes=2)
        page = await desk.page(f"{QUEUE}?account={record.registry}/{record.account}")
        (link,) = page.xpath("//a[contains(@href, 'pre-check.xlsx')]/@href")
        together = openpyxl.load_workbook(BytesIO((await desk.client.get(link)).content)).active
        assert [row[-1] for row in together.values][1:-1] == [second.fingerprint]
        practice = await desk.client.get(f"{address(record)}/practice-notice.pdf")
        assert practice.content.startswith(b"%PDF-")
        assert practice.headers["content-disposition"].startswith("attachment")
        assert (await practice_notice(desk.small.market, OPERATOR, record.id)).startswith(b"%PDF-")


class TestDoorsThatStayClosed:
    async def test_another_provider_finds_nothing_there(self, desk: MarketSite) -> None:
        record = await a_frozen_application(desk.small)
        await signed_in(desk, a_provider_person("prov_b"))
        for path in ("", "/sheet.pdf", "/pre-check.xlsx", "/notice", "/practice-notice.pdf"):
            assert (await desk.client.get(address(record) + path)).status_code == 404, path
        guard = (await desk.page(QUEUE)).xpath("//input[@name='forms_token']/@value")
        for action in ("take", "refuse", "enter_notice", "confirm"):
            sent = {"action": action, "forms_token": guard[0] if guard else ""}
            assert (await desk.client.post(address(record), data=sent)).status_code in {403, 404}, action
        assert await state_of(record) is DeskState.PREPARED
        assert "足跡学会実行委員会" not in (await desk.page(QUEUE)).text_content()

    async def test_a_provider_works_on_its_own_and_an_auditor_looks(self, desk: MarketSite) -> None:
        record = await a_frozen_application(desk.small)
        await signed_in(desk, AUDITOR)
        page = await desk.page(address(record))
        assert page.xpath("//main//form[@method='post']") == []
        await signed_in(desk, a_provider_person("prov_a"))
        assert (await send(desk, address(record), "take")).status_code == 303

    async def test_without_a_session_the_way_leads_to_the_sign_in(self, desk: MarketSite) -> None:
        record = await a_frozen_application(desk.small)
        for path in (QUEUE, address(record)):
            answer = await desk.client.get(path)
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/ja/sign-in")

    async def test_somebody_elses_application_is_not_worked_on(self, desk: MarketSite) -> None:
        record = await an_executed_application(desk.small)
        await signed_in(desk, COLLEAGUE)
        answer = await send(desk, address(record), "undo_act", **{"reason__undo_act": "間違い"})
        assert answer.status_code == 409
        assert "引き継いで" in answer.text
        assert (await send(desk, address(record), "take_over", **{"reason__take_over": " "})).status_code == 422
        assert (await send(desk, address(record), "take_over", **{"reason__take_over": "休暇"})).status_code == 303
        page = await desk.page(address(record))
        assert "休暇" in page.text_content()


class TestFrameAndFilters:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_every_state_of_the_pages(self, desk: MarketSite, language: str) -> None:
        record = await a_frozen_application(desk.small)
        await signed_in(desk, OPERATOR)
        for action, fields in (
            ("", {}),
            ("take", {}),
            ("record_act", {"executed_on": japan_date(desk.small.clock()).isoformat(), "read_aloud": "yes"}),
            ("refuse", {"reason__refuse": "口座が停止中"}),
        ):
            if action:
                assert (await send(desk, address(record, language), action, **fields)).status_code == 303
            check_frame(await desk.client.get(address(record, language)))
        check_frame(await desk.client.get(f"/{language}/desk"))

    async def test_by_state_account_holder_and_lateness(self, desk: MarketSite) -> None:
        record = await a_frozen_application(desk.small)
        desk.small.clock.advance(timedelta(days=1))
        await signed_in(desk, OPERATOR)

        async def found(query: str) -> bool:
            return bool((await desk.page(f"{QUEUE}?{query}")).xpath(f"//a[contains(@href, '{record.id}')]"))

        for query in ("", "state=prepared", f"account={record.registry}/{record.account}", "holder=nobody"):
            assert await found(query), query
        for query in ("state=taken", "account=jcm_jp/other", "holder=me", "overdue=yes"):
            assert not await found(query), query
        await desk.page(f"{QUEUE}?state=nonsense", status=404)


class TestTheBuyersPage:
    async def test_says_that_people_have_it_until_somebody_has_done_it(self, desk: MarketSite) -> None:
        record = await a_frozen_application(desk.small)
        order = await Order.get()

        async def seen() -> str:
            return check_frame(await desk.client.get(f"/ja/orders/{order.access_token}")).text_content()

        text = await seen()
        assert "担当者の手続き待ち" in text
        assert "登録簿に無効化を申請しました" not in text
        assert "2026年12月1日までの見込み" in text
        await done_at_the_registry(desk.small, record)
        assert "登録簿に無効化を申請しました" in await seen()
