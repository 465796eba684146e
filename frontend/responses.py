"""Every HTML page leaves through here, with the same headers."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse

from frontend.compression import SMALLEST_WORTH_IT, accepts_gzip, gzipped
from frontend.context import PageContext
from frontend.rendering import render

SCRIPTS_AND_STYLES_FROM_FILES_ONLY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {form_targets}"
)

NOTHING_OF_THE_DEVICE = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


def page_response(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    form_targets: Sequence[str] = (),
    **context: object,
) -> HTMLResponse:
    """Render `template` with `page` (its PageContext) and `context`.

    `form_targets` are further origins that a form of this page may lead to, for instance the payment page: browsers
    check redirects after a form too.
    """
    page = PageContext.of(request)
    body = render(template, locale=page.locale, page=page, **context)
    policy = SCRIPTS_AND_STYLES_FROM_FILES_ONLY.format(form_targets=" ".join(("'self'", *form_targets)))
    standard = {
        "Cache-Control": "no-cache",
        "Content-Language": page.locale.value,
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": NOTHING_OF_THE_DEVICE,
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
        "X-Content-Type-Options": "nosniff",
    }
    packed: bytes = body.encode()
    if len(packed) >= SMALLEST_WORTH_IT and accepts_gzip(request):
        packed = gzipped(packed)
        standard["Content-Encoding"] = "gzip"
    return HTMLResponse(packed, status_code=status, headers={**standard, **(headers or {})})
