"""The first operator comes in by the console, through a real instance, and can be put out again."""

import subprocess

import httpx

from tests.e2e.instance import Instance
from tests.e2e.signed_in import sign_in_at
from tests.forked import ashiato

EMAIL = "first-operator@ashiato.example"


def people(instance: Instance, *arguments: str) -> subprocess.CompletedProcess[str]:
    return ashiato("people", *arguments, "--data", str(instance.data))


def test_an_operator_is_invited_works_and_is_put_out_with_a_reason(instance: Instance) -> None:
    operator = sign_in_at(instance, "operator", email=EMAIL)
    trail = operator.page("/en/operations/audit").text_content()
    for act in ("person.invited", "invitation.accepted", "second_factor.set"):
        assert act in trail
    assert f"{EMAIL}  operator  service" in people(instance, "list").stdout
    refused = people(instance, "revoke", EMAIL, "--role", "operator")
    assert (refused.returncode, refused.stderr) == (1, "say why\n")
    assert people(instance, "revoke", EMAIL, "--role", "operator", "--reason", "has left").returncode == 0
    assert operator.client.get("/en/operations/audit").status_code == httpx.codes.SEE_OTHER
