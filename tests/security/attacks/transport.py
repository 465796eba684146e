"""Below HTTP's manners: requests that two machines could read in two ways, and connections that never end."""

import socket
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

from tests.security.attacks import attack
from tests.security.stage import Stage


def statuses(answer: bytes) -> list[int]:
    """Of every answer in what came back."""
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def one_refusal(stage: Stage, sent: bytes) -> None:
    """Not understood: one answer of 400, or the connection simply ends."""
    found = statuses(stage.raw(sent))
    assert found in ([], [400], [404], [405], [411], [413], [422], [431], [501]), (sent[:200], found)


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    return ("\r\n".join([line, "Host: localhost", *headers]) + "\r\n\r\n").encode("latin-1") + body


HIDDEN = b"GET /ja/hidden-request HTTP/1.1\r\nHost: localhost\r\n\r\n"


@attack("4.2.1", "at most one answer, none of it to the hidden request")
def content_length_against_transfer_encoding(stage: Stage) -> None:
    body = b"0\r\n\r\n" + HIDDEN
    sent = request(
        "POST /v1/verifications HTTP/1.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Transfer-Encoding: chunked",
        body=body,
    )
    assert len(statuses(stage.raw(sent))) <= 1


@attack("4.2.1", "refused")
def transfer_encodings_in_disguise(stage: Stage) -> None:
    for disguise in ("xchunked", "chunked, identity", " chunked\x0b", "chunked\r\nTransfer-Encoding: x", '"chunked"'):
        body = b"0\r\n\r\n" + HIDDEN
        sent = request("POST /v1/verifications HTTP/1.1", f"Transfer-Encoding: {disguise}", body=body)
        assert 404 not in statuses(stage.raw(sent)), disguise


@attack("4.2.1", "400")
def two_lengths(stage: Stage) -> None:
    one_refusal(
        stage,
        request("POST /v1/verifications HTTP/1.1", "Content-Length: 2", "Content-Length: 60", body=b"{}" + HIDDEN),
    )


@attack("4.2.1", "400")
def lengths_that_are_none(stage: Stage) -> None:
    for length in ("-1", "+2", "0x2", "2 2", "1e1", "２", "99999999999999999999999999"):
        sent = b"POST /v1/verifications HTTP/1.1\r\nHost: x\r\nContent-Length: " + length.encode() + b"\r\n\r\n{}"
        one_refusal(stage, sent)


@attack("4.2.1", "400")
def chunks_of_impossible_size(stage: Stage) -> None:
    for size in (b"FFFFFFFFFFFFFFFFF", b"-1", b"0x10", b"G"):
        sent = request(
            "POST /v1/verifications HTTP/1.1", "Transfer-Encoding: chunked", body=size + b"\r\n{}\r\n0\r\n\r\n"
        )
        one_refusal(stage, sent)


@attack("4.2.1", "400")
def headers_that_are_none(stage: Stage) -> None:
    for line in (b"Content-Length : 5", b"Na me: x", b"\x00: x", b"X: a\x00b", b"X\r: y"):
        one_refusal(stage, b"GET /ja/account HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n\r\n")


@attack("4.1.4", "400, or nothing")
def what_is_not_http(stage: Stage) -> None:
    for sent in (
        b"GET /\r\n\r\n",
        b"HELO evil.example\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n" * 50,
    ):
        assert all(status in {400, 404, 405, 505, 307, 303, 302} for status in statuses(stage.raw(sent)))


@attack("13.4.4", "405 or 400")
def methods_nobody_needs(stage: Stage) -> None:
    for method in ("TRACE", "TRACK", "CONNECT", "PROPFIND", "DEBUG", "PUT", "DELETE"):
        answer = stage.raw(request(f"{method} /ja/account HTTP/1.1", "Connection: close"))
        assert statuses(answer) in ([405], [400], []), (method, answer[:100])
        assert b"Host: localhost" not in answer


@attack("4.2.3", "no other protocol is spoken")
def an_upgrade_to_another_protocol(stage: Stage) -> None:
    for headers in (
        ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
        (
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Version: 13",
        ),
    ):
        assert 101 not in statuses(stage.raw(request("GET /ja/account HTTP/1.1", *headers)))


@attack("4.2.5", "refused or cut off, and the service goes on")
def a_header_without_end(stage: Stage) -> None:
    sent = b"GET /ja/ HTTP/1.1\r\nHost: x\r\nX-Long: " + b"A" * 2_000_000 + b"\r\n\r\n"
    answer = statuses(stage.raw(sent))
    assert answer in ([], [400], [431]), answer
    assert stage.instance.client.get("/healthz").status_code == 200


@attack("1.2.2", "the answer knows only its own host")
def an_address_with_a_host_of_its_own(stage: Stage) -> None:
    for line in (
        "GET http://evil.example/ja/ HTTP/1.1",
        "GET //evil.example/ja/ HTTP/1.1",
        "GET /ja/..//evil.example HTTP/1.1",
    ):
        answer = stage.raw(request(line, "Connection: close"))
        assert b"evil.example" not in answer.partition(b"\r\n\r\n")[0], line


@attack("15.2.2", "others are served meanwhile")
def fifty_requests_that_never_end(stage: Stage) -> None:
    url = urlsplit(stage.address)
    with ExitStack() as held:
        for number in range(50):
            connection = held.enter_context(closing(socket.create_connection((url.hostname, url.port))))
            if number % 2:
                connection.sendall(b"GET /ja/ HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            else:
                connection.sendall(
                    request("POST /v1/verifications HTTP/1.1", "Content-Length: 1000", "Content-Type: application/json")
                )
        assert stage.instance.client.get("/ja/", timeout=20).status_code == 200


@attack("5.3.2", "404: there is no way out of the folder of static files")
def paths_that_climb(stage: Stage) -> None:
    for path in (
        "/static/../../settings.json",
        "/static/x/../../../api/settings.py",
        "/static/x/..%2f..%2f..%2fapi/settings.py",
        "/static/x/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/static/x/....//....//etc/passwd",
        "/static/x//etc/passwd",
        "/static/x/..%5c..%5csettings.json",
        "/c/..%2f..%2fetc%2fpasswd",
        "/ja/%2e%2e/%2e%2e/etc/passwd",
        "/log/tile/../../../etc/passwd",
        "/.git/config",
        "/seal-keys.txt",
    ):
        answer = stage.raw(request(f"GET {path} HTTP/1.1", "Connection: close"))
        assert all(status in {400, 404, 422} for status in statuses(answer)), (path, answer[:100])
        assert b"root:" not in answer and b"ASHIATO_" not in answer


@attack("5.3.2", "404")
def null_bytes_in_the_address(stage: Stage) -> None:
    for path in ("/ja/%00", "/c/ASHI%00", "/ja/orders/x%00y", "/static/x/site.css%00.png", "/v1/footprints/x%00"):
        assert stage.instance.client.get(path).status_code in {400, 404, 422}, path
