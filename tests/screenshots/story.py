"""What there is to see in an instance: one footprint of each calculator, each walked to its certificate by the pages alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from lxml import html

from frontend.calculator_form import CalculatorForm
from frontend.calculator_words import CalculatorWords
from frontend.locales import Locale
from frontend.worked_example import example_inputs
from offset_calc import by_type
from tests.e2e.instance import Instance, eventually
from tests.e2e.signed_in import SignedInVisitor, sign_in_at
from tests.frontend.test_calculators import EXAMPLES
from tests.marketplace.providers.test_holding_list import FOREST, HEAD

CARD = {"email": "buyer@example.com", "number": "4242424242424242", "expiry": "12/34", "cvc": "123"}
EFFORT = "資料を電子配布に変え、参加者の一部をオンラインに切り替えた"
BENEFICIARY = "札幌学術会議 実行委員会"
ACTUAL_PEOPLE = "12"
PROVIDER = "sandbox-a"


@dataclass(frozen=True)
class Visitor:
    """Somebody without JavaScript, who fills in forms and presses their buttons."""

    client: httpx.Client

    def look(self, address: str) -> html.HtmlElement:
        answer = self.client.get(address)
        assert answer.is_success, f"{address}: {answer.status_code}"
        return html.fromstring(answer.content)

    def press(self, page: html.HtmlElement, button: str | None = None, **typed: str) -> httpx.Response:
        """Send the main form of a page with `typed` over what it holds."""
        form = next(form for form in page.xpath("//main//form") if form.method == "POST")
        fields = {name: value for name, value in form.form_values() if name != "action"} | typed
        if button is not None:
            fields["action"] = button
        answer = self.client.post(form.action, data=fields)
        assert answer.status_code < httpx.codes.BAD_REQUEST, f"{form.action}: {answer.text[:2000]}"
        return answer

    def calculate(self, kind: str, typed: Mapping[str, str]) -> str:
        """The path of the result, without the language."""
        answer = self.client.post(f"/ja/calculate/{kind}", data={**typed, "action": "calculate"})
        return _path(answer)

    def order(self, footprint: str, *, public: bool = True) -> str:
        """From a result to the payment; the path of the order's page."""
        choice = self.look(f"/ja{footprint}/offset")
        quote = self.press(choice, reduction_effort=EFFORT).headers["location"]
        texts = self.look(quote)
        name = {"beneficiary": BENEFICIARY, "beneficiary_public": "yes" if public else "no"}
        last_look = html.fromstring(self.press(texts, "review", **name).content)
        (consent,) = last_look.xpath("//input[@name='consent']/@value")
        payment = self.press(last_look, "order", consent=consent).headers["location"]
        paid = httpx.post(payment, data=CARD, timeout=30)
        assert paid.status_code == httpx.codes.SEE_OTHER, paid.text
        return urlsplit(paid.headers["location"]).path[3:]

    def certificate(self, order: str) -> str:
        """The number of the certificate that an order led to, as soon as there is one."""

        def number() -> Any:
            return self.look(f"/ja{order}").xpath("//main//a[starts-with(@href, '/c/')]/@href")

        found = eventually(number, what=f"{order} has a certificate")
        return str(found[0]).removeprefix("/c/").partition("?")[0]

    def bulk_run(self) -> str:
        """Have the example of an activity file computed, with a row that cannot be; the path of its page."""
        example = self.client.get("/ja/calculate/bulk/example.csv").content
        sent = {"file": ("2025.csv", example + "2025-05-13,nothing_known,1,kg,札幌支店,\n".encode(), "text/csv")}
        path = _path(self.client.post("/ja/calculate/bulk", files=sent))
        done = "//main//*[@class='headline-figure']"
        eventually(lambda: self.look(f"/ja{path}").xpath(done), what="the file is computed")
        return path

    def letter(self) -> str:
        """Ask for a link to sign in; the path of the mail that brings it."""
        self.press(self.look("/ja/sign-in"), email="reader@ashiato.example")
        links = "//main//a[contains(@href, '/mailbox/')]/@href"
        found = eventually(lambda: self.look("/ja/mailbox").xpath(links), what="there is a mail")
        return str(found[0])[3:]


