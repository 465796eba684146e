"""With nothing but what the running service publishes, a stranger audits the log and verifies a certificate offline."""

import io
import subprocess
import time
import zipfile

import pytest
from cryptography import x509
from playwright._impl._driver import compute_driver_executable

from certificates.bundle import read_bundle_files
from certificates.pdf_signature import PdfSignatureOutcome, check_pdf_signature
from tests.e2e.instance import eventually
from tests.forked import ashiato

# the Node that the browser driver brings along: the machine needs none of its own
NODE = compute_driver_executable()[0]


def node_on(folder) -> subprocess.CompletedProcess[str]:
    """The verifier that lies in the bundle, run as its instructions say."""
    return subprocess.run([NODE, "verify.mjs"], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def number(instance):
    order = instance.order()
    instance.pay(order)
    done = eventually(lambda: (seen := instance.see(order))["state"] == "fulfilled" and seen, what="fulfilled")
    number = done["certificate"]["number"]
    certified = time.monotonic()
    proof = f"/v1/certificates/{number}.tlog-proof"
    eventually(lambda: instance.client.get(proof).is_success, what="the proof is there")
    assert time.monotonic() - certified < 2
    return number


@pytest.fixture(scope="module")
def packed(instance, number):
    return instance.client.get(f"/v1/certificates/{number}.zip").content


@pytest.fixture
def unpacked(packed, tmp_path):
    for name, content in read_bundle_files(packed).items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


class TestTheLogIsAudited:
    def test_over_http_and_from_a_copy_of_its_files(self, instance, number, tmp_path):
        head = tmp_path / "head"
        done = ashiato("log", "audit", instance.address, "--keep", str(head))
        assert (done.returncode, done.stderr) == (0, "")
        assert "sound" in done.stdout
        assert ashiato("log", "audit", instance.address, "--earlier", str(head)).returncode == 0
        copy = tmp_path / "log"
        assert ashiato("log", "export", str(copy), "--data", str(instance.data)).returncode == 0
        key = instance.client.get("/.well-known/ashiato-log.txt").text.strip()
        assert ashiato("log", "audit", str(copy), "--key", key).returncode == 0
        altered = next(copy.rglob("entries/*"))
        while altered.is_dir():
            altered = next(altered.iterdir())
        content = bytearray(altered.read_bytes())
        content[len(content) // 2] ^= 1
        altered.write_bytes(content)
        assert ashiato("log", "audit", str(copy), "--key", key).returncode == 1

    def test_never_without_a_key_for_a_folder(self, tmp_path):
        assert ashiato("log", "audit", str(tmp_path)).returncode == 2


class TestTheBundleVerifiesWithoutUs:
    def test_by_the_program_in_it(self, unpacked):
        done = node_on(unpacked)
        assert done.returncode == 0, done.stdout
        assert "FAILED" not in done.stdout
        assert "not made" not in done.stdout

    def test_by_our_own_command_with_saved_keys_and_no_network(self, instance, number, packed, tmp_path):
        bundle, keys, log_key = tmp_path / "all.zip", tmp_path / "jwks.json", tmp_path / "log.txt"
        roots = tmp_path / "roots.pem"
        roots.write_bytes(instance.client.get("/.well-known/ashiato-pdf-roots.pem").content)
        bundle.write_bytes(packed)
        keys.write_bytes(instance.client.get("/.well-known/jwks.json").content)
        log_key.write_bytes(instance.client.get("/.well-known/ashiato-log.txt").content)
        saved = [
            "--keys",
            str(keys),
            "--log-key",
            str(log_key),
            "--pdf-roots",
            str(roots),
            "--issuer",
            instance.address,
            "--offline",
        ]
        done = ashiato("verify", str(bundle), *saved)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "passed    log" in done.stdout
        assert "passed    paper" in done.stdout
        assert "not made" not in done.stdout

    @pytest.mark.parametrize(
        "name",
        ["certificate.jwt", "certificate.tlog-proof", "statement.json", "disclosures.json", "status-list.jwt"],
    )
    def test_not_with_a_byte_changed_in(self, unpacked, name):
        file = unpacked / name
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        done = node_on(unpacked)
        assert done.returncode == 1, done.stdout
        assert "FAILED" in done.stdout

    def test_not_with_another_log_key(self, unpacked):
        file = unpacked / "log-key.txt"
        content = file.read_bytes()
        file.write_bytes(content[:-6] + (b"AAAAAA" if content[-6:] != b"AAAAAA" else b"BBBBBB"))
        assert node_on(unpacked).returncode == 1

    def test_not_if_our_command_is_given_another_statement(self, instance, packed, tmp_path):
        altered = tmp_path / "altered.zip"
        with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(altered, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name == "statement.json":
                    content = content.replace(b'"grams":1000000', b'"grams":999999', 1)
                new.writestr(name, content)
        done = ashiato("verify", str(altered), "--issuer", instance.address)
        assert (done.returncode, "ALTERED" in done.stdout) == (1, True)


class TestThePdfIsSignedAsAWhole:
    def test_and_not_one_byte_may_change(self, instance, unpacked):
        pdf = (unpacked / "certificate.pdf").read_bytes()
        root = x509.load_pem_x509_certificates((instance.data / "pdf-signing-chain.pem").read_bytes())[-1]
        assert check_pdf_signature(pdf, (root,)).outcome is PdfSignatureOutcome.VALID
        for place in (len(pdf) // 3, len(pdf) // 2, len(pdf) * 2 // 3):
            altered = bytearray(pdf)
            altered[place] ^= 1
            assert check_pdf_signature(bytes(altered), (root,)).outcome is not PdfSignatureOutcome.VALID


class TestAnOperatorRevokes:
    def test_and_everybody_sees_it(self, instance):
        order = instance.order()
        instance.pay(order)
        done = eventually(lambda: (seen := instance.see(order))["state"] == "fulfilled" and seen, what="fulfilled")
        number = done["certificate"]["number"]
        revoking = ["certificate", "revoke", number, "--data", str(instance.data), "--reason", "issued_in_error"]
        assert ashiato(*revoking).returncode == 0
        again = ashiato(*revoking)
        assert (again.returncode, "already revoked" in again.stderr) == (1, True)
        assert instance.client.get(f"/v1/certificates/{number}").json()["state"] == "revoked"
        verdict = ashiato("verify", number, "--issuer", instance.address)
        assert (verdict.returncode, "REVOKED" in verdict.stdout) == (1, True)
        assert ashiato("log", "audit", instance.address).returncode == 0
