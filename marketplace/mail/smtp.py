"""Hands mails to a mail server over SMTP (submission). Always encrypted, unless the server is on this machine."""

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as MAIL_FORMAT
from urllib.parse import unquote, urlsplit

from marketplace.mail.address import checked
from marketplace.mail.post import CarrierUnreachable, Letter, LetterRefused

ANSWERS_WITHIN_SECONDS = 10.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


class MailServerMisnamed(ValueError):
    """The address of the mail server is not smtp://, or smtps:// with the name of a host."""

    code = "mail_server_misnamed"


@dataclass(frozen=True, slots=True)
class MailServer:
    """smtp:// upgrades with STARTTLS and refuses to go on without; smtps:// is encrypted from the first byte."""

    host: str
    port: int
    username: str | None
    password: str | None
    encrypted_at_once: bool

    @classmethod
    def from_url(cls, text: str) -> "MailServer":
        """For example smtp://user:password@mail.example:587. Raises MailServerMisnamed."""
        url = urlsplit(text)
        if url.scheme not in {"smtp", "smtps"} or not url.hostname:
            raise MailServerMisnamed("expected smtp://user:password@host:587 or smtps://user:password@host:465")
        at_once = url.scheme == "smtps"
        return cls(
            host=url.hostname,
            port=url.port or (465 if at_once else 587),
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            encrypted_at_once=at_once,
        )

    @property
    def must_encrypt(self) -> bool:
        return self.host not in _LOOPBACK


@dataclass(frozen=True, slots=True)
class SmtpCarrier:
    """`sender` is the address that mails come from."""

    server: MailServer
    sender: str

    async def carry(self, letter: Letter) -> None:
        """Raises CarrierUnreachable (a 4xx answer or none), LetterRefused (a 5xx answer)."""
        import aiosmtplib  # noqa: PLC0415 - takes a while to import, and the web process never sends

        try:
            await aiosmtplib.send(
                as_message(letter, self.sender),
                hostname=self.server.host,
                port=self.server.port,
                username=self.server.username,
                password=self.server.password,
                use_tls=self.server.encrypted_at_once,
                start_tls=None if self.server.encrypted_at_once or not self.server.must_encrypt else True,
                timeout=ANSWERS_WITHIN_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            _judge(max(one.code for one in refused.recipients), refused)
        except aiosmtplib.SMTPAuthenticationError as refused:
            # our own credentials are wrong: nothing is wrong with the letter
            raise CarrierUnreachable(f"the mail server refuses us: {refused.code}") from refused
        except aiosmtplib.SMTPResponseException as refused:
            _judge(refused.code, refused)
        except (TimeoutError, aiosmtplib.SMTPException, OSError) as error:
            raise CarrierUnreachable(f"no mail server: {type(error).__name__}") from error


def _judge(code: int, error: Exception) -> None:
    # the server's text may repeat the address, so only its code is kept
    if code >= 500:
        raise LetterRefused(f"the mail server answered {code}") from error
    raise CarrierUnreachable(f"the mail server answered {code}") from error


def as_message(letter: Letter, sender: str) -> EmailMessage:
    """The mail in its wire form. No text can become a header: controls in a subject are blanks, addresses are checked."""
    message = EmailMessage(policy=MAIL_FORMAT)
    domain = checked(sender).rpartition("@")[2]
    try:
        message["From"] = Address("Ashiato", addr_spec=sender)
        message["To"] = Address(addr_spec=checked(letter.recipient))
        message["Subject"] = one_line(letter.subject)
    except MessageError as error:
        raise LetterRefused("the address cannot be written into a header") from error
    message["Date"] = letter.written_at
    message["Message-ID"] = f"<{letter.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, charset="utf-8", cte="base64")
    return message


def one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()
