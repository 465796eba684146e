"""Text that would be a program somewhere else: in pages, pictures, tables, queries, mails, templates."""

import csv
import io
import json

import openpyxl
from lxml import html

from tests.security.attacks import attack
from tests.security.stage import FORMULA, HOSTILE, Stage


def is_harmless(page: str) -> None:
    """No element and no attribute came out of the text, which stands there as text."""
    parsed = html.fromstring(page.encode())
    assert parsed.xpath("//script[not(@src)]") == []
    assert parsed.xpath("//*[@onerror] | //*[@onload] | //img[@src='x'] | //a[starts-with(@href, 'javascript:')]") == []


@attack("1.2.1", "names stand as text on every page that shows them")
def markup_in_the_names_of_people(stage: Stage) -> None:
    for path in ("/ja/account", "/en/account", "/ja/account/members", "/ja/account/privacy", "/ja/account/security"):
        is_harmless(stage.victim.client.get(path).text)
    assert HOSTILE in html.fromstring(stage.victim.client.get("/ja/account").content).text_content()
    is_harmless(stage.operator.client.get("/ja/operations/audit").text)


@attack("1.2.1", "an order's texts stand as text: order, certificate, public ledger, verification")
def markup_in_the_texts_of_an_order(stage: Stage) -> None:
    assert stage.order
    for path in (
        f"/ja/orders/{stage.order['token']}",
        f"/en/orders/{stage.order['token']}",
        f"/c/{stage.number}?lang=ja",
        f"/c/{stage.number}/disclosure?lang=en",
        f"/c/{stage.number}/exports?lang=ja",
        "/ja/ledger",
        "/ja/mailbox",
    ):
        answer = stage.instance.client.get(path)
        assert answer.status_code == 200, path
        is_harmless(answer.text)
    verified = stage.instance.client.post("/ja/verify", data={"number": stage.number})
    assert verified.status_code == 200
    is_harmless(verified.text)


@attack("1.2.1", "a footprint's name stands as text")
def markup_in_the_name_of_a_footprint(stage: Stage) -> None:
    for path in ("", "/reduce", "/offset"):
        answer = stage.instance.client.get(f"/ja/footprints/{stage.footprint}{path}")
        assert answer.status_code == 200
        is_harmless(answer.text)


@attack("1.2.1", "what was asked for stands as text")
def markup_in_addresses(stage: Stage) -> None:
    for path in (
        "/ja/factors",
        "/ja/credits",
        "/ja/verify",
        "/ja/sign-in",
        "/ja/mailbox",
        "/ja/ledger",
        "/ja/calculate/event",
        "/ja/<script>alert(1)</script>",
        "/c/<script>alert(1)</script>",
    ):
        fields = dict.fromkeys(("q", "number", "next", "to", "registry", "kind", "draft", "lang", "footprint"), HOSTILE)
        answer = stage.instance.client.get(path, params=fields, follow_redirects=True)
        assert answer.status_code < 500, path
        is_harmless(answer.text)


@attack("1.2.1", "the name that a browser gives itself stands as text")
def markup_in_the_name_of_a_browser(stage: Stage) -> None:
    with stage.guest(headers={"User-Agent": HOSTILE}) as client:
        from urllib.parse import urlsplit

        link = stage.ask_for_link(client, "browser@ashiato.example")
        assert client.post(urlsplit(link).path).status_code == 303
        is_harmless(client.get("/ja/account/security").text)


@attack("1.3.4", "drawings are our own and hold no text of visitors as markup")
def markup_in_a_drawing(stage: Stage) -> None:
    for path in (f"/v1/certificates/{stage.number}.svg", f"/c/{stage.number}.svg"):
        answer = stage.instance.client.get(path)
        if answer.status_code == 200:
            assert b"<script" not in answer.content and b"onerror" not in answer.content
            assert b"foreignObject" not in answer.content


@attack("1.2.3", "JSON as JSON, never as a page")
def markup_in_json(stage: Stage) -> None:
    for path in (
        f"/v1/orders/{stage.order['token']}",
        f"/footprints/{stage.footprint}.json",
        f"/v1/footprints/{stage.footprint}",
    ):
        answer = stage.instance.client.get(path)
        assert answer.headers["content-type"].startswith("application/"), path
        assert answer.headers["x-content-type-options"] == "nosniff"
        json.loads(answer.content)
    refused = stage.instance.client.post("/v1/quotes", json={HOSTILE: HOSTILE})
    assert refused.headers["content-type"] == "application/problem+json"


