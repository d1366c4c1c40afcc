"""The rules of conversion."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import IllegalMove
from app.domain.leads.leads import Lead
from app.domain.leads.status import Status
from app.domain.sales.conversion import (
    Budget,
    account_values,
    check_convertible,
    contact_values,
    converted,
    fill_blanks,
    opportunity_values,
    overridden,
)
from app.platform.ids import new_id

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OPEN = ["new", "working", "nurturing", "qualified"]


def lead(**columns: Any) -> Lead:
    """A lead with these columns."""
    return Lead(workspace_id=new_id(), id=new_id(), created_at=NOW, updated_at=NOW, **columns)


class TestValues:
    def test_the_account_is_the_company(self) -> None:
        values = account_values(
            lead(company="Engines", full_name="Ada", phone="1", city="London", email="a@b.example")
        )
        assert values == {"name": "Engines", "phone": "1", "city": "London"}

    @pytest.mark.parametrize(
        ("columns", "name"),
        [
            ({"full_name": "Ada Lovelace", "email": "ada@example.com"}, "Ada Lovelace"),
            ({"first_name": "Ada", "last_name": "Lovelace"}, "Ada Lovelace"),
            ({"company": "  ", "full_name": " ", "last_name": "Lovelace"}, "Lovelace"),
            ({"email": "ada@example.com"}, "ada@example.com"),
            ({"phone": "030 1"}, "030 1"),
        ],
    )
    def test_without_a_company_it_is_the_person(self, columns: dict[str, Any], name: str) -> None:
        assert account_values(lead(**columns))["name"] == name
        assert opportunity_values(lead(**columns), None, "EUR")["name"] == name

    def test_a_lead_of_which_nothing_is_known_still_has_a_name(self) -> None:
        nobody = lead()
        assert account_values(nobody)["name"] == str(nobody.id)

    def test_the_contact_is_the_person(self) -> None:
        owner = new_id()
        values = contact_values(
            lead(company="Engines", first_name="Ada", title=" ", source="fair", owner_id=owner)
        )
        assert values == {"first_name": "Ada", "source": "fair", "owner_id": owner}

    def test_a_contact_without_a_name_bears_the_companys(self) -> None:
        assert contact_values(lead(company="Engines")) == {"full_name": "Engines"}

    def test_the_opportunity_is_worth_the_budget(self) -> None:
        campaign = new_id()
        values = opportunity_values(
            lead(company="Engines", campaign_id=campaign),
            Budget(amount_minor=5, currency="GBP"),
            "EUR",
        )
        assert values == {
            "name": "Engines",
            "campaign_id": campaign,
            "amount_minor": 5,
            "currency": "GBP",
        }

    def test_a_budget_without_currency_is_in_the_workspaces(self) -> None:
        values = opportunity_values(lead(company="E"), Budget(amount_minor=5), "EUR")
        assert values["currency"] == "EUR"

    def test_a_budget_without_amount_says_nothing(self) -> None:
        values = opportunity_values(lead(company="E"), Budget(currency="GBP"), "EUR")
        assert values == {"name": "E"}


@pytest.mark.parametrize(
    ("values", "overrides", "result"),
    [
        ({"city": "London", "phone": "1"}, {"phone": None}, {"city": "London", "phone": None}),
        (
            {"amount_minor": 5, "currency": "GBP"},
            {"amount_minor": 7},
            {"amount_minor": 7},
        ),
        (
            {"amount_minor": 5, "currency": "GBP"},
            {"currency": "EUR"},
            {"currency": "EUR"},
        ),
        (
            {"amount_minor": 5, "currency": "GBP"},
            {"currency": "GBP", "name": "X"},
            {"amount_minor": 5, "currency": "GBP", "name": "X"},
        ),
        (
            {"annual_revenue_minor": 5, "currency": "GBP"},
            {"annual_revenue_minor": 7},
            {"annual_revenue_minor": 7, "currency": "GBP"},
        ),
        (
            {"first_name": "Ada", "last_name": "Byron", "full_name": "Ada Byron"},
            {"last_name": "Lovelace"},
            {"first_name": "Ada", "last_name": "Lovelace"},
        ),
        (
            {"first_name": "Ada", "last_name": "Byron", "full_name": "Ada Byron"},
            {"full_name": "Grace Hopper"},
            {"full_name": "Grace Hopper"},
        ),
    ],
)
def test_overrides_go_over_the_leads_values(
    values: dict[str, Any], overrides: dict[str, Any], result: dict[str, Any]
) -> None:
    assert overridden(values, overrides) == result


PLACE = dict.fromkeys(("street", "city", "region", "postal_code", "country", "country_code"))


class TestFillBlanks:
    def test_fills_what_is_blank_and_nothing_else(self) -> None:
        present = {"name": "Engines", "phone": None, "industry": " ", "website": "a.example"}
        offered = {"name": "Other", "phone": "1", "industry": "Steam", "website": "b.example"}
        assert fill_blanks(present, offered) == {"phone": "1", "industry": "Steam"}

    def test_blank_values_fill_nothing(self) -> None:
        assert fill_blanks({"phone": None}, {"phone": None}) == {}
        assert fill_blanks({"phone": None}, {"phone": " "}) == {}

    def test_an_address_is_completed(self) -> None:
        present = PLACE | {"city": "london", "country": "UK", "country_code": "GB"}
        offered = {"street": "1 Row", "city": "London", "country": "England", "country_code": "GB"}
        assert fill_blanks(present, offered) == {"street": "1 Row"}

    def test_two_addresses_are_not_mixed(self) -> None:
        present = PLACE | {"city": "Paris"}
        offered = {"street": "1 Row", "city": "London", "country": "UK", "country_code": "GB"}
        assert fill_blanks(present, offered) == {}

    def test_two_people_are_not_mixed(self) -> None:
        present = {"first_name": "Ada", "last_name": None, "full_name": None}
        offered = {"first_name": "Grace", "last_name": "Hopper", "full_name": "Grace Hopper"}
        assert fill_blanks(present, offered) == {}

    def test_an_amount_needs_its_currency(self) -> None:
        present = {"amount_minor": None, "currency": "EUR"}
        assert fill_blanks(present, {"amount_minor": 5, "currency": "GBP"}) == {}
        assert fill_blanks(present, {"amount_minor": 5, "currency": "EUR"}) == {"amount_minor": 5}
        blank = {"amount_minor": None, "currency": None}
        both = {"amount_minor": 5, "currency": "GBP"}
        assert fill_blanks(blank, both) == both

    @given(
        present=st.fixed_dictionaries(
            {
                name: st.sampled_from([None, "", " ", "a", "b", 0, 5])
                for name in (
                    "city",
                    "street",
                    "first_name",
                    "full_name",
                    "amount_minor",
                    "owner_id",
                )
            }
        ),
        offered=st.dictionaries(
            st.sampled_from(
                ("city", "street", "first_name", "full_name", "amount_minor", "owner_id")
            ),
            st.sampled_from([None, " ", "a", "b", 0, 5]),
        ),
    )
    def test_what_is_there_is_never_changed(
        self, present: dict[str, Any], offered: dict[str, Any]
    ) -> None:
        filled = fill_blanks(present, offered)
        assert all(present[name] in (None, "", " ") for name in filled)
        assert all(offered[name] not in (None, " ") for name in filled)
        assert fill_blanks(present | filled, offered) == {}


class TestTheLead:
    def test_a_qualified_lead_needs_no_reason(self) -> None:
        check_convertible(lead(status="qualified"), None)

    @pytest.mark.parametrize("status", ["new", "working", "nurturing"])
    def test_others_do(self, status: str) -> None:
        with pytest.raises(IllegalMove) as refused:
            check_convertible(lead(status=status), None)
        assert refused.value.extra["lead_status"] == status
        assert "qualified" in refused.value.extra["legal_moves"]
        check_convertible(lead(status=status), "Signed at the fair")

    def test_a_disqualified_lead_is_never_converted(self) -> None:
        with pytest.raises(IllegalMove) as refused:
            check_convertible(lead(status="disqualified"), "Signed at the fair")
        assert refused.value.extra["legal_moves"] == ["nurturing", "working"]

    @pytest.mark.parametrize("status", OPEN)
    @pytest.mark.parametrize(
        ("opportunity", "stage", "instants"),
        [
            (None, "sql", ["sql_at"]),
            ("open", "opportunity", ["opportunity_at"]),
            ("lost", "opportunity", ["opportunity_at"]),
            ("won", "customer", ["customer_at", "opportunity_at"]),
        ],
    )
    def test_gets_as_far_as_its_opportunity(
        self, status: str, opportunity: str | None, stage: str, instants: list[str]
    ) -> None:
        changes = converted(lead(status=status), opportunity, NOW)
        assert changes == {"status": Status.CONVERTED, "lifecycle_stage": stage} | dict.fromkeys(
            instants, NOW
        )

    def test_never_goes_back(self) -> None:
        ahead = lead(status="qualified", lifecycle_stage="customer")
        assert converted(ahead, "open", NOW) == {"status": Status.CONVERTED}
