"""Bodies and files that are not what they say: too much, too deep, twice, or two things at once."""

import base64
import io
import json
import struct
import zipfile
import zlib

import httpx

from tests.security.attacks import attack
from tests.security.stage import Stage

JSON = {"Content-Type": "application/json"}


def refused(stage: Stage, body: bytes | str, code: str, status: int, path: str = "/v1/verifications") -> None:
    answer = stage.instance.client.post(path, content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text[:300]


@attack("1.5.3", "400 duplicate_json_name")
def one_name_twice(stage: Stage) -> None:
    refused(stage, '{"number": "a", "number": "b"}', "duplicate_json_name", 400)
    refused(stage, '{"number": "a", "\\u006eumber": "b"}', "duplicate_json_name", 400)


@attack("15.2.2", "400 malformed_json")
def json_too_deep(stage: Stage) -> None:
    refused(stage, "[" * 100_000, "malformed_json", 400)
    refused(stage, '{"a":' * 5_000 + "1" + "}" * 5_000, "malformed_json", 400)


@attack("1.1.1", "400 malformed_json")
def text_that_is_not_utf8(stage: Stage) -> None:
    for body in (
        b'{"number": "\xff\xfe"}',
        b'{"number": "\xc0\xaf"}',
        '{"number": "x"}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
    ):
        refused(stage, body, "malformed_json", 400)


@attack("2.2.1", "400 malformed_json")
def null_characters_in_texts(stage: Stage) -> None:
    refused(stage, '{"number": "a\\u0000b"}', "malformed_json", 400)
    with stage.guest() as client:
        assert client.post("/ja/sign-in", data={"email": "a\x00@b.example"}).status_code == 422
        assert client.post("/ja/verify", data={"number": "a\x00b"}).status_code < 500


@attack("1.4.2", "400 or 422, never a rounded amount")
def numbers_no_amount_can_be(stage: Stage) -> None:
    for number in (
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "9" * 500,
        "-0.0",
        "1.5",
        "9223372036854775808",
        '"1000"',
        "true",
        "null",
    ):
        body = f'{{"amount_g": {number}, "mix": {{}}}}'
        answer = stage.instance.client.post("/v1/quotes", content=body, headers=JSON)
        assert answer.status_code in {400, 422}, (number, answer.status_code)


@attack("15.3.5", "422 input_refused, each place named")
def values_of_another_type(stage: Stage) -> None:
    for value in (1, True, [], {}, None, ["a"], {"$ne": ""}):
        answer = stage.instance.client.post("/v1/verifications", json={"number": value})
        assert answer.status_code == 422, value


@attack("15.2.2", "413 before anything is read")
def a_body_without_end(stage: Stage) -> None:
    sent = b"POST /v1/verifications HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{"
    assert b" 413 " in stage.raw(sent).partition(b"\r\n")[0]
    chunks = b"".join(b"100000\r\n" + b"A" * 0x100000 + b"\r\n" for _ in range(15))
    head = b"POST /v1/verifications HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert b" 413 " in stage.raw(head + chunks).partition(b"\r\n")[0]


@attack("5.2.3", "415: nothing compressed is taken")
def a_bomb_behind_a_content_encoding(stage: Stage) -> None:
    body = zlib.compress(b"0" * 10_000_000)
    for encoding in ("gzip", "deflate", "br", "zstd"):
        answer = stage.instance.client.post(
            "/v1/verifications", content=body, headers={**JSON, "Content-Encoding": encoding}
        )
        assert answer.status_code == 415, encoding


def bomb(names: tuple[str, ...] = ("credential.jwt",), size: int = 200_000_000) -> bytes:
    """A small ZIP file that unpacks to `size` bytes each."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            with archive.open(name, "w", force_zip64=True) as inside:
                for _ in range(size // 1_000_000):
                    inside.write(b"\0" * 1_000_000)
    return packed.getvalue()


@attack("5.2.3", "422, at once")
def a_zip_bomb_for_the_verifier(stage: Stage) -> None:
    packed = bomb()
    assert len(packed) < 1_000_000
    answer = stage.instance.client.post("/v1/verifications", json={"bundle": base64.b64encode(packed).decode()})
    assert answer.status_code == 422
    assert answer.elapsed.total_seconds() < 10


@attack("5.3.3", "422: names in an archive lead nowhere")
def an_archive_that_climbs_out(stage: Stage) -> None:
    packed = bomb(("../../../tmp/evil", "/etc/passwd", "credential.jwt", "a\\..\\b"), size=1_000_000)
    answer = stage.instance.client.post("/v1/verifications", json={"bundle": base64.b64encode(packed).decode()})
    assert answer.status_code == 422


def uploaded(stage: Stage, name: str, content: bytes, kind: str, path: str = "/ja/verify") -> httpx.Response:
    return stage.instance.client.post(path, files={"file": (name, content, kind)})


@attack("5.2.2", "422 for every file that is not what its name says")
def files_that_are_two_things(stage: Stage) -> None:
    page = b"<html><script>alert(1)</script></html>"
    for name, content, kind in (
        ("paper.pdf", b"%PDF-1.7\n" + page, "application/pdf"),
        ("photo.png", b"\x89PNG\r\n\x1a\n" + page, "image/png"),
        ("photo.jpg", b"GIF89a/*" + page + b"*/", "image/jpeg"),
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
        ("x.html", page, "text/html"),
        ("../../x.pdf", b"%PDF-", "application/pdf"),
        ("x.pdf\r\nX-Evil: 1", b"PK\x03\x04", "application/zip"),
    ):
        answer = uploaded(stage, name, content, kind)
        # what might be typed text is examined as such, and believed no more
        assert answer.status_code in {200, 422}, (name, answer.status_code)
        assert b"alert(1)" not in answer.content
        assert "x-evil" not in answer.headers


@attack("5.2.6", "no code, and no memory spent on it")
def a_picture_of_a_billion_dots(stage: Stage) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    flood = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000))
        + chunk(b"IEND", b"")
    )
    answer = uploaded(stage, "flood.png", flood, "image/png")
    assert answer.status_code == 422
    assert answer.elapsed.total_seconds() < 10


def workbook(sheet: bytes) -> bytes:
    """The least that counts as an XLSX file, around this sheet."""
    parts = {
        "[Content_Types].xml": b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": b'<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


@attack("1.5.1", "no entity is resolved: no file's content comes back")
def entities_in_a_workbook(stage: Stage) -> None:
    passwords = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&x;</t></is></c></row></sheetData></worksheet>'
    laughs = (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha">'
        + b"".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">'.encode() for n in range(1, 10))
        + b']><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&a9;</t></is></c></row></sheetData></worksheet>'
    )
    for sheet in (passwords, laughs):
        for field in ("attendees", "rows", "file"):
            answer = stage.instance.client.post(
                "/ja/calculate/event",
                data={"action": "read_file"},
                files={field: ("a.xlsx", workbook(sheet), "application/zip")},
            )
            assert answer.status_code < 500
            assert "root:" not in answer.text
            assert "hahahahahaha" not in answer.text


@attack("2.1.3", "413 or 422: lists have an end")
def more_lines_than_anybody_needs(stage: Stage) -> None:
    line = {"listing_id": "lst_00000000000000000000000000", "amount_g": 1}
    answer = stage.instance.client.post("/v1/quotes", json={"listings": [line] * 20_000})
    assert answer.status_code == 413
    answer = stage.instance.client.post("/v1/quotes", json={"listings": [line] * 21})
    assert answer.status_code == 422
    answer = stage.instance.client.get("/v1/listings", params={"limit": 10**9})
    assert answer.status_code == 422


@attack("15.3.7", "400 or 422: one value for one name")
def a_parameter_twice(stage: Stage) -> None:
    answer = stage.instance.client.get("/v1/listings?limit=1&limit=100")
    assert answer.status_code == 422 or len(answer.json()["data"]) <= 100
    answer = stage.instance.client.get("/v1/listings?limit=1&cursor=x&cursor=y")
    assert answer.status_code == 422


@attack("1.5.2", "422: a cursor is not ours unless we made it")
def a_cursor_of_ones_own(stage: Stage) -> None:
    for cursor in (
        "x",
        base64.urlsafe_b64encode(json.dumps({"__class__": "os.system"}).encode()).decode(),
        "gASVAAAAAAAAAAA=",
        "A" * 5_000,
    ):
        assert stage.instance.client.get("/v1/listings", params={"cursor": cursor}).status_code == 422
