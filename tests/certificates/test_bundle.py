import io
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from certificates.bundle import MAX_FILES, Bundle, UnreadableBundle, read_bundle_files
from certificates.evidence import UnreadableEvidence, read_evidence, verify_file
from certificates.log.checkpoint import LogTrust
from certificates.statement import DisclosedField
from certificates.verdict import CheckName, CheckResult, Outcome
from tests.certificates.authority import ISSUER, NOW, Issued
from tests.certificates.whole_bundle import a_signed_pdf, a_whole_bundle, with_notice

# Playwright, with which the pages are tested, brings a Node.js along.
NODE = compute_driver_executable()[0]


def a_bundle(issued: Issued | None = None) -> Bundle:
    one = issued or Issued()
    return Bundle(
        issuer_url=ISSUER,
        statement=one.statement,
        disclosures=one.disclosures,
        credential=one.credential,
        proof=one.proof,
        jwks=one.ring.jwks(),
        status_list=one.status_list(),
        made_at=NOW,
        log_proof=one.log_proof(),
        log=LogTrust(one.log.key),
        pdf=b"%PDF-1.7 not looked at here",
        notices={"SBX-N-2026-000123.pdf": b"%PDF-1.7 a notice"},
    )


def unpacked(bundle: Bundle, folder: Path, **changes: bytes | None) -> Path:
    """The files of a bundle in a folder, some replaced or removed; keys are names with _ for . and -."""
    files = read_bundle_files(bundle.to_zip())
    renamed = {name.replace(".", "_").replace("-", "_"): name for name in files}
    for key, content in changes.items():
        if content is None:
            del files[renamed[key]]
        else:
            files[renamed[key]] = content
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def run_verifier(folder: Path) -> tuple[int, dict[str, str]]:
    """Exit code and, per check, what it said first."""
    done = subprocess.run([NODE, "verify.mjs"], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    lines = done.stdout.partition("\n\n")[0].splitlines()
    assert done.stderr == "" or not lines, done.stderr
    return done.returncode, {line[10:].partition(":")[0]: line[:10].strip() for line in lines}


class TestABundleHoldsEverything:
    def test_by_name(self) -> None:
        files = read_bundle_files(a_bundle().to_zip())
        assert files.keys() == {
            "README.en.txt",
            "README.ja.txt",
            "SHA256SUMS",
            "bundle.json",
            "certificate.jwt",
            "certificate.pdf",
            "certificate.tlog-proof",
            "disclosures.json",
            "jwks.json",
            "log-key.txt",
            "notices/SBX-N-2026-000123.pdf",
            "proof-url.txt",
            "statement.json",
            "status-list.jwt",
            "verify.mjs",
        }

    def test_its_instructions_name_every_file(self) -> None:
        files = read_bundle_files(a_bundle().to_zip())
        for language in ("ja", "en"):
            text = files[f"README.{language}.txt"].decode()
            for name in files.keys() - {"README.en.txt", "README.ja.txt"}:
                assert name.partition("/")[0] in text

    def test_the_same_parts_give_the_same_bytes(self) -> None:
        bundle = a_bundle()
        assert bundle.to_zip() == bundle.to_zip()

    def test_its_sums_are_right(self, tmp_path: Path) -> None:
        folder = unpacked(a_bundle(), tmp_path)
        done = subprocess.run(
            ["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout

    def test_without_a_log_it_does_without(self) -> None:
        files = read_bundle_files(replace(a_bundle(), log_proof=None, log=None, pdf=None, notices={}).to_zip())
        assert not files.keys() & {"certificate.tlog-proof", "log-key.txt", "certificate.pdf"}

    def test_a_notice_cannot_leave_its_folder(self) -> None:
        files = read_bundle_files(replace(a_bundle(), notices={"../../etc/passwd": b"x"}).to_zip())
        assert files["notices/passwd"] == b"x"


class TestItProvesItselfWithNodeAlone:
    def test_every_check_passes(self, tmp_path: Path) -> None:
        code, said = run_verifier(unpacked(a_bundle(), tmp_path))
        assert said == dict.fromkeys(
            ["files", "credential", "QR proof", "names", "public log", "not revoked"], "passed"
        )
        assert code == 0

    def test_what_is_missing_is_not_made(self, tmp_path: Path) -> None:
        folder = unpacked(a_bundle(), tmp_path, certificate_tlog_proof=None, status_list_jwt=None)
        code, said = run_verifier(folder)
        assert (said["public log"], said["not revoked"], code) == ("not made", "not made", 0)

    def test_an_erased_name_is_simply_not_shown(self, tmp_path: Path) -> None:
        issued = Issued()
        left = {DisclosedField.SUBJECT: issued.disclosures[DisclosedField.SUBJECT]}
        code, said = run_verifier(unpacked(replace(a_bundle(issued), disclosures=left), tmp_path))
        assert (said["names"], code) == ("passed", 0)

    def test_a_revoked_one_fails(self, tmp_path: Path) -> None:
        issued = Issued()
        bundle = replace(a_bundle(issued), status_list=issued.status_list(issued.slot.index))
        code, said = run_verifier(unpacked(bundle, tmp_path))
        assert (said["not revoked"], code) == ("FAILED", 1)

    @pytest.mark.parametrize(
        ("part", "failing"),
        [
            ("credential", {"credential", "public log"}),
            ("proof", {"QR proof"}),
            ("log_proof", {"public log"}),
            ("status_list", {"not revoked"}),
            ("jwks", {"credential", "QR proof", "not revoked"}),
            ("statement", {"credential", "QR proof", "public log"}),
        ],
    )
    def test_a_part_of_another_certificate_fails(self, tmp_path: Path, part: str, failing: set[str]) -> None:
        other = a_bundle()
        mixed = replace(a_bundle(), **{part: getattr(other, part)})
        if part == "statement":
            mixed = replace(
                a_bundle(),
                statement=Issued(changes={"reduction_effort": "別の取組"}).statement,
                disclosures=other.disclosures,
            )
        code, said = run_verifier(unpacked(mixed, tmp_path))
        assert code == 1
        assert {name for name, result in said.items() if result == "FAILED"} >= failing

    @pytest.mark.parametrize(
        "file",
        [
            "certificate_jwt",
            "proof_url_txt",
            "disclosures_json",
            "certificate_tlog_proof",
            "status_list_jwt",
            "statement_json",
        ],
    )
    def test_a_changed_file_fails(self, tmp_path: Path, file: str) -> None:
        folder = unpacked(a_bundle(), tmp_path)
        path = next(path for path in folder.iterdir() if path.name.replace(".", "_").replace("-", "_") == file)
        data = path.read_bytes()
        middle = len(data) // 2
        path.write_bytes(data[:middle] + (b"A" if data[middle] != ord("A") else b"B") + data[middle + 1 :])
        done = subprocess.run([NODE, "verify.mjs"], cwd=folder, capture_output=True, timeout=60, check=False)
        assert done.returncode == 1


class TestTheServiceReadsItToo:
    def test_as_evidence_without_its_keys(self) -> None:
        issued = Issued()
        verdict = verify_file(replace(a_bundle(issued), pdf=None, notices={}).to_zip(), issued.issuer, now=NOW)
        assert verdict.outcome is Outcome.TEST_CERTIFICATE
        assert {check.result for check in verdict.checks} == {CheckResult.PASSED}

    def test_with_a_notice_that_the_statement_does_not_name_it_is_altered(self) -> None:
        issued = Issued()
        verdict = verify_file(replace(a_bundle(issued), pdf=None).to_zip(), issued.issuer, now=NOW)
        assert (verdict.outcome, verdict.check(CheckName.FILES).reason) == (Outcome.ALTERED, "notice_differs")

    def test_with_the_paper_of_another_certificate_it_is_altered(self) -> None:
        issued = with_notice()
        mixed = a_whole_bundle(issued, pdf=a_signed_pdf(with_notice(ring=issued.ring)))
        verdict = verify_file(mixed.to_zip(), issued.issuer, now=NOW)
        reason = verdict.check(CheckName.FILES).reason
        assert (verdict.outcome, reason) == (Outcome.ALTERED, "paper_of_another_certificate")

    def test_two_files_of_one_name_are_refused(self) -> None:
        buffer = io.BytesIO(a_bundle().to_zip())
        with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr("statement.json", "{}")
        with pytest.raises(UnreadableBundle):
            read_bundle_files(buffer.getvalue())

    def test_keys_in_the_bundle_make_nobody_trusted(self) -> None:
        verdict = verify_file(replace(a_bundle(), pdf=None).to_zip(), Issued().issuer, now=NOW)
        assert verdict.outcome is Outcome.NOT_OURS
        assert verdict.check(CheckName.CREDENTIAL).reason == "unknown_key"

    @pytest.mark.parametrize("missing", ["certificate.jwt", "statement.json", "disclosures.json", "proof-url.txt"])
    def test_without_an_essential_part_it_is_refused(self, missing: str) -> None:
        files = read_bundle_files(a_bundle().to_zip())
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in files.items():
                if name != missing:
                    archive.writestr(name, data)
        with pytest.raises(UnreadableEvidence) as refused:
            read_evidence(buffer.getvalue())
        assert refused.value.reason == "unreadable_bundle"


class TestOtherArchivesAreRefusedCalmly:
    def test_bombs(self) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("statement.json", bytes(40_000_000))
        with pytest.raises(UnreadableBundle):
            read_bundle_files(buffer.getvalue())

    def test_bombs_that_lie_about_their_size(self) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("statement.json", bytes(40_000_000))
        size = (40_000_000).to_bytes(4, "little")
        lying = buffer.getvalue().replace(size, (100).to_bytes(4, "little"))
        with pytest.raises(UnreadableBundle):
            read_bundle_files(lying)

    def test_too_many_files(self) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for n in range(MAX_FILES + 1):
                archive.writestr(f"{n}.txt", "")
        with pytest.raises(UnreadableBundle):
            read_bundle_files(buffer.getvalue())

    @pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x03\x04" + bytes(5_000)])
    def test_rubbish(self, data: bytes) -> None:
        with pytest.raises(UnreadableBundle):
            read_bundle_files(data)

    def test_every_cut_and_flipped_archive_is_refused_or_judged(self) -> None:
        issued = Issued()
        data = a_bundle(issued).to_zip()
        for place in range(0, len(data), 211):
            spoilt = bytearray(data)
            spoilt[place] ^= 0x55
            for variant in (bytes(spoilt), data[:place]):
                try:
                    verify_file(variant, issued.issuer, now=NOW)
                except UnreadableEvidence as refused:
                    assert refused.code
