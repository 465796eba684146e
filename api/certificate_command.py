"""`ashiato certificate …`: what an operator may do to an issued certificate."""

import argparse
import asyncio

from api.operator_act import Act, carry_out
from certificates.brought_back import LostAndEnded, NotALostCertificate, PoolIsLost
from certificates.records import CertificateNotFound
from certificates.service import AlreadyEnded, CertifiedDifferently
from certificates.statement import DisclosedField
from marketplace.certification import changes
from marketplace.certification.bringing_back import bring_back
from marketplace.certification.publication import NAMING
from marketplace.market import Market

_REFUSALS = (
    CertificateNotFound,
    AlreadyEnded,
    CertifiedDifferently,
    NotALostCertificate,
    LostAndEnded,
    PoolIsLost,
    changes.RecordedInRegistry,
    ValueError,
    OSError,
)


def run(chosen: argparse.Namespace) -> int:
    return carry_out(_ACTS[chosen.act], chosen, _REFUSALS)


async def _revoke(market: Market, chosen: argparse.Namespace) -> str:
    return f"{(await changes.revoke(market, chosen.number, chosen.reason)).number} is revoked"


async def _correct(market: Market, chosen: argparse.Namespace) -> str:
    correction = changes.Correction.model_validate_json(await asyncio.to_thread(chosen.facts.read_bytes))
    new = await changes.correct(market, chosen.number, correction, chosen.reason)
    opened = "" if new.link_code is None else f"\nit is unlisted and opens with ?code={new.link_code}"
    return f"replaced by {new.record.number}{opened}"


async def _hide(_: Market, chosen: argparse.Namespace) -> str:
    fields = [DisclosedField(name) for name in chosen.field] if chosen.field else NAMING
    await changes.hide(chosen.number, fields, until=chosen.until)
    return f"hidden {'for ever' if chosen.until is None else f'until {chosen.until}'}"


async def _show(_: Market, chosen: argparse.Namespace) -> str:
    await changes.hide(chosen.number, (), until=None)
    return "every text shows"


async def _unlist(market: Market, chosen: argparse.Namespace) -> str:
    code = await changes.unlist(chosen.number)
    return f"{market.base_url}/c/{chosen.number}?code={code}"


async def _list(_: Market, chosen: argparse.Namespace) -> str:
    await changes.list_again(chosen.number)
    return "the page is open to everyone"


async def _bring_back(market: Market, chosen: argparse.Namespace) -> str:
    record = await bring_back(market, await asyncio.to_thread(chosen.file.read_bytes), chosen.order)
    return f"{record.number} is here again, as the certificate of {chosen.order}; its names are hidden"


_ACTS: dict[str, Act] = {
    "bring-back": _bring_back,
    "revoke": _revoke,
    "correct": _correct,
    "hide": _hide,
    "show": _show,
    "unlist": _unlist,
    "list": _list,
}
