"""Mails over SMTP: whole, in their reader's letters, and with no way for a text to become a header."""

from datetime import UTC, datetime

import pytest

from marketplace.mail.address import AddressRefused
from marketplace.mail.post import CarrierUnreachable, Letter, LetterRefused
from marketplace.mail.smtp import MailServer, MailServerMisnamed, SmtpCarrier, as_message
from tests.fakes.smtp import a_mail_server

SENDER = "post@ashiato.example"


def a_letter(**changes):
    facts = {
        "id": "mail_1",
        "recipient": "reader@example.jp",
        "written_at": datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
        "subject": "証明書ができました",
        "text": "無効化が確認されました。\n.\n𠮷野家\n",
    }
    return Letter(**(facts | changes))


def carrier_to(server) -> SmtpCarrier:
    return SmtpCarrier(MailServer("127.0.0.1", server.port, None, None, encrypted_at_once=False), SENDER)


class TestAMailArrivesWhole:
    async def test_with_its_text_in_japanese_and_its_own_number(self):
        async with a_mail_server() as server:
            await carrier_to(server).carry(a_letter())
        (mail,) = server.taken
        assert mail["subject"] == "証明書ができました"
        assert mail["to"] == "reader@example.jp"
        assert mail["from"] == f"Ashiato <{SENDER}>"
        assert mail["message-id"] == "<mail_1@ashiato.example>"
        assert mail["auto-submitted"] == "auto-generated"
        assert mail.get_content().splitlines() == ["無効化が確認されました。", ".", "𠮷野家"]


class TestNoTextBecomesAHeader:
    @pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\x00"])
    def test_a_subject_stays_one_line(self, line_end):
        mail = as_message(a_letter(subject=f"hello{line_end}Bcc: victim@example.jp"), SENDER)
        head = mail.as_bytes().split(b"\r\n\r\n")[0].decode().lower()
        assert mail["bcc"] is None
        assert not any(line.startswith("bcc") for line in head.splitlines())

    def test_an_address_with_more_in_it_is_refused(self):
        with pytest.raises(AddressRefused):
            as_message(a_letter(recipient="a@b.jp\r\nBcc: victim@example.jp"), SENDER)


class TestTheServersAnswers:
    @pytest.mark.parametrize(
        ("command", "answer", "error"),
        [
            ("RCPT", "550 no such user", LetterRefused),
            ("RCPT", "450 try later", CarrierUnreachable),
            ("MAIL", "553 not you", LetterRefused),
            ("DATA", "451 busy", CarrierUnreachable),
            ("DATA", "554 spam", LetterRefused),
        ],
    )
    async def test_for_good_or_for_now(self, command, answer, error):
        async with a_mail_server(**{command: answer}) as server:
            with pytest.raises(error) as raised:
                await carrier_to(server).carry(a_letter())
        assert "reader@" not in str(raised.value)

    async def test_nobody_listens(self):
        async with a_mail_server() as server:
            gone = carrier_to(server)
        with pytest.raises(CarrierUnreachable):
            await gone.carry(a_letter())

    async def test_a_server_elsewhere_without_encryption_gets_nothing(self):
        async with a_mail_server() as server:
            elsewhere = MailServer("127.0.0.1", server.port, None, None, encrypted_at_once=False)
            object.__setattr__(elsewhere, "host", "localhost.")
            with pytest.raises(CarrierUnreachable):
                await SmtpCarrier(elsewhere, SENDER).carry(a_letter())
        assert server.taken == []


class TestTheServersAddress:
    def test_in_one_line(self):
        server = MailServer.from_url("smtp://user%40example.jp:p%3Aw@mail.example.jp")
        assert server == MailServer("mail.example.jp", 587, "user@example.jp", "p:w", encrypted_at_once=False)
        assert MailServer.from_url("smtps://mail.example.jp") == MailServer(
            "mail.example.jp", 465, None, None, encrypted_at_once=True
        )

    @pytest.mark.parametrize("bad", ["", "mail.example.jp", "http://mail.example.jp", "smtp://"])
    def test_anything_else_is_refused(self, bad):
        with pytest.raises(MailServerMisnamed):
            MailServer.from_url(bad)
