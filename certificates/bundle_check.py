"""Whether the files of an exit bundle fit each other: the sums, the registry's notices, the credential inside the PDF."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum

from certificates.statement import Statement

SUMS = "SHA256SUMS"
NOTICES = "notices/"


class BundleFiles(StrEnum):
    """`whole`, or the reason why not."""

    WHOLE = "whole"
    SUM_DIFFERS = "file_differs_from_its_sum"
    NOTICE_DIFFERS = "notice_differs"
    PAPER_DIFFERS = "paper_of_another_certificate"
    ADDRESS_DIFFERS = "address_of_another_certificate"


def check_files(
    files: Mapping[str, bytes], statement: Statement, *, same_on_paper: bool, same_address: bool
) -> BundleFiles:
    """The sums find what went wrong on the way; whoever changes files on purpose writes new sums, and meets signatures.

    A file that is missing is no change: what it would have proven is not checked then. `same_on_paper` says that the PDF, if there is one, carries the bundle's credential, `same_address` that the QR code's
    address is the credential's: no signature covers the host in it.
    """
    if not _sums_hold(files):
        return BundleFiles.SUM_DIFFERS
    signed = {cancellation.notice_sha256 for cancellation in statement.cancellations}
    notices = {hashlib.sha256(data).hexdigest() for name, data in files.items() if name.startswith(NOTICES)}
    if not notices <= signed:
        return BundleFiles.NOTICE_DIFFERS
    if not same_address:
        return BundleFiles.ADDRESS_DIFFERS
    return BundleFiles.WHOLE if same_on_paper else BundleFiles.PAPER_DIFFERS


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """A line for each file, as `sha256sum -c` reads it."""
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()


def _sums_hold(files: Mapping[str, bytes]) -> bool:
    listed = set(files.get(SUMS, b"").splitlines(keepends=True))
    return (
        set(sums_of({name: data for name, data in files.items() if name != SUMS}).splitlines(keepends=True)) <= listed
    )
