"""A certificate checks out with JOSE libraries that know nothing of us, and what was changed does not.

jwcrypto always; the library from npm, through the very script in docs/examples, wherever it has been installed there:

    npm install --prefix docs/examples
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from jwcrypto.common import JWException
from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT
from playwright._impl._driver import compute_driver_executable

from certificates.jose import from_base64url, to_base64url
from certificates.keys import KeyRing
from tests.certificates.authority import ISSUER, Issued

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples"
NODE = compute_driver_executable()[0]

Check = Callable[[str, KeyRing, Path], int | None]


def with_jwcrypto(credential: str, ring: KeyRing, _: Path) -> int | None:
    """The grams that the credential certifies; None if it is refused."""
    keys = JWKSet.from_json(json.dumps(ring.jwks()))
    try:
        token = JWT(jwt=credential, key=keys, algs=["ES256"], check_claims={"iss": ISSUER})
    except (JWException, ValueError):
        return None
    grams: int = json.loads(token.claims)["credentialSubject"]["statement"]["grams"]
    return grams


def with_npm(credential: str, ring: KeyRing, folder: Path) -> int | None:
    (folder / "certificate.jwt").write_text(credential)
    (folder / "jwks.json").write_text(json.dumps(ring.jwks()))
    done = subprocess.run(
        [NODE, EXAMPLE / "verify.mjs", folder / "certificate.jwt", folder / "jwks.json", ISSUER],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "ERR_MODULE_NOT_FOUND" not in done.stderr
    return int(done.stdout.split(": ")[1].split(" g ")[0]) if done.returncode == 0 else None


LIBRARIES: dict[str, Check] = {"jwcrypto": with_jwcrypto}
if (EXAMPLE / "node_modules" / "jose").is_dir():
    LIBRARIES["npm"] = with_npm


def another_payload(credential: str) -> str:
    head, payload, signature = credential.split(".")
    claims = json.loads(from_base64url(payload))
    claims["credentialSubject"]["statement"]["grams"] += 1
    return f"{head}.{to_base64url(json.dumps(claims).encode())}.{signature}"


def unsigned(credential: str) -> str:
    header = to_base64url(json.dumps({"alg": "none", "typ": "vc+jwt"}).encode())
    return f"{header}.{credential.split('.')[1]}."


@pytest.mark.parametrize("library", LIBRARIES)
class TestAStockLibrary:
    def test_accepts_a_certificate(self, library: str, tmp_path: Path) -> None:
        issued = Issued()
        assert LIBRARIES[library](issued.credential, issued.ring, tmp_path) == issued.statement.grams

    @pytest.mark.parametrize("change", [another_payload, unsigned])
    def test_refuses_a_changed_one(self, library: str, change: Callable[[str], str], tmp_path: Path) -> None:
        issued = Issued()
        assert LIBRARIES[library](change(issued.credential), issued.ring, tmp_path) is None

    def test_refuses_one_that_somebody_else_signed(self, library: str, tmp_path: Path) -> None:
        assert LIBRARIES[library](Issued().credential, Issued().ring, tmp_path) is None
