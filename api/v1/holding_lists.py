"""A provider's list of holdings: checked row by row first, brought in when asked for, found again by its id."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.problems import FieldError, InputRefused
from api.v1.shapes import Id, View, Wish
from marketplace.accounts.actor import Actor
from marketplace.accounts.keys import Scope
from marketplace.accounts.models import Organisation
from marketplace.notifications.endpoints import organisation_of
from marketplace.projects.kinds import RegistryCode
from marketplace.providers import import_jobs, imports
from marketplace.providers.errors import AccountNotFound, CheckedListGone, NotAProvider
from marketplace.providers.import_jobs import ListStanding, ListState
from marketplace.providers.imports import ImportReport
from offset_calc.tabular import TableRefused

TAG = "Providers"
GRAMS_PER_TONNE = 1_000_000
LARGEST_FILE = 1_000_000
# base64 and the JSON around it
MOST_BYTES = 1_400_000
EXAMPLE_FILE = b64encode(
    b"project,certification_number,scheme_symbol,serial_first,serial_last,vintages\n"
    b"jcredit/normal/225,EX-1,JC,EX-000001,EX-000010,FY2023\n"
).decode()


class ListBody(Wish):
    """A table as a registry account's owner keeps it: CSV or XLSX, a row a block, the columns as docs/providers.md names them."""

    registry: RegistryCode
    account: Annotated[str, Field(min_length=1, max_length=100, description="The number of your account there.")]
    file_name: Annotated[str, Field(min_length=1, max_length=200)]
    file: Annotated[str, Field(min_length=1, description="The file in base64, at most 1 MB and 10,000 rows.")]

    def content(self) -> bytes:
        """Raises InputRefused."""
        try:
            content = b64decode(self.file, validate=True)
        except (NotBase64, ValueError):
            content = b""
        if not 0 < len(content) <= LARGEST_FILE:
            error = FieldError(place="body", pointer="/file", code="not_base64", detail="base64 of at most 1 MB")
            raise InputRefused("the body is not acceptable", errors=[error])
        return content


class ListPath(Wish):
    list_id: Id


class RowProblemView(View):
    row: int = Field(description="As a spreadsheet counts, the header included.")
    column: str
    code: str
    params: dict[str, Any]


class ReportView(View):
    """What bringing the list in would do now. A refused row stops only itself; `known` rows are on the books already."""

    new_rows: int
    new_g: int
    known_rows: int
    refused: list[RowProblemView]
    ignored_columns: list[str]


class ListView(View):
    """`report` while the list is checked; the figures of what was brought in once it is `done`."""

    id: str
    url: str
    state: ListState
    registry: RegistryCode
    account: str
    file_name: str
    since: datetime
    report: ReportView | None
    new_rows: int | None
    known_rows: int | None
    refused_rows: int | None


@endpoint(
    "POST",
    "/v1/holding_lists",
    answers={201: ListView},
    refuses=(NotAProvider, AccountNotFound, TableRefused),
    tag=TAG,
    key=KeyPolicy.OPTIONAL,
    most_bytes=MOST_BYTES,
    example={
        "registry": "jcredit",
        "account": "$ACCOUNT_NUMBER",
        "file_name": "holdings.csv",
        "file": EXAMPLE_FILE,
    },
    scope=Scope.HOLDINGS_WRITE,
    only_with_key=True,
)
async def check_holding_list(call: Call, body: ListBody) -> Reply:
    """Check a list of holdings

    Says row by row what would happen, and changes nothing. The list is kept for a day and brought in when you ask for it.
    """
    actor, clock = await _provider(call), call.services.market.clock
    accounts = await imports.accounts_of(str(actor.provider_id))
    account = next((one for one in accounts if (one.registry, one.number) == (body.registry, body.account)), None)
    if account is None:
        raise AccountNotFound(f"no account {body.account} in {body.registry}", account=body.account)
    account = await imports.account_of(str(actor.provider_id), account.id)
    report, list_id = await imports.check(actor, account, body.content(), file_name=body.file_name, clock=clock)
    view = _view(call, await import_jobs.standing_of(str(actor.provider_id), list_id), report)
    return Reply(view, 201, location=view.url)


@endpoint(
    "GET",
    "/v1/holding_lists/{list_id}",
    answers={200: ListView},
    refuses=(NotAProvider, CheckedListGone),
    tag=TAG,
    scope=Scope.HOLDINGS_WRITE,
    only_with_key=True,
)
async def read_holding_list(call: Call, path: ListPath) -> Reply:
    """Read a list and what became of it

    A list that waits for its day is judged again: the books may have changed since it was sent.
    """
    return Reply(await _standing(call, await _provider(call), path.list_id))


@endpoint(
    "POST",
    "/v1/holding_lists/{list_id}/bring_in",
    answers={202: ListView},
    refuses=(NotAProvider, CheckedListGone),
    tag=TAG,
    key=KeyPolicy.OPTIONAL,
    scope=Scope.HOLDINGS_WRITE,
    only_with_key=True,
)
async def bring_in_holding_list(call: Call, path: ListPath) -> Reply:
    """Bring a checked list in

    In the background, once, however often it is asked for. Nothing is offered by it: prices are set on listings.
    """
    actor = await _provider(call)
    await import_jobs.ask(actor, path.list_id, clock=call.services.market.clock)
    return Reply(await _standing(call, actor, path.list_id), 202)


async def _provider(call: Call) -> Actor:
    """The caller as the provider that its organisation is. Raises NotAProvider."""
    organisation = await Organisation.get(id=organisation_of(call.actor))
    if organisation.provider_id is None:
        raise NotAProvider("the key's organisation sells nothing")
    return replace(call.actor, provider_id=organisation.provider_id)


async def _standing(call: Call, actor: Actor, list_id: str) -> ListView:
    standing = await import_jobs.standing_of(str(actor.provider_id), list_id)
    report = None
    if standing.state is ListState.CHECKED and standing.kept is not None:
        report = await imports.check_again(standing.kept, standing.account)
    return _view(call, standing, report)


def _view(call: Call, standing: ListStanding, report: ImportReport | None) -> ListView:
    done = standing.imported
    return ListView(
        id=standing.id,
        url=f"{call.services.public_origin}/v1/holding_lists/{standing.id}",
        state=standing.state,
        registry=RegistryCode(standing.account.registry),
        account=standing.account.number,
        file_name=standing.file_name,
        since=standing.since,
        report=None if report is None else _report(report),
        new_rows=done.new_rows if done else None,
        known_rows=done.known_rows if done else None,
        refused_rows=done.refused_rows if done else None,
    )


def _report(report: ImportReport) -> ReportView:
    return ReportView(
        new_rows=len(report.new),
        new_g=report.tonnes * GRAMS_PER_TONNE,
        known_rows=len(report.known),
        refused=[
            RowProblemView(row=one.row, column=one.column, code=one.code, params=dict(one.params))
            for _, problems in report.refused
            for one in problems
        ],
        ignored_columns=list(report.ignored),
    )
