"""Papers made from a certificate, for programs: the same record in every form, and only as far as it is public."""

import io

import pytest
from openpyxl import load_workbook
from PIL import Image

from certificates import visibility
from certificates.exports.model import Form
from certificates.service import revoke
from certificates.statement import DisclosedField
from marketplace.clock import japan_date
from marketplace.database.transactions import run_tx
from tests.api.buying import a_certificate

FILES = [*(f"exports/{form}{ending}" for form in Form for ending in ("", ".csv", ".xlsx", ".pdf")), "disclosure.pdf"]


@pytest.fixture
async def certificate(client, small):
    return (await a_certificate(client, small))["certificate"]


class TestPapers:
    async def test_state_what_the_certificate_states(self, client, certificate):
        read = (await client.get(certificate["url"])).json()
        made = (await client.get(f"{certificate['url']}/exports/climate_law")).json()
        entries = {(entry["group"], entry["key"]): entry for entry in made["entries"]}
        (cancelled,) = read["statement"]["cancellations"]
        assert made["certificate"] == read["number"]
        assert entries["credit", "notice_number"]["value"] == cancelled["notice_number"]
        assert entries["credit", "tonnes"]["value"] == str(cancelled["tonnes"])
        assert entries["filer", "body"]["value"] == read["disclosures"]["beneficiary"]["value"]
        assert entries["evidence", "statement_sha256"]["value"] == read["statement_sha256"]
        assert entries["filer", "fiscal_year"]["origin"] == "filer"

    async def test_come_as_files_of_each_form(self, client, certificate):
        read = (await client.get(certificate["url"])).json()
        workbook = await client.get(f"{certificate['url']}/exports/label.xlsx?lang=en")
        cells = [cell.value for row in load_workbook(io.BytesIO(workbook.content)).active.iter_rows() for cell in row]
        assert read["number"] in cells
        table = await client.get(f"{certificate['url']}/exports/cdp.csv?lang=en")
        assert read["number"] in table.content.decode("utf-8-sig")
        for path in ("exports/declaration.pdf", "disclosure.pdf"):
            paper = await client.get(f"{certificate['url']}/{path}?lang=en")
            assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")

    async def test_of_a_form_that_does_not_exist(self, client, certificate):
        answer = await client.get(f"{certificate['url']}/exports/tax_return.pdf")
        assert (answer.status_code, answer.json()["code"]) == (404, "address_unknown")

    async def test_of_a_revoked_certificate_are_not_made(self, client, small, certificate):
        await run_tx(lambda _: revoke(certificate["number"], "issued_in_error", now=small.clock()))
        for path in FILES:
            assert (await client.get(f"{certificate['url']}/{path}")).json()["code"] == "certificate_ended"


class TestAPicture:
    async def test_is_there_in_both_languages(self, client, certificate):
        pictures = {lang: await client.get(f"{certificate['url']}.png?lang={lang}") for lang in ("ja", "en")}
        assert {answer.headers["content-type"] for answer in pictures.values()} == {"image/png"}
        assert Image.open(io.BytesIO(pictures["ja"].content)).size == (1200, 630)
        assert pictures["ja"].content != pictures["en"].content

    async def test_loses_a_name_that_is_hidden(self, client, small, certificate):
        before = (await client.get(f"{certificate['url']}.png")).content
        until = japan_date(small.clock()).replace(year=2099)
        await run_tx(lambda _: visibility.hide(certificate["number"], [DisclosedField.BENEFICIARY], until=until))
        assert (await client.get(f"{certificate['url']}.png")).content != before


async def test_an_unlisted_certificates_papers_open_with_its_code_only(client, certificate):
    code = await run_tx(lambda _: visibility.unlist(certificate["number"]))
    for path in (".png", "/disclosure.pdf", "/exports/cdp", "/exports/cdp.csv"):
        assert (await client.get(f"{certificate['url']}{path}")).status_code == 404
        opened = await client.get(f"{certificate['url']}{path}?code={code}")
        assert opened.status_code == 200
        assert opened.headers["cache-control"] == "private, no-store"
