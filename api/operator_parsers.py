"""The arguments of the larger commands. Light, so that every command starts fast; what runs them is not."""

import argparse
from datetime import date, datetime
from pathlib import Path
from typing import Any


def add_certificate(commands: Any) -> None:
    """`ashiato certificate …`, run by api/certificate_command.py."""
    parser = commands.add_parser(
        "certificate", help="revoke, correct, hide, unlist or bring back an issued certificate"
    )
    acts = parser.add_subparsers(dest="act", required=True)
    revoke = acts.add_parser("revoke", help="end a certificate for good; its grams stay spent")
    correct = acts.add_parser("correct", help="replace a certificate by one with other facts")
    hide = acts.add_parser("hide", help="hide the names, or the texts named with --field, from the public")
    show = acts.add_parser("show", help="show every text again")
    unlist = acts.add_parser("unlist", help="close the public page and print the code that opens it")
    list_again = acts.add_parser("list", help="open the public page again")
    bring_back = acts.add_parser(
        "bring-back", help="after `log adopt`: a lost certificate from its holder's PDF or bundle"
    )
    bring_back.add_argument("file", type=Path, help="the PDF or the exit bundle (ZIP) that the holder has")
    bring_back.add_argument("--order", required=True, help="the order that it was issued for")
    bring_back.add_argument("--data", type=Path, help="an embedded instance instead of the ASHIATO_… settings")
    for act in (revoke, correct, hide, show, unlist, list_again):
        act.add_argument("number")
        act.add_argument("--data", type=Path, help="an embedded instance instead of the ASHIATO_… settings")
    for act in (revoke, correct):
        act.add_argument("--reason", required=True, help="a code or a sentence, without personal data")
    correct.add_argument("facts", type=Path, help="a JSON file with the facts that change; see docs/certificates.md")
    hide.add_argument("--field", action="append", help="e.g. beneficiary; may be repeated")
    hide.add_argument("--until", type=date.fromisoformat, help="the first day, in Japan, on which they show again")


def add_log(commands: Any) -> None:
    """`ashiato log …`, run by api/log_command.py."""
    parser = commands.add_parser("log", help="check the public log of certificates, or write it as files")
    acts = parser.add_subparsers(dest="act", required=True)
    auditing = acts.add_parser("audit", help="rebuild the whole log from its public files and check every entry")
    auditing.add_argument("source", help="the issuer's address, or a folder with the log's files")
    auditing.add_argument(
        "--key", help="the log's verifier key or a file with it; without, it is asked for at the address"
    )
    auditing.add_argument("--earlier", type=Path, help="a checkpoint kept from before, which the log must continue")
    auditing.add_argument("--keep", type=Path, help="where to keep the checkpoint for the next audit")
    exporting = acts.add_parser("export", help="write the log as static files")
    exporting.add_argument("folder", type=Path)
    exporting.add_argument("--data", type=Path, help="an embedded instance instead of the ASHIATO_… settings")
    missing = acts.add_parser("missing", help="name what a saved copy of the log has and our books do not")
    missing.add_argument("source", help="a folder with the log's files, or the address of a mirror")
    missing.add_argument("--data", type=Path, help="an embedded instance instead of the ASHIATO_… settings")
    adopting = acts.add_parser(
        "adopt",
        help="after a restored backup, before web and workers start: take over what a saved copy of the log has beyond ours",
    )
    adopting.add_argument("source", help="a folder with the log's files, or the address of a mirror")
    adopting.add_argument("--data", type=Path, help="an embedded instance instead of the ASHIATO_… settings")


def add_people(commands: Any) -> None:
    """`ashiato people …`, run by api/people_command.py."""
    parser = commands.add_parser("people", help="invite operators, auditors and providers, and take their roles away")
    acts = parser.add_subparsers(dest="act", required=True)
    invite = acts.add_parser("invite", help="print a link that works once; no mail is sent")
    listing = acts.add_parser("list", help="everyone who runs the service or sells in it")
    revoke = acts.add_parser("revoke", help="take a role in the service away and sign the person out everywhere")
    sign_out = acts.add_parser("sign-out", help="end every session of somebody")
    forget = acts.add_parser("forget-second-factor", help="for somebody who lost app and recovery codes")
    for act in (invite, revoke, sign_out, forget):
        act.add_argument("email")
        act.add_argument("--reason", default=None, help="why; it is kept in the audit trail")
    invite.set_defaults(reason="invited at the console")
    invite.add_argument("--role", required=True, choices=("operator", "auditor", "owner", "provider", "buyer"))
    invite.add_argument("--provider", help="the id of the provider that the person belongs to")
    invite.add_argument("--locale", choices=("ja", "en"), default="ja", help="of the page that the link opens")
    revoke.add_argument("--role", required=True, choices=("operator", "auditor"))
    for act in (invite, listing, revoke, sign_out, forget):
        act.add_argument("--data", type=Path, help="an embedded instance instead of the ASHIATO_… settings")


