"""The help desk: a form for anyone, and the list of what is to be answered for operators."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, noticing, only, visitor_of
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.wording import words
from marketplace.accounts.roles import Role
from marketplace.contact import service as contact
from marketplace.contact.service import Message, Topic
from marketplace.mail.address import AddressRefused

LONGEST_BODY = 4_000
LONGEST_LINE = 200
# A field that no person sees; whoever fills in every field of a page fills it in.
TRAP = "website"


@noticing
async def page(request: Request) -> Response:
    """?topic= and ?about= are filled in, for links from pages that know what it is about."""
    asked = request.query_params
    visitor = visitor_of(request)
    typed = {
        "topic": asked.get("topic", ""),
        "about": asked.get("about", "")[:LONGEST_LINE],
        "email": visitor.email if visitor else "",
        "name": visitor.name if visitor else "",
    }
    return _form(request, typed)


@noticing
async def submit(request: Request) -> Response:
    """Everything typed comes back with what is wrong with it, or the message has a number."""
    typed = await read_typed(request, longest=LONGEST_BODY + 1)
    locale = PageContext.of(request).locale
    errors: dict[str, str] = {}
    body = typed.get("body", "").strip().replace("\r\n", "\n")
    if not body:
        errors["body"] = words("contact", "body_missing", locale)
    elif len(body) > LONGEST_BODY:
        errors["body"] = words("contact", "body_too_long", locale, {"most": LONGEST_BODY})
    if typed.get("topic") not in set(Topic):
        errors["topic"] = sentence("unknown_choice", {}, locale)
    if errors:
        return _form(request, typed, errors)
    message = Message(
        topic=Topic(typed["topic"]),
        email=typed.get("email", "").strip(),
        name=_line(typed, "name"),
        about=_line(typed, "about"),
        body=body,
        locale=locale,
        trap=typed.get(TRAP, ""),
    )
    try:
        number = await contact.take(services_of(request).market, message)
    except AddressRefused as refused:
        return _form(request, typed, {"email": sentence(refused.code, refused.params, locale)})
    return page_response(request, "pages/contact/sent.html", number=number, email=message.email)


@only(Role.OPERATOR, Role.AUDITOR)
async def messages(request: Request) -> Response:
    return page_response(
        request,
        "pages/contact/messages.html",
        messages=await contact.unsettled(),
        may_act=actor_of(request).is_any(Role.OPERATOR),
    )


@only(Role.OPERATOR)
async def settle(request: Request) -> Response:
    typed = await read_typed(request)
    if typed.get("action") != "settle":
        raise HTTPException(404)
    await contact.settle(actor_of(request), typed.get("id", ""), now=services_of(request).market.clock())
    return RedirectResponse(PageContext.of(request).url("/operations/messages"), status_code=303)


def _line(typed: Typed, name: str) -> str:
    return " ".join(typed.get(name, "").split())[:LONGEST_LINE]


def _form(request: Request, typed: Typed, errors: dict[str, str] | None = None) -> Response:
    locale = PageContext.of(request).locale
    return page_response(
        request,
        "pages/contact/form.html",
        status=422 if errors else 200,
        topics=[(topic.value, words("contact", f"topic.{topic}", locale)) for topic in Topic],
        typed=typed,
        errors=errors or {},
        trap=TRAP,
    )
