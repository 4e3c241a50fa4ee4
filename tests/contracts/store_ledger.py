"""What every RequestLedger and SettingsStore must do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from nbchat.core.calibration import CALIBRATION_ROWS, Calibration
from nbchat.core.cost import UNKNOWN_COST, Cost, sum_cost
from nbchat.core.errors import UsageError
from nbchat.core.models import KeyPlace, Provider
from nbchat.core.usage import Usage
from nbchat.storage import Store
from tests.contracts.store_base import StoreBase
from tests.contracts.values import a_record


class LedgerContract(StoreBase):
    def test_settle(self, run: Callable[..., None]) -> None:
        """A row is appended once per id, keeps its order and every digit; unknown stays None."""

        async def work(store: Store) -> None:
            _, asked = await self.asked(store)
            plain = a_record(asked, id="r1", price=None, raw_usage=None, first_token_seconds=None)
            assert await store.settle(plain)
            assert not await store.settle(replace(plain, model="other"))
            assert await store.settle(a_record(asked, id="r2"))
            rows = await store.records()
            assert rows == [plain, a_record(asked, id="r2")]
            assert str(rows[1].cost.amount) == "0.000012300000000000000001"
            assert await store.records("other") == []
            late = replace(plain, id="r3", started=500.0, notebook="=late")
            assert await store.settle(late)
            assert await store.records(since=500.0) == [late]
            assert await store.records(plain.conversation, since=500.5) == []

        run(work)

    def test_costs(self, run: Callable[..., None]) -> None:
        """Of each conversation that is named, with what is not known of it; one that asked nothing is left out."""

        async def work(store: Store) -> None:
            _, asked = await self.asked(store)
            given: dict[str, list[Decimal | None]] = {"a": [Decimal("0.5"), None], "b": [Decimal(2)], "c": [Decimal(3)]}
            for name, amounts in given.items():
                for number, amount in enumerate(amounts):
                    await store.settle(a_record(asked, id=f"{name}{number}", conversation=name, cost=Cost(amount)))
            found = await store.costs(["a", "b", "never"])
            assert found == {"a": sum_cost([Cost(Decimal("0.5")), UNKNOWN_COST]), "b": Cost(Decimal(2))}
            assert await store.costs([]) == {}

        run(work)

    def test_spent(self, run: Callable[..., None]) -> None:
        """Dollars alone, to every digit: of a conversation, since a moment, or all; unknown amounts count nothing."""

        async def work(store: Store) -> None:
            _, asked = await self.asked(store)
            assert await store.spent() == 0
            costs = ("0.000012300000000000000001", "USD", 100.0), ("0.5", "USD", 200.0), ("7", "EUR", 200.0), (None, "USD", 200.0)
            for number, (amount, currency, started) in enumerate(costs):
                cost = Cost(None if amount is None else Decimal(amount), "reported", "", currency)
                await store.settle(a_record(asked, id=f"s{number}", cost=cost, started=started))
            other = a_record(asked, id="other", conversation="gone", cost=Cost(Decimal(2)), started=300.0)
            await store.settle(other)
            assert str(await store.spent(asked.record.conversation)) == "0.500012300000000000000001"
            assert await store.spent(since=200.0) == Decimal("2.5")
            assert await store.spent(asked.record.conversation, since=200.5) == 0
            assert await store.spent() == Decimal("2.500012300000000000000001")

        run(work)

    def test_calibration(self, run: Callable[..., None]) -> None:
        """The newest reported requests to this model of this provider teach, the others do not: not an estimate, not one whose
        characters nobody counted, and not what is older than the newest fifty."""

        async def work(store: Store) -> None:
            _, asked = await self.asked(store)
            assert await store.calibration("lab", "tiny") == Calibration()
            reported = a_record(asked, usage=Usage(10, output_tokens=20), input_characters=30, output_characters=70)
            others: dict[str, dict[str, Any]] = {
                "old": {},
                "other": {"model": "other"},
                "elsewhere": {"provider": "elsewhere"},
                "estimated": {"usage": Usage(10, output_tokens=20, certainty="estimated")},
                "uncounted": {"input_characters": None, "output_characters": None},
                "half": {"input_characters": None, "usage": Usage(10, output_tokens=2), "output_characters": 9},
            }
            for name, changes in others.items():
                await store.settle(replace(reported, id=name, **changes))
            assert await store.calibration("lab", "tiny") == Calibration(30, 10, 79, 22, 2)
            for number in range(CALIBRATION_ROWS):
                await store.settle(replace(reported, id=f"r{number}", input_characters=40))
            rows = CALIBRATION_ROWS
            assert await store.calibration("lab", "tiny") == Calibration(40 * rows, 10 * rows, 70 * rows, 20 * rows, rows)

        run(work)

    def test_settings(self, run: Callable[..., None]) -> None:
        """Settings are JSON values by name; None removes one; what JSON cannot hold is refused."""

        async def work(store: Store) -> None:
            assert await store.settings() == {}
            for name, value in (("model", "a/b"), ("limits", {"usd": [1, 2.5, None, True]}), ("zero", 0)):
                await store.set(name, value)
            await store.set("model", "c/d")
            assert await store.settings() == {"model": "c/d", "limits": {"usd": [1, 2.5, None, True]}, "zero": 0}
            await store.set("model", None)
            await store.set("never", None)
            assert set(await store.settings()) == {"limits", "zero"}
            with pytest.raises(UsageError, match="JSON"):
                await store.set("object", object())

        run(work)

    def test_providers(self, run: Callable[..., None]) -> None:
        """Providers come back equal, in the order of their first saving; saving again replaces."""

        async def work(store: Store) -> None:
            lab = Provider("lab", "http://127.0.0.1:1/v1", key=KeyPlace("env", "LAB_KEY"), headers=(("X-A", "b"),), created=5.0)
            hub = Provider("hub", "https://hub.test/v1", "openrouter", "Hub", insecure=True, enabled=False)
            hub = replace(hub, proxy="http://proxy.test:3128", ca_bundle="/etc/own.pem")
            hub = replace(hub, last_used=7.5, last_model="m/1", learned={"max_tokens": "max_completion_tokens", "seed": ""})
            await store.save_provider(lab)
            await store.save_provider(hub)
            await store.save_provider(replace(lab, name="Lab"))
            found = await store.providers()
            assert found == [replace(lab, name="Lab"), hub]
            assert (found[1].last_used, found[1].last_model, found[1].learned) == (hub.last_used, hub.last_model, hub.learned)
            await store.update_provider("hub", last_used=9.5, last_model="m/2")
            await store.update_provider("hub", enabled=True, learned={"seed": ""})
            await store.update_provider("none", enabled=True)
            found = await store.providers()
            assert found == [replace(lab, name="Lab"), replace(hub, enabled=True)]
            assert (found[1].last_used, found[1].last_model, found[1].learned) == (9.5, "m/2", {"seed": ""})
            await store.delete_provider("lab")
            await store.delete_provider("lab")
            assert await store.providers() == [replace(hub, enabled=True)]

        run(work)