@dataclass(frozen=True)
class Story:
    """`paths` fill the names in the list of pages; `cookies` are those of somebody signed in, by role."""

    paths: Mapping[str, str]
    cookies: Mapping[str, list[dict[str, str]]]


def an_endpoint(instance: Instance, owner: SignedInVisitor) -> str:
    """The page of a webhook endpoint that takes nothing, with a test event on its way."""
    owner.post("/ja/account/webhooks", url=f"{instance.address}/nothing-here", description="店の受注システム")
    page = str(owner.page("/ja/account/webhooks").xpath("//main//td/preceding-sibling::th/a/@href")[0])
    owner.post(page, action="test")
    return page[3:]


def a_checked_list(provider: SignedInVisitor) -> str:
    """The page of a list of holdings that was looked through, with a row that is refused."""
    page = provider.page("/ja/provider/import")
    (token,) = page.xpath("//main//input[@name='forms_token']/@value")
    account = page.xpath("//select[@name='account']/option/@value")[0]
    rows = "\n".join([HEAD, FOREST, FOREST.replace("jcredit/normal/225", "225")])
    sent = {"forms_token": token, "account": account}
    return _path(provider.client.post("/ja/provider/import", data=sent, files={"file": ("list.csv", rows.encode())}))


def a_product(owner: SignedInVisitor) -> Mapping[str, str]:
    """A product with a period and some sales, and its public page; its cover costs more time than its pages need."""
    wish = {
        "name": "足跡ノート",
        "functional_unit": "1冊",
        "market": "jp",
        "g_per_unit": "850",
        "reduction_effort": EFFORT,
        "first_day": "2026-04-01",
        "last_day": "2027-03-31",
    }
    page = owner.post("/ja/account/products", **wish).headers["location"]
    owner.post(page, action="add_shop", name="本店", skus="NOTE-1")
    owner.post(f"{page}/sales", checked="external_id,units,at\n1001,3,2026-11-02\n")
    public = owner.page(page).xpath("//main//a[starts-with(@href, '/p/')]/@href")[0]
    return {
        "product": page[3:],
        "product_id": page.rpartition("/")[2],
        "product_in_public": str(public).partition("?")[0],
    }


def joining(instance: Instance, owner: SignedInVisitor) -> Mapping[str, str]:
    """An event page whose attendees pay themselves, and one of them on the way to the payment page."""
    terms = {
        "name": "第1回 足跡学会",
        "venue": "札幌市",
        "first_day": "2026-12-01",
        "last_day": "2026-12-02",
        "reduction_effort": EFFORT,
        "payer": "attendee",
    }
    opened = owner.post("/ja/account/events", **terms).headers["location"]
    page = urlsplit(owner.page(opened).xpath("//main//a[contains(@href, '/e/')]/@href")[0]).path
    with httpx.Client(base_url=instance.address, timeout=30) as client:
        visitor = Visitor(client)
        travel = {"mode": "air_domestic", "origin": "東京", "trip": "return"}
        offer = client.post(f"/ja{page}", data=travel).headers["location"]
        shown = visitor.look(offer)
        (consent,) = shown.xpath("//input[@name='consent']/@value")
        payment = visitor.press(shown, consent=consent).headers["location"]
        paid = httpx.post(payment, data=CARD, timeout=30).headers["location"]
        own = visitor.look(urlsplit(paid).path).xpath("//main//a[contains(@href, '/mine/')]/@href")[0]
    return {"account_event": opened[3:], "joining": page, "joining_offer": offer[3:], "joining_done": str(own)[3:]}


