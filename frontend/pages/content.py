"""Help, questions, glossary and legal pages, from the editable texts in content/."""

from starlette.requests import Request
from starlette.responses import Response

from frontend.content_pages import content
from frontend.context import PageContext
from frontend.responses import page_response


async def page(request: Request) -> Response:
    context = PageContext.of(request)
    return page_response(request, "pages/content.html", text=content(context.path.removeprefix("/"), context.locale))
