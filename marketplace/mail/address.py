"""What counts as a mail address here: the plain form `local@domain` in ASCII, as the web's own forms accept it.

Quoted local parts and comments are left out on purpose: nobody types them, and they are how headers get broken.
"""

import re

from marketplace.errors import MarketplaceError

LONGEST = 254
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_SHAPE = re.compile(rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})+")


class AddressRefused(MarketplaceError):
    """This text is not a mail address we can write to. The address itself is not repeated, since errors are logged."""

    code = "mail_address_refused"


def is_address(text: str) -> bool:
    return len(text) <= LONGEST and _SHAPE.fullmatch(text) is not None


def checked(text: str) -> str:
    """The address as given. Raises AddressRefused."""
    if not is_address(text):
        raise AddressRefused("not a mail address of the form name@domain")
    return text
