"""Asking witnesses for cosignatures (C2SP tlog-witness, the log's side).

A witness remembers the newest checkpoint of a log it has seen and cosigns only one that continues it. When it says that
it has seen another size than we thought, we prove continuity from there; when it has seen another root of the same size,
there are two logs under our name, and a person must look.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import httpx
from tortoise.backends.base.client import BaseDBAsyncClient

from certificates import models
from certificates.log.checkpoint import Checkpoint, read_checkpoint
from certificates.log.notes import MalformedNote, Note, NoteKey, NoteNotSigned, Signature, read_signatures
from certificates.log.store import consistency_proof, latest_checkpoint

T = TypeVar("T")
ConsistencyProof = Callable[[int, int], Awaitable[Sequence[bytes]]]
_SIZE_TYPE = "text/x.tlog.size"
_MAX_ANSWER_CHARACTERS = 20_000


class WitnessRefused(Exception):
    """The witness did not cosign; `status` is its HTTP status, None if it could not be reached or made no sense."""

    code = "witness_refused"

    def __init__(self, witness: str, status: int | None, reason: str) -> None:
        super().__init__(f"{witness} did not cosign ({status}): {reason}")
        self.witness, self.status = witness, status


class SplitView(Exception):
    """The witness has seen another tree under our name: of the same size with another root, or a larger one."""

    code = "log_split_view"

    def __init__(self, witness: str, ours: int, theirs: int) -> None:
        super().__init__(f"{witness} has seen {theirs} leaves, we have {ours}, and the trees differ")
        self.witness, self.ours, self.theirs = witness, ours, theirs


@dataclass(frozen=True, slots=True)
class Witness:
    """`url` is the submission prefix, without a slash at the end; `key` a cosignature key (type 0x04)."""

    url: str
    key: NoteKey


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A valid cosignature of a witness over a checkpoint of `size` leaves."""

    size: int
    signature: Signature


class RunTx(Protocol):
    """The caller's way to run one transaction."""

    async def __call__(self, work: Callable[[BaseDBAsyncClient], Awaitable[T]], /) -> T: ...


async def ask(
    client: httpx.AsyncClient, witness: Witness, note: Note, *, seen: int, consistency: ConsistencyProof
) -> Cosigned:
    """Submit a checkpoint to a witness that has seen `seen` leaves as far as we know.

    Raises: WitnessRefused, SplitView.
    """
    checkpoint = read_checkpoint(note)
    response = await _submit(client, witness, note, seen, consistency)
    if response.status_code == httpx.codes.CONFLICT:
        theirs = _size_in(witness, response)
        if theirs > checkpoint.size or theirs == seen:
            raise SplitView(witness.key.name, checkpoint.size, theirs)
        response = await _submit(client, witness, note, theirs, consistency)
        if response.status_code == httpx.codes.CONFLICT and _size_in(witness, response) == theirs:
            raise SplitView(witness.key.name, checkpoint.size, theirs)
    if response.status_code != httpx.codes.OK:
        raise WitnessRefused(witness.key.name, response.status_code, response.text[:200])
    return Cosigned(checkpoint.size, _cosignature(witness, note, response.text))


async def cosign_latest(client: httpx.AsyncClient, witnesses: Sequence[Witness], run_tx: RunTx) -> list[Exception]:
    """Have the newest checkpoint cosigned by every witness that has not done so, and keep what they sign.

    One witness's trouble never keeps the others from signing; it is returned. No transaction is open during a call.
    """
    note = await latest_checkpoint()
    checkpoint = read_checkpoint(note)
    troubles: list[Exception] = []
    for witness in witnesses:
        if any(signature.is_from(witness.key) for signature in note.signatures):
            continue
        known = await models.LogWitness.get_or_none(name=witness.key.name)
        try:
            cosigned = await ask(client, witness, note, seen=known.size if known else 0, consistency=consistency_proof)
        except (WitnessRefused, SplitView) as trouble:
            troubles.append(trouble)
            continue
        await _keep(witness, checkpoint, cosigned, run_tx)
    return troubles


async def _keep(witness: Witness, checkpoint: Checkpoint, cosigned: Cosigned, run_tx: RunTx) -> None:
    name = witness.key.name

    async def work(_: BaseDBAsyncClient) -> None:
        row = models.LogCosignature(
            id=f"{checkpoint.size}/{name}", size=checkpoint.size, witness=name, line=str(cosigned.signature)
        )
        await models.LogCosignature.bulk_create([row], ignore_conflicts=True)
        await models.LogWitness.bulk_create([models.LogWitness(name=name, size=0)], ignore_conflicts=True)
        await models.LogWitness.filter(name=name, size__lt=checkpoint.size).update(size=checkpoint.size)

    await run_tx(work)


async def _submit(
    client: httpx.AsyncClient, witness: Witness, note: Note, seen: int, consistency: ConsistencyProof
) -> httpx.Response:
    checkpoint = read_checkpoint(note)
    if seen > checkpoint.size:
        raise SplitView(witness.key.name, checkpoint.size, seen)
    proof = await consistency(seen, checkpoint.size)
    lines = [f"old {seen}", *(b64encode(one).decode() for one in proof)]
    body = "\n".join(lines) + "\n\n" + str(note)
    try:
        return await client.post(f"{witness.url}/add-checkpoint", content=body.encode())
    except httpx.HTTPError as problem:
        raise WitnessRefused(witness.key.name, None, repr(problem)) from problem


def _size_in(witness: Witness, response: httpx.Response) -> int:
    text = response.text
    if response.headers.get("content-type") != _SIZE_TYPE or not text.removesuffix("\n").isdecimal() or len(text) > 20:
        raise WitnessRefused(witness.key.name, response.status_code, "a conflict without a size")
    return int(text)


def _cosignature(witness: Witness, note: Note, text: str) -> Signature:
    """The one line that is the witness's own and valid; lines of others are ignored."""
    try:
        lines = read_signatures(text[:_MAX_ANSWER_CHARACTERS])
        own = [signature for signature in lines if signature.is_from(witness.key)]
        Note(note.text, tuple(own)).cosigned_at(witness.key)
    except (MalformedNote, NoteNotSigned) as problem:
        raise WitnessRefused(witness.key.name, httpx.codes.OK, str(problem)) from problem
    return own[0]
