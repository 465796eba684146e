"""A provider's list over the API: checked without effect, brought in once by a worker, seen by that provider alone."""

from base64 import b64encode

import pytest

from marketplace.accounts.roles import Role
from marketplace.inventory.models import Block
from tests.api.buying import fresh_key
from tests.api.test_keys import bearer
from tests.marketplace.providers.test_holding_list import FOREST, HEAD
from tests.marketplace.providers.test_imports import an_account
from tests.signed_in import an_actor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def key(small):
    await an_account("prov_a", "100")
    return await bearer(small, await an_actor(small, Role.OWNER, Role.PROVIDER))


def a_list(*rows: str, **changed) -> dict[str, str]:
    file = b64encode("\n".join([HEAD, *rows]).encode()).decode()
    return {"registry": "jcredit", "account": "100", "file_name": "list.csv", "file": file} | changed


async def checked(client, key, *rows: str):
    answer = await client.post("/v1/holding_lists", json=a_list(*rows), headers=fresh_key() | key)
    assert answer.status_code == 201, answer.text
    return answer.json()


class TestAList:
    async def test_is_checked_row_by_row_and_changes_nothing(self, client, key):
        found = await checked(client, key, FOREST, "nonsense")
        report = found["report"]
        assert (found["state"], report["new_rows"], report["new_g"]) == ("checked", 1, 120_000_000)
        assert [(one["row"], one["code"]) for one in report["refused"]] == [(3, "cell_missing")]
        assert not await Block.exists()

    @pytest.mark.parametrize("list_id", ["x", "0" * 64, "imp_01KAFQ3C9V3R6Y4M0N8T5B2D1E"])
    async def test_that_never_was_is_not_found_however_its_id_looks(self, client, key, list_id):
        for answer in (
            await client.get(f"/v1/holding_lists/{list_id}", headers=key),
            await client.post(f"/v1/holding_lists/{list_id}/bring_in", headers=key),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "checked_list_gone")

    async def test_is_brought_in_once_and_found_again_with_what_became_of_it(self, client, small, key):
        found = await checked(client, key, FOREST)
        for _ in range(2):
            asked = await client.post(f"{found['url']}/bring_in", headers=key)
            assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
        await small.work()
        done = (await client.get(found["url"], headers=key)).json()
        assert (done["state"], done["new_rows"], done["report"]) == ("done", 1, None)
        assert await Block.all().count() == 1
        again = await checked(client, key, FOREST)
        assert (again["report"]["new_rows"], again["report"]["known_rows"]) == (0, 1)

    async def test_belongs_to_its_provider(self, client, small, key):
        found = await checked(client, key, FOREST)
        buyer = await bearer(small, await an_actor(small, Role.OWNER, email="buyer@ashiato.example"))
        other = await bearer(
            small,
            await an_actor(small, Role.OWNER, Role.PROVIDER, email="other@ashiato.example", provider_id="prov_b"),
        )
        for headers, refusal in ((buyer, (403, "not_a_provider")), (other, (404, "checked_list_gone"))):
            for method, path in (("GET", ""), ("POST", "/bring_in")):
                answer = await client.request(method, found["url"] + path, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == refusal
        answer = await client.post("/v1/holding_lists", json=a_list(FOREST), headers=fresh_key() | other)
        assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")

    @pytest.mark.parametrize(
        ("changed", "code"), [({"file": "***"}, "input_refused"), ({"file": "eA=="}, "table_refused")]
    )
    async def test_that_is_none_is_refused(self, client, key, changed, code):
        answer = await client.post("/v1/holding_lists", json=a_list(**changed), headers=fresh_key() | key)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
