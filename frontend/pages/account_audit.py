"""The audit trail, for operators and auditors: to read, to filter, to take along as a file."""

from dataclasses import asdict
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from frontend.access import PRIVATE, only
from frontend.responses import page_response
from marketplace.accounts.roles import Role
from marketplace.audit import reading
from marketplace.audit.reading import Wanted

SHOWN = 50
_FORMS = {"csv": (reading.as_csv, "text/csv; charset=utf-8"), "jsonl": (reading.as_json_lines, "application/jsonl")}


@only(Role.OPERATOR, Role.AUDITOR)
async def page(request: Request) -> Response:
    asked = request.query_params
    wanted = Wanted(**{name: asked.get(name, "").strip()[:200] for name in ("actor", "act", "subject")})
    before = asked.get("before", "")
    position = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
    rows = await reading.page(wanted, limit=SHOWN + 1, before=position)
    following = {**asdict(wanted), "before": rows[SHOWN - 1].entry.position} if len(rows) > SHOWN else None
    return page_response(
        request,
        "pages/account/audit.html",
        rows=rows[:SHOWN],
        wanted=wanted,
        following=urlencode(following) if following else "",
    )


@only(Role.OPERATOR, Role.AUDITOR)
async def download(request: Request) -> Response:
    form = _FORMS.get(request.path_params["form"])
    if form is None:
        raise HTTPException(404)
    lines, media_type = form
    name = f"ashiato-audit.{request.path_params['form']}"
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines(), media_type=media_type, headers=headers)
