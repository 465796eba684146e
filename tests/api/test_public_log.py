"""The public log's files over HTTP: anyone can rebuild it, and nothing else is served below it."""

import pytest

from certificates.log.audit import audit
from certificates.log.checkpoint import LogTrust
from certificates.log.notes import NoteKey
from tests.api.buying import TONNE, a_certificate


@pytest.fixture
async def certificate(client, small):
    return (await a_certificate(client, small))["certificate"]


class TestTheLog:
    async def test_is_audited_from_its_addresses_and_its_published_key_alone(self, client, certificate):
        files = {
            path: (await client.get(f"/log/{path}")).content
            for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1")
        }
        key = NoteKey.from_text((await client.get("/.well-known/ashiato-log.txt")).text.strip())
        result = audit(files.__getitem__, LogTrust(key))
        assert (result.issued, result.grams, result.findings) == (1, 3 * TONNE, ())

    async def test_names_nobody(self, client, certificate):
        assert "実行委員会" not in (await client.get("/log/tile/entries/000.p/1")).text

    async def test_its_head_is_asked_for_anew_and_its_tiles_are_kept(self, client, certificate):
        head = await client.get("/log/checkpoint")
        assert (head.headers["cache-control"], head.headers["content-type"]) == (
            "no-cache",
            "text/plain; charset=utf-8",
        )
        assert head.headers["access-control-allow-origin"] == "*"
        again = await client.get("/log/checkpoint", headers={"If-None-Match": head.headers["etag"]})
        assert again.status_code == 304
        assert "immutable" in (await client.get("/log/tile/0/000.p/1")).headers["cache-control"]

    async def test_before_anything_was_logged(self, client):
        answer = await client.get("/log/checkpoint")
        assert (answer.status_code, answer.json()["code"]) == (404, "address_unknown")

    @pytest.mark.parametrize(
        "path",
        [
            "0/001",
            "0/000.p/2",
            "0/000",
            "00/000.p/1",
            "0/000.p/0",
            "64/000",
            "entries/000.p/2",
            "entries/" + "x999/" * 12 + "999",
            "0/" + "x999/" * 12 + "999",
            "entries/%00",
            "..%2f..%2fetc%2fpasswd",
            "",
        ],
    )
    async def test_holds_no_other_file(self, client, certificate, path):
        answer = await client.get(f"/log/tile/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "address_unknown")
