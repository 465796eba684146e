"""Webhooks reach public machines only, however an inner address is written, and the very address that was checked."""

import ssl
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from marketplace.notifications import posting
from marketplace.notifications.addresses import Reason, WebhookRules, check, is_public, read_url
from marketplace.notifications.errors import AddressNotAllowed
from marketplace.notifications.posting import Outcome, post
from tests.fakes.receiver import answer, receiving

LOCAL = WebhookRules(https_only=False, to_loopback=True)
# ways to write an inner address in a URL; the system's resolver understands more of them than people do
INNER = (
    "127.0.0.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0",
    "0.0.0.0",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "100.64.0.1",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "[::ffff:0:127.0.0.1]",
    "[fe80::1%25eth0]",
    "0x7f.1",
)


def names(*answers: str):
    """A resolver that gives these answers one after the other, the last one for ever; it keeps what it was asked."""
    left, asked = [list(one.split()) for one in answers], []

    async def resolver(host, port):
        asked.append((host, port))
        return left.pop(0) if len(left) > 1 else left[0]

    resolver.asked = asked
    return resolver


class TestInnerAddresses:
    @pytest.mark.parametrize("host", INNER)
    async def test_are_refused_in_every_spelling(self, host):
        async with receiving() as receiver:
            for port in (receiver.port, 443):
                url = f"http://{host}:{port}/hook"
                with pytest.raises(AddressNotAllowed):
                    await check(url, WebhookRules(https_only=False))
                posted = await post(WebhookRules(https_only=False), url, {}, b"{}")
                assert posted.outcome is Outcome.ADDRESS_NOT_ALLOWED
            assert receiver.got == []

    @pytest.mark.parametrize("answers", ["10.0.0.1", "93.184.215.14 10.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0"])
    async def test_are_refused_behind_a_name_even_among_public_ones(self, answers):
        with pytest.raises(AddressNotAllowed) as refused:
            await check("https://hooks.example/", WebhookRules(resolver=names(answers)))
        assert refused.value.params["reason"] == Reason.NOT_PUBLIC

    async def test_behind_a_name_that_answered_differently_before_get_nothing(self):
        rules = WebhookRules(https_only=False, resolver=names("93.184.215.14", "127.0.0.1"))
        async with receiving() as receiver:
            url = f"http://rebinding.example:{receiver.port}/hook"
            assert str((await check(url, rules)).ip) == "93.184.215.14"
            assert (await post(rules, url, {}, b"{}")).outcome is Outcome.ADDRESS_NOT_ALLOWED
            assert receiver.got == []

    @pytest.mark.parametrize("ip", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::1"])
    def test_are_not_those_of_the_internet(self, ip):
        assert is_public(ip_address(ip))


class TestTheAddressThatWasChecked:
    async def test_is_the_one_that_is_connected_to_under_the_name_that_was_asked_for(self):
        async with receiving() as receiver:
            rules = replace(LOCAL, resolver=names("127.0.0.1", "203.0.113.1"))
            posted = await post(rules, f"http://hooks.example:{receiver.port}/hook?a=1", {"webhook-id": "x"}, b"{}")
            assert posted.outcome is Outcome.DELIVERED
            assert len(rules.resolver.asked) == 1
            (got,) = receiver.got
            assert got.headers["host"] == f"hooks.example:{receiver.port}"
            assert got.path == "/hook?a=1"

    async def test_shows_a_certificate_of_the_name_not_of_the_address(self):
        authority, of_name, seen = tls_for("hooks.example")
        async with receiving(tls=of_name) as receiver:
            rules = WebhookRules(to_loopback=True, resolver=names("127.0.0.1"), trust=authority)
            right = await post(rules, f"https://hooks.example:{receiver.port}/hook", {}, b"{}")
            wrong = await post(rules, f"https://other.example:{receiver.port}/hook", {}, b"{}")
            strange = await post(replace(rules, trust=None), f"https://hooks.example:{receiver.port}/hook", {}, b"{}")
        assert [one.outcome for one in (right, wrong, strange)] == [
            Outcome.DELIVERED,
            Outcome.CERTIFICATE_WRONG,
            Outcome.CERTIFICATE_WRONG,
        ]
        assert seen == ["hooks.example", "other.example", "hooks.example"]


class TestAUrl:
    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            ("http://hooks.example/", Reason.NOT_HTTPS),
            ("ftp://hooks.example/", Reason.NO_URL),
            ("file:///etc/passwd", Reason.NO_URL),
            ("gopher://hooks.example/", Reason.NO_URL),
            ("//hooks.example/", Reason.NO_URL),
            ("https:///path", Reason.NO_URL),
            ("hooks.example", Reason.NO_URL),
            ("https://hooks.example/a b", Reason.NO_URL),
            ("https://hooks.example\\@127.0.0.1/", Reason.NO_URL),
            ("https://hooks.example/\r\nX: y", Reason.NO_URL),
            ("https://user:password@hooks.example/", Reason.WITH_CREDENTIALS),
            ("https://hooks.example@10.0.0.1/", Reason.WITH_CREDENTIALS),
            ("https://hooks.example/#part", Reason.WITH_FRAGMENT),
            ("https://hooks.example:22/", Reason.PORT),
            ("https://hooks.example:25/", Reason.PORT),
            ("https://hooks.example/" + "x" * 1000, Reason.TOO_LONG),
        ],
    )
    def test_of_another_form_is_refused(self, url, reason):
        with pytest.raises(AddressNotAllowed) as refused:
            read_url(url, WebhookRules())
        assert refused.value.params["reason"] == reason

    async def test_of_a_name_that_nobody_knows_is_refused(self):
        async def nothing(host, port):
            raise OSError

        for resolver in (nothing, names("")):
            with pytest.raises(AddressNotAllowed) as refused:
                await check("https://hooks.example/", WebhookRules(resolver=resolver))
            assert refused.value.params["reason"] == Reason.UNRESOLVABLE


