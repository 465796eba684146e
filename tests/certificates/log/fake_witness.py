"""A witness as C2SP tlog-witness describes it: every check of add-checkpoint in its order, and nothing else."""

from base64 import b64decode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from certificates.log.checkpoint import read_checkpoint
from certificates.log.merkle import ProofNotValid, check_consistency
from certificates.log.notes import COSIGNATURE, NoteKey, NoteNotSigned, NoteSigner, read_note


class FakeWitness:
    """`seen` is the size and root of the newest checkpoint it cosigned."""

    def __init__(self, name: str, log: NoteKey, *, time: int = 1_795_000_000) -> None:
        self.signer = NoteSigner.of(Ed25519PrivateKey.generate(), name, COSIGNATURE)
        self.log, self.time = log, time
        self.seen: tuple[int, bytes] = (0, b"")
        self.statuses: list[int] = []
        self.app = Starlette(routes=[Route("/add-checkpoint", self.add_checkpoint, methods=["POST"])])

    async def add_checkpoint(self, request: Request) -> Response:
        response = self.answer((await request.body()).decode())
        self.statuses.append(response.status_code)
        return response

    def answer(self, body: str) -> Response:  # noqa: PLR0911 - one return per rule of the specification
        head, _, rest = body.partition("\n\n")
        first, *proof = head.split("\n")
        old = int(first.removeprefix("old "))
        note = read_note(rest)
        checkpoint = read_checkpoint(note)
        if checkpoint.origin != self.log.name:
            return PlainTextResponse("unknown log", 404)
        try:
            note.check_signed_by(self.log)
        except NoteNotSigned:
            return PlainTextResponse("not signed", 403)
        if old > checkpoint.size:
            return PlainTextResponse("old size too large", 400)
        size, root = self.seen
        if old != size:
            return self.conflict()
        if old == checkpoint.size and root != checkpoint.root:
            return self.conflict()
        try:
            check_consistency(old, checkpoint.size, [b64decode(line) for line in proof], root, checkpoint.root)
        except ProofNotValid:
            return PlainTextResponse("not consistent", 422)
        self.seen = (checkpoint.size, checkpoint.root)
        return PlainTextResponse(str(self.signer.cosign(checkpoint.text, time=self.time)))

    def conflict(self) -> Response:
        return Response(f"{self.seen[0]}\n", 409, headers={"content-type": "text/x.tlog.size"})