@attack("1.2.10", "cells begin with an apostrophe")
def formulas_in_tables(stage: Stage) -> None:
    assert stage.number
    reason = {"action": "sign_out", "email": stage.attacker.email, "reason": FORMULA}
    stage.operator.post("/ja/operations/people", **reason)
    # the attacker signs in again for those who come after
    stage.attacker.client = stage.sign_in(stage.attacker.email).client
    tables = [
        stage.instance.client.get("/ja/ledger.csv").text,
        stage.instance.client.get("/ja/ledger-cad-trust.csv").text,
        stage.operator.client.get("/ja/operations/audit/csv").text,
        stage.operator.client.get("/ja/operations/ledger.csv").text,
    ]
    cells = [cell for table in tables for row in csv.reader(io.StringIO(table)) for cell in row]
    assert f"'{FORMULA}" in cells
    assert [cell for cell in cells if cell[:1] in {"=", "@", "\t", "\r"}] == []


@attack("1.2.10", "text stays text in a workbook")
def formulas_in_workbooks(stage: Stage) -> None:
    footprint = stage.keep_footprint(FORMULA)
    content = stage.instance.client.get(f"/ja/footprints/{footprint}/worksheet.xlsx").content
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    formulas = [str(cell.value) for cell in cells if cell.data_type == "f"]
    assert formulas
    assert not any("evil.example" in formula for formula in formulas)


@attack("1.2.4", "a search that finds nothing")
def queries_in_searches(stage: Stage) -> None:
    for text in (
        "' OR '1'='1",
        "'; DROP TABLE person; --",
        "%' UNION SELECT secret_sha256 FROM api_key --",
        "\\",
        "%",
        "_",
    ):
        for path, name in (
            ("/ja/factors", "q"),
            ("/v1/factors", "q"),
            ("/ja/credits", "prefecture"),
            ("/ja/mailbox", "to"),
        ):
            answer = stage.instance.client.get(path, params={name: text})
            assert answer.status_code in {200, 422}, (path, text)
        audited = stage.operator.client.get("/ja/operations/audit", params={"actor": text, "before": text})
        assert audited.status_code == 200
    assert stage.row("SELECT COUNT(*) FROM person")[0] > 0


@attack("1.3.11", "422: an address has no line break")
def a_mail_to_somebody_else_too(stage: Stage) -> None:
    with stage.guest() as client:
        for email in (
            "a@b.example\r\nBcc: c@d.example",
            "a@b.example,c@d.example",
            '"a\r\n"@b.example',
            "a@b.example\x00",
        ):
            assert client.post("/ja/sign-in", data={"email": email}).status_code == 422
    answer = stage.attacker.post("/ja/account/members", action="invite", email="a@b.example\nBcc: c@d", role="buyer")
    assert answer.status_code == 422


@attack("1.3.7", "templates are not built out of what people type")
def templates_in_texts(stage: Stage) -> None:
    text = "{{ 7 * 7 }}{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}${7*7}#{7*7}"
    stage.attacker.post("/ja/account", action="name", name=text)
    page = html.fromstring(stage.attacker.client.get("/ja/account").content).text_content()
    assert "{{ 7 * 7 }}" in page
    assert "object" not in page.partition("{{ 7 * 7 }}")[2][:80]


@attack("1.3.10", "format strings are only text")
def formats_in_texts(stage: Stage) -> None:
    text = "{0.__class__} %s%s%n {name!r} %(x)s"
    stage.attacker.post("/ja/account", action="name", name=text)
    page = html.fromstring(stage.attacker.client.get("/en/account").content).text_content()
    assert text in page


@attack("1.2.8", "text reaches the typesetter as data")
def typesetting_commands_in_texts(stage: Stage) -> None:
    text = '#read("/etc/passwd") #eval("1") $x$ \\input{/etc/passwd} *b* @label'
    order = stage.post("/v1/orders", stage.order_body(subject=text, beneficiary=text, credit_user=text)).json()
    stage.instance.pay(order)
    from tests.e2e.instance import eventually

    done = eventually(lambda: (seen := stage.instance.see(order))["state"] == "fulfilled" and seen, what="fulfilled")
    paper = stage.instance.client.get(f"/v1/certificates/{done['certificate']['number']}.pdf")
    assert paper.status_code == 200
    import pypdfium2

    document = pypdfium2.PdfDocument(paper.content)
    words = "".join(page.get_textpage().get_text_range() for page in document)
    assert "root:" not in words
    assert "passwd" in words