def add_keys(commands: Any) -> None:
    """`ashiato keys …`, run by api/keys_command.py."""
    parser = commands.add_parser("keys", help="have another key sign certificates, or seal the secrets of apps")
    acts = parser.add_subparsers(dest="act", required=True)
    rotate = acts.add_parser(
        "rotate", help="make a new key; the old one stays published, so that what it signed still verifies"
    )
    rotate.add_argument(
        "--stolen-since",
        type=_moment,
        metavar="TIME",
        help="the old key is in other hands since then (2026-11-22T03:00:00Z): only what the log had before stays valid",
    )
    seal = acts.add_parser(
        "seal", help="put a new key before the others that seal the secrets of authenticator apps and webhooks"
    )
    sealed = acts.add_parser("sealed", help="how many secrets each of these keys has sealed")
    reseal = acts.add_parser("reseal", help="seal every secret with the newest of these keys at once")
    for act in (rotate, seal, sealed, reseal):
        act.add_argument("--data", type=Path, help="an embedded instance instead of the ASHIATO_… settings")
    seal.add_argument("--file", type=Path, help="make or extend this file, before there are any settings")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise argparse.ArgumentTypeError("name the zone, for instance with a Z at the end")
    return moment


def add_providers(commands: Any) -> None:
    """`ashiato providers …`, run by api/providers_command.py."""
    parser = commands.add_parser("providers", help="enter those who sell here, and their registry accounts")
    acts = parser.add_subparsers(dest="act", required=True)
    add = acts.add_parser("add", help="enter a provider; its people are invited with `ashiato people invite`")
    account = acts.add_parser("account", help="enter a registry account of a provider")
    listing = acts.add_parser("list", help="every provider with its accounts")
    add.add_argument("provider", help="an id for its public address: small letters, digits and hyphens")
    add.add_argument("--name-ja", required=True)
    add.add_argument("--name-en", required=True)
    account.add_argument("provider", help="the provider's id")
    account.add_argument("--registry", required=True, choices=("jcredit", "jcm_jp"))
    account.add_argument("--number", required=True, help="as the registry writes it")
    for act in (add, account):
        act.add_argument("--reason", required=True, help="why; it is kept in the audit trail")
    for act in (add, account, listing):
        act.add_argument("--data", type=Path, help="an embedded instance instead of the ASHIATO_… settings")


def add_reconcile(commands: Any) -> None:
    """`ashiato reconcile`, run by api/reconcile_command.py."""
    parser = commands.add_parser("reconcile", help="compare our books with the registries, serial by serial")
    parser.add_argument("--registry", help="only the accounts of this registry")
    parser.add_argument("--account", help="only this account, with a list that was saved at its registry")
    parser.add_argument("--holdings", type=Path, help="CSV: account, block, serial_first, serial_last")
    parser.add_argument("--cancellations", type=Path, help="CSV: the same, notice_number and recorded_on")
    parser.add_argument("--data", type=Path, help="an embedded instance instead of the ASHIATO_… settings")


def add_books(commands: Any) -> None:
    """`ashiato books …`, run by api/books_command.py."""
    parser = commands.add_parser("books", help="check the books, export them, or enter a seller's invoice number")
    acts = parser.add_subparsers(dest="act", required=True)
    checking = acts.add_parser("check", help="compare ledger, orders, payments and registries now")
    exporting = acts.add_parser("export", help="write the table for bookkeeping")
    exporting.add_argument("file", type=Path)
    exporting.add_argument("--first", type=date.fromisoformat, required=True, help="a day in Japan")
    exporting.add_argument("--last", type=date.fromisoformat, required=True)
    exporting.add_argument("--by", choices=("posting", "day", "month"), default="posting")
    selling = acts.add_parser(
        "seller", help="a seller is registered for qualified invoices and lets the service invoice"
    )
    selling.add_argument("provider")
    selling.add_argument("number", help="T and 13 digits")
    selling.add_argument("--agreed-on", type=date.fromisoformat, help="today without")
    for act in (checking, exporting, selling):
        act.add_argument("--data", type=Path, help="an embedded instance instead of the ASHIATO_… settings")


def add_verify(commands: Any) -> None:
    """`ashiato verify …`, run by api/verify_command.py."""
    verify = commands.add_parser(
        "verify", help="check a certificate: a bundle, a credential or PDF file, a number or an address"
    )
    verify.add_argument("evidence")
    verify.add_argument("--issuer", default="http://127.0.0.1:8000", help="whose certificates are believed")
    verify.add_argument("--keys", type=Path, help="a saved key set of the issuer, instead of asking for it")
    verify.add_argument(
        "--log-key", type=Path, help="a saved verifier key of the issuer's log, instead of asking for it"
    )
    verify.add_argument(
        "--pdf-roots", type=Path, help="saved certificates of the authorities for PDFs, instead of asking for them"
    )
    verify.add_argument("--offline", action="store_true", help="ask nobody; say what could not be checked")
    verify.add_argument("--json", action="store_true", help="print the verdict as JSON")


def add_switches(commands: Any) -> None:
    """`ashiato switches …`, run by api/switches_command.py."""
    parser = commands.add_parser(
        "switches", help="close buying, a function or a registry for a while, and open it again"
    )
    acts = parser.add_subparsers(dest="act", required=True)
    listing = acts.add_parser("list", help="everything that can be closed, and whether it is")
    closing = acts.add_parser(
        "close", help="`maintenance` closes everything that buyers send; verification never closes"
    )
    opening = acts.add_parser("open", help="open it again")
    for act in (closing, opening):
        act.add_argument("name", help="as `ashiato switches list` prints it")
        act.add_argument("--reason", required=True, help="why; it is kept in the audit trail")
    closing.add_argument("--opens-at", type=_moment, metavar="TIME", help="expected opening (2026-11-22T03:00:00Z)")
    for act in (listing, closing, opening):
        act.add_argument("--data", type=Path, help="an embedded instance instead of the ASHIATO_… settings")
