"""Accounts of those whom the platform pays: opened by it, filled in on the provider's own page, then payable."""

from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject, no_such
from marketplace.payments.sandbox.parameters import AccountCreate, AccountLinkCreate

LINK_LASTS = 5 * 60

WANTED = ("business_profile.url", "company.name", "external_account", "representative.first_name")


def create(books: Books, parameters: AccountCreate, _id: str) -> JsonObject:
    return books.add(
        "account",
        {
            "capabilities": {"transfers": "inactive"},
            "charges_enabled": False,
            "controller": parameters.controller.model_dump(),
            "country": parameters.country,
            "default_currency": "jpy",
            "details_submitted": False,
            "email": parameters.email,
            "metadata": parameters.metadata,
            "payouts_enabled": False,
            "requirements": {"currently_due": list(WANTED), "disabled_reason": "requirements.past_due"},
        },
    )


def retrieve(books: Books, _parameters: object, account_id: str) -> JsonObject:
    return books.get("account", account_id)


def create_link(books: Books, parameters: AccountLinkCreate, public_url: str) -> JsonObject:
    """The link itself has no id that the API shows; its address is the secret."""
    account = books.get("account", parameters.account, param="account")
    link_id = books.new_id("account_link")
    shown = {
        "object": "account_link",
        "created": books.now,
        "expires_at": books.now + LINK_LASTS,
        "url": f"{public_url}/c/onboarding/{link_id}",
    }
    kept = {"id": link_id, "return_url": parameters.return_url, "refresh_url": parameters.refresh_url, "used": False}
    books.add("account_link", shown | kept, parent=account["id"])
    return shown


def open_link(books: Books, link_id: str) -> tuple[JsonObject, bool]:
    """The link, and whether it still leads anywhere. Raises: ApiError 404."""
    link = books.get("account_link", link_id)
    return link, not link["used"] and books.now < link["expires_at"]


def submit(books: Books, link: JsonObject) -> None:
    """Everything the provider wanted to know has been filled in."""
    account_id = books.parent(link)
    if account_id is None:
        raise no_such("account", link["id"])
    link["used"] = True
    books.save(link)
    account = books.get("account", account_id)
    account.update(
        capabilities={"transfers": "active"},
        charges_enabled=True,
        details_submitted=True,
        payouts_enabled=True,
        requirements={"currently_due": [], "disabled_reason": None},
    )
    books.save(account)
    books.tell("account.updated", account)


def restrict(books: Books, account_id: str) -> JsonObject:
    """The provider asks again for something, and pays nothing until it has it."""
    account = books.get("account", account_id)
    account.update(
        capabilities={"transfers": "inactive"},
        payouts_enabled=False,
        requirements={"currently_due": ["company.verification.document"], "disabled_reason": "requirements.past_due"},
    )
    books.save(account)
    books.tell("account.updated", account)
    return account
