"""A live service sends mails, or says that it does not; a mailbox that anyone can read is for one's own machine."""

import pytest
from pydantic import SecretStr, ValidationError

from api.mail_wording import mail_wording
from api.services import post
from certificates.statement import Environment
from marketplace.mail.smtp import SmtpCarrier
from tests.api.application import some_settings

LIVE = {
    "environment": Environment.LIVE,
    "stripe_api_key": SecretStr("sk_live_for_tests_only"),
    "issuer_name": "架空商店",
    "issuer_address": "架空県架空市1-1",
}
SERVER = {"mail_server": SecretStr("smtp://mail.example.jp"), "mail_from": "post@ashiato.example"}


def refused(**facts: object) -> str:
    with pytest.raises(ValidationError) as problem:
        some_settings(**facts)
    return str(problem.value)


class TestALiveService:
    def test_does_not_start_without_a_mail_server_unless_told_so(self) -> None:
        assert "mail_server" in refused(**LIVE)
        assert some_settings(**LIVE, mail_off=True).mail_off
        assert some_settings(**LIVE, **SERVER).mail_from == "post@ashiato.example"

    def test_has_no_mailbox_to_read(self) -> None:
        assert "mailbox" in refused(**LIVE, **SERVER, mailbox=True)


class TestWrongValuesAreNamed:
    @pytest.mark.parametrize(
        ("facts", "named"),
        [
            ({"mail_server": SecretStr("smtp://mail.example.jp")}, "belong together"),
            ({"mail_from": "post@ashiato.example"}, "belong together"),
            ({**SERVER, "mail_server": SecretStr("mail.example.jp")}, "smtp://"),
            ({**SERVER, "mail_from": "post@ashiato.example\nBcc: x@y.jp"}, "name@domain"),
            ({"operator_mail": ("nobody",)}, "name@domain"),
        ],
    )
    def test_before_anything_starts(self, facts: dict[str, object], named: str) -> None:
        problem = refused(**facts)
        assert named in problem


class TestHowMailsLeave:
    def test_through_the_server_of_the_settings(self) -> None:
        settings = some_settings(**SERVER)
        carrier = post(settings, mail_wording(settings)).carrier
        assert isinstance(carrier, SmtpCarrier)
        assert (carrier.server.host, carrier.server.must_encrypt) == ("mail.example.jp", True)

    def test_nowhere_without_one(self) -> None:
        settings = some_settings()
        assert (post(settings, mail_wording(settings)).carrier, settings.mailbox) == (None, False)