def a_plan(instance: Instance) -> Mapping[str, str]:
    """A household's monthly plan whose first month is certified, and the year of that month."""
    with httpx.Client(base_url=instance.address, timeout=30) as client:
        visitor = Visitor(client)
        form = html.fromstring(client.get("/ja/plans?menu=A0002.all&kwh=300").content)
        entries = {"email": "buyer@ashiato.example", "reduction_effort": EFFORT, "listing": _first(form, "listing")}
        look = html.fromstring(visitor.press(form, "review", **entries).content)
        payment = visitor.press(look, "begin", consent=_first(look, "consent")).headers["location"]
        paid = httpx.post(payment, data=CARD, timeout=30)
        plan = urlsplit(paid.headers["location"]).path

        def years() -> Any:
            page = visitor.look(plan)
            return page.xpath("//main//a[starts-with(@href, '/c/')]") and page.xpath(
                "//a[contains(@href, '/years/')]/@href"
            )

        found = eventually(years, what="the plan's first month is certified")
        return {"plan": plan[3:], "plan_year": str(found[0]).rpartition("/")[2]}


def _first(page: html.HtmlElement, name: str) -> str:
    return str(page.xpath(f"//input[@name='{name}']/@value")[0])


def told(instance: Instance) -> Story:
    """Everything there is to see, made once for an instance."""
    people = {
        role: sign_in_at(instance, role, email=f"{role}@ashiato.example", provider=provider)
        for role, provider in (("operator", None), ("provider", PROVIDER), ("owner", PROVIDER), ("buyer", PROVIDER))
    }
    holding = (
        people["provider"].page("/ja/provider").xpath("//main//a[contains(@href, '/provider/holdings/')]/@href")[0]
    )
    paths = {
        **prepared(instance),
        **a_product(people["owner"]),
        **joining(instance, people["owner"]),
        **a_plan(instance),
        "holding": str(holding)[3:],
        "checked_list": a_checked_list(people["provider"]),
        "webhook": an_endpoint(instance, people["owner"]),
    }
    return Story(paths, {role: person.cookies for role, person in people.items()})


def event_as_typed() -> Mapping[str, str]:
    """The conference in Sapporo, as the form sends it."""
    calculator = by_type("event")
    assert calculator is not None
    return CalculatorForm.of_inputs(calculator, example_inputs(), CalculatorWords(Locale.JA)).typed()


def prepared(instance: Instance) -> Mapping[str, str]:
    """Paths and numbers by name, for the list of pages; everything is ordered first and waited for together."""
    typed = {"event": event_as_typed(), **EXAMPLES}
    with httpx.Client(base_url=instance.address, timeout=30) as client:
        visitor = Visitor(client)
        footprints = {kind: visitor.calculate(kind, entries) for kind, entries in typed.items()}
        orders = {kind: visitor.order(footprints[kind]) for kind in footprints}
        hidden = visitor.order(footprints["event"], public=False)
        actual = visitor.calculate("event", typed["event"] | {"travel_participants/0/people": ACTUAL_PEOPLE})
        quote = _path(visitor.press(visitor.look(f"/ja{footprints['event']}/offset"), reduction_effort=EFFORT))
        draft = client.post("/ja/calculate/event", data={**typed["event"], "action": "keep"}).headers["location"]
        project = visitor.look("/ja/credits").xpath("//a[@class='project-name']/@href")[0]
        return {
            **{f"{kind}_footprint": path for kind, path in footprints.items()},
            **{f"{kind}_order": path for kind, path in orders.items()},
            **{f"{kind}_certificate": f"/c/{visitor.certificate(path)}" for kind, path in orders.items()},
            "hidden_certificate": f"/c/{visitor.certificate(hidden)}",
            "comparison": f"{footprints['event']}/compare/{actual.rpartition('/')[2]}",
            "quote": quote,
            "draft": urlsplit(draft).query,
            "event_footprint_id": footprints["event"].rpartition("/")[2],
            "provider": PROVIDER,
            "letter": visitor.letter(),
            "bulk_run": visitor.bulk_run(),
            "project": urlsplit(project).path[3:],
        }


def _path(answer: httpx.Response) -> str:
    """Where a redirect leads, without the language."""
    assert answer.is_redirect, answer.text[:2000]
    return urlsplit(answer.headers["location"]).path[3:]