class TestAnAnswer:
    @pytest.mark.parametrize(
        ("given", "outcome", "status"),
        [
            (answer(204), Outcome.DELIVERED, 204),
            (answer(301, "Location: http://127.0.0.1:9/"), Outcome.REDIRECTED, 301),
            (answer(307, "Location: https://hooks.example/"), Outcome.REDIRECTED, 307),
            (answer(404), Outcome.REFUSED, 404),
            (answer(410), Outcome.GONE, 410),
            (answer(429), Outcome.ASKED_TO_WAIT, 429),
            (answer(503), Outcome.REFUSED, 503),
            (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Outcome.NO_HTTP, None),
            (b"HTT", Outcome.NO_HTTP, None),
            (answer(200, "Content-Length: 7"), Outcome.NO_HTTP, None),
            (answer(999), Outcome.REFUSED, 999),
            (answer(302, "Location: file:///etc/passwd"), Outcome.REDIRECTED, 302),
            (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + answer(200), Outcome.DELIVERED, 200),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Outcome.DELIVERED, 200),
            (answer(200, "Content-Encoding: gzip", body=b"no gzip"), Outcome.DELIVERED, 200),
            (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000 + b"\r\n\r\n", Outcome.NO_HTTP, None),
        ],
    )
    async def test_is_sorted_by_what_it_says_and_never_followed(self, given, outcome, status):
        async with receiving() as receiver:
            receiver.answers = [given]
            posted = await post(LOCAL, receiver.url, {}, b"{}")
            assert (posted.outcome, posted.status) == (outcome, status)
            assert len(receiver.got) == 1

    @pytest.mark.parametrize("status", [200, 500])
    async def test_without_end_is_left_after_its_beginning(self, status):
        async with receiving() as receiver:
            receiver.answers, receiver.endless = [f"HTTP/1.1 {status} X\r\n\r\n".encode()], True
            posted = await post(LOCAL, receiver.url, {}, b"{}")
            assert posted.status == status
            assert posted.snippet == "x" * posting.SNIPPET_BYTES
            assert posted.duration_ms < 3_000

    async def test_whose_body_drips_counts_by_its_status(self, monkeypatch):
        monkeypatch.setattr(posting, "READS_FOR", timedelta(milliseconds=100))
        async with receiving() as receiver:
            receiver.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nslow"]
            receiver.holds = True
            posted = await post(LOCAL, receiver.url, {}, b"{}")
            assert (posted.outcome, posted.snippet) == (Outcome.DELIVERED, "slow")

    async def test_that_does_not_come_is_given_up(self, monkeypatch):
        monkeypatch.setattr(posting, "ANSWERS_WITHIN", timedelta(milliseconds=200))
        async with receiving() as receiver:
            receiver.answers = [b""]
            posted = await post(LOCAL, receiver.url, {}, b"{}")
            assert (posted.outcome, posted.status) == (Outcome.TIMED_OUT, None)

    async def test_from_a_closed_port_is_no_connection(self):
        async with receiving() as receiver:
            url = receiver.url
        assert (await post(LOCAL, url, {}, b"{}")).outcome is Outcome.UNREACHABLE

    @pytest.mark.parametrize(
        ("said", "seconds"),
        [("120", 120), ("9999999", 86_400), ("-5", None), ("soon", None), ("99999999999999999999", None)],
    )
    async def test_that_asks_to_wait_says_how_long_within_reason(self, said, seconds):
        async with receiving() as receiver:
            receiver.answers = [answer(429, f"Retry-After: {said}")]
            posted = await post(LOCAL, receiver.url, {}, b"{}")
        assert posted.wait == (None if seconds is None else timedelta(seconds=seconds))

    async def test_may_ask_to_wait_until_a_date(self):
        until = datetime.now(UTC) + timedelta(minutes=10)
        async with receiving() as receiver:
            receiver.answers = [answer(503, f"Retry-After: {until:%a, %d %b %Y %H:%M:%S} GMT")]
            posted = await post(LOCAL, receiver.url, {}, b"{}")
        assert posted.outcome is Outcome.ASKED_TO_WAIT
        assert timedelta(minutes=9, seconds=50) < posted.wait <= timedelta(minutes=10)


def tls_for(name: str) -> tuple[ssl.SSLContext, ssl.SSLContext, list[str]]:
    """What trusts a new authority, what serves its certificate for the name, and the names that clients asked for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _contexts(certificate, key)


def _contexts(certificate, key):
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    trusting = ssl.create_default_context(cadata=pem.decode())
    serving, seen = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    serving.sni_callback = lambda _socket, name, _context: seen.append(name)
    with tempfile.NamedTemporaryFile() as file:
        file.write(
            pem
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.flush()
        serving.load_cert_chain(file.name)
    return trusting, serving, seen
