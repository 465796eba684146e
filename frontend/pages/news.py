"""News of the service, as pages and as feeds."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend import news
from frontend.context import PageContext
from frontend.responses import page_response
from frontend.wording import words

KEPT_BY_READERS = {"Cache-Control": "public, max-age=900", "X-Content-Type-Options": "nosniff"}


async def page(request: Request) -> Response:
    return page_response(request, "pages/news/list.html", items=news.items(PageContext.of(request).locale))


async def item(request: Request) -> Response:
    found = news.find(request.path_params["key"], PageContext.of(request).locale)
    if found is None:
        raise HTTPException(404)
    return page_response(request, "pages/news/item.html", item=found)


async def atom(request: Request) -> Response:
    context = PageContext.of(request)
    title = words("news", "feed", context.locale)
    content = news.atom(context.locale, title=title, origin=context.public_origin)
    return Response(content, media_type="application/atom+xml", headers=KEPT_BY_READERS)


async def rss(request: Request) -> Response:
    context = PageContext.of(request)
    title, about = words("news", "feed", context.locale), words("news", "lead", context.locale)
    content = news.rss(context.locale, title=title, about=about, origin=context.public_origin)
    return Response(content, media_type="application/rss+xml", headers=KEPT_BY_READERS)
