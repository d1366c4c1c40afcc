"""Whose keys they are: rules that hold for any people who share addresses and numbers."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.leads.identities import (
    Claim,
    Identity,
    IdentityKind,
    IdentitySource,
    LeadIdentity,
    People,
    Person,
    Resolution,
    may_mean,
    resolve,
)
from app.domain.leads.names import name_noted, names_agree
from app.domain.leads.role_addresses import is_role_address

ADA = ("ada", "lovelace")
BOB = ("bob", "smith")
CARL = ("carl", "gauss")


@dataclass
class Submission:
    """What somebody gives."""

    name: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""
    reference: str = ""
    company: str = ""
    is_trial: bool = False
    found_by: frozenset[IdentityKind] = frozenset(IdentityKind)

    @property
    def person(self) -> Person:
        """As it is compared."""
        role = is_role_address(self.email)
        domain = self.email.rpartition("@")[2]
        return Person(
            self.name,
            self.company,
            "" if role else self.email,
            "" if domain == "free.example" else domain,
            self.is_trial,
        )

    @property
    def claim(self) -> Claim:
        """Its keys, by weight."""
        keys = [
            Identity(kind, value, system)
            for kind, value, system in (
                (IdentityKind.EMAIL, self.email, ""),
                (IdentityKind.EXTERNAL, self.reference, "shop"),
                (IdentityKind.PHONE, self.phone, ""),
            )
            if value
        ]
        return Claim(keys, is_trial=self.is_trial, found_by=self.found_by)


@dataclass
class Model:
    """The leads there are, as capture keeps them: blanks are filled in, nothing is replaced."""

    persons: dict[UUID, Person] = field(default_factory=dict)
    held: dict[Identity, list[LeadIdentity]] = field(default_factory=dict)

    def resolve(self, told: Submission) -> Resolution:
        """Whose it would be."""
        return resolve(told.claim, self.held, People(told.person, self.persons))

    def capture(self, told: Submission) -> UUID:
        """Whose it is from now on."""
        resolution = self.resolve(told)
        lead_id = resolution.lead_id
        if lead_id is None:
            lead_id = UUID(int=len(self.persons) + 1)
            self.persons[lead_id] = told.person
        self._enrich(lead_id, told)
        for key in resolution.shared:
            for held in self.held[key]:
                held.shared = True
        if resolution.noted:
            [held] = [h for h in self.held[resolution.noted] if h.lead_id == lead_id]
            held.other_names = sorted({*held.other_names, name_noted(told.name)})
        for key, shared in resolution.adds:
            self.held.setdefault(key, []).append(identity(lead_id, key, shared=shared))
        return lead_id

    def _enrich(self, lead_id: UUID, told: Submission) -> None:
        held, given_ = self.persons[lead_id], told.person
        if given_.is_trial and not held.is_trial:
            return
        if held.is_trial and not given_.is_trial:
            held, given_ = given_, held
        self.persons[lead_id] = Person(
            held.name or given_.name,
            held.company or given_.company,
            held.email or given_.email,
            held.domain or given_.domain,
            held.is_trial and given_.is_trial,
        )


def identity(lead_id: UUID, key: Identity, *, shared: bool) -> LeadIdentity:
    """A key as stored."""
    return LeadIdentity(
        workspace_id=UUID(int=0),
        id=UUID(int=0),
        lead_id=lead_id,
        kind=key.kind,
        system=key.system,
        value=key.value,
        shared=shared,
        verified_at=None,
        source=IdentitySource.API,
        other_names=[],
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


submissions = st.builds(
    Submission,
    name=st.sampled_from([(), ADA, ("ada",), ("a", "lovelace"), BOB, CARL]),
    email=st.sampled_from(
        ["", "ada@acme.example", "bob@acme.example", "ada@free.example", "info@acme.example"]
    ),
    phone=st.sampled_from(["", "+441", "+442"]),
    reference=st.sampled_from(["", "", "1", "2"]),
    company=st.sampled_from(["", "acme", "beta"]),
    is_trial=st.sampled_from([False, False, False, True]),
    found_by=st.sampled_from([frozenset(IdentityKind)] * 3 + [frozenset({IdentityKind.EXTERNAL})]),
)
histories = st.lists(submissions, max_size=12)


def told(history: list[Submission]) -> Model:
    """What there is after all of them."""
    model = Model()
    for each in history:
        model.capture(each)
    return model


class TestProperties:
    @given(histories)
    def test_a_key_of_several_leads_is_shared_and_a_reference_never_is(
        self, history: list[Submission]
    ) -> None:
        for key, held in told(history).held.items():
            assert len({h.lead_id for h in held}) == len(held)
            if key.kind is IdentityKind.EXTERNAL:
                assert len(held) == 1
                assert not held[0].shared
            else:
                must = len(held) > 1 or key.is_of_a_role
                assert not must or all(h.shared for h in held)

    @given(histories, submissions)
    def test_the_same_again_is_the_same_lead_and_adds_nothing(
        self, history: list[Submission], again: Submission
    ) -> None:
        model = told(history)
        finding = {key.kind for key in again.claim.keys} & again.found_by
        if not finding or (again.is_trial and finding == {IdentityKind.PHONE}):
            return
        first = model.capture(again)
        resolution = model.resolve(again)
        assert resolution.lead_id == first
        assert not resolution.shared
        assert model.capture(again) == first
        assert model.resolve(again).adds == ()

    @given(histories, submissions)
    def test_nobody_is_found_who_is_clearly_somebody_else(
        self, history: list[Submission], claimed: Submission
    ) -> None:
        model = told(history)
        resolution = model.resolve(claimed)
        for lead_id, key in resolution.found:
            if names_agree(claimed.name, model.persons[lead_id].name) is False:
                [held] = [h for h in model.held[key] if h.lead_id == lead_id]
                assert key.kind is not IdentityKind.PHONE
                assert not held.shared
                trial = claimed.is_trial or model.persons[lead_id].is_trial
                if key.kind is IdentityKind.EMAIL and not trial:
                    assert {*held.other_names} <= {name_noted(claimed.name)}

    @given(histories, submissions)
    def test_who_is_found_may_have_been_meant(
        self, history: list[Submission], claimed: Submission
    ) -> None:
        model = told(history)
        people = People(claimed.person, model.persons)
        found = {lead_id for lead_id, _ in model.resolve(claimed).found}
        assert found <= may_mean(claimed.claim, model.held, people)
        # Also when somebody before it in the same set makes keys shared.
        for held in model.held.values():
            for each in held:
                each.shared = each.shared or each.kind != IdentityKind.EXTERNAL
        later = model.resolve(claimed).lead_id
        fresh = told(history)
        assert later is None or later in may_mean(claimed.claim, fresh.held, people)

    @given(histories, submissions)
    def test_a_trial_says_nothing_of_a_real_lead(
        self, history: list[Submission], claimed: Submission
    ) -> None:
        model = told(history)
        trial = model.resolve(replace(claimed, is_trial=True))
        assert trial.shared == ()
        if trial.lead_id and not model.persons[trial.lead_id].is_trial:
            assert (trial.adds, trial.noted) == ((), None)

    @given(histories, submissions)
    def test_the_order_in_which_holders_are_listed_does_not_matter(
        self, history: list[Submission], claimed: Submission
    ) -> None:
        model = told(history)
        one = model.resolve(claimed)
        for held in model.held.values():
            held.reverse()
        assert model.resolve(claimed) == one


class TestEmail:
    def test_a_personal_address_is_its_leads_though_the_name_differs_once(self) -> None:
        model = Model()
        ada = model.capture(Submission(ADA, "ada@acme.example"))
        assert model.capture(Submission(BOB, "ada@acme.example")) == ada
        assert model.capture(Submission(BOB, "ada@acme.example")) == ada

    def test_with_a_second_different_name_it_is_nobodys_alone(self) -> None:
        model = Model()
        ada = model.capture(Submission(ADA, "ada@acme.example"))
        model.capture(Submission(BOB, "ada@acme.example"))
        carl = model.capture(Submission(CARL, "ada@acme.example"))
        assert carl != ada
        assert model.capture(Submission(ADA, "ada@acme.example")) == ada
        assert model.capture(Submission(CARL, "ada@acme.example")) == carl
        assert model.capture(Submission((), "ada@acme.example")) not in (ada, carl)

    def test_the_number_of_another_name_is_not_added(self) -> None:
        model = Model()
        model.capture(Submission(ADA, "ada@acme.example"))
        resolution = model.resolve(Submission(BOB, "ada@acme.example", "+441", "7"))
        assert [key.kind for key, _ in resolution.adds] == [IdentityKind.EXTERNAL]

    @pytest.mark.parametrize("local", ["info", "sales", "kontakt", "info+fair"])
    def test_a_role_address_means_nobody_without_a_second_signal(self, local: str) -> None:
        email = f"{local}@acme.example"
        model = Model()
        ada = model.capture(Submission(ADA, email, "+441"))
        bob = model.capture(Submission(BOB, email))
        assert ada != bob
        assert model.capture(Submission((), email)) not in (ada, bob)
        assert model.capture(Submission(("a", "lovelace"), email)) == ada
        assert model.capture(Submission((), email, "+441")) == ada

    def test_a_name_in_an_address_is_no_role(self) -> None:
        assert not is_role_address("ada@acme.example")
        assert not is_role_address("info.ada@acme.example")


class TestPhone:
    def test_a_number_needs_a_name_that_agrees(self) -> None:
        model = Model()
        ada = model.capture(Submission(ADA, "ada@acme.example", "+441"))
        assert model.capture(Submission(ADA, "ada@free.example", "+441")) == ada
        assert model.capture(Submission((), "ada@free.example")) == ada
        assert model.capture(Submission(ADA, "", "+441")) == ada
        assert model.capture(Submission(BOB, "", "+441")) != ada

    def test_colleagues_behind_one_number_are_two(self) -> None:
        model = Model()
        ada = model.capture(Submission((), "ada@acme.example", "+441", company="acme"))
        assert model.capture(Submission((), "bob@acme.example", "+441", company="acme")) != ada

    def test_the_only_name_is_taken_for_the_leads(self) -> None:
        model = Model()
        caller = model.capture(Submission((), "", "+441"))
        assert model.capture(Submission(ADA, "", "+441")) == caller
        assert model.persons[caller].name == ADA

    def test_a_switchboard_is_nobodys_alone(self) -> None:
        model = Model()
        ada = model.capture(Submission(ADA, "", "+441"))
        bob = model.capture(Submission(BOB, "", "+441"))
        caller = model.capture(Submission((), "", "+441"))
        assert len({ada, bob, caller}) == 3
        assert model.capture(Submission((), "", "+441")) == caller

    def test_two_shared_keys_mean_the_one_who_has_both(self) -> None:
        model = Model()
        ada = model.capture(Submission(ADA, "info@acme.example", "+441"))
        model.capture(Submission(BOB, "", "+441"))
        model.capture(Submission(BOB, "info@acme.example", "+442"))
        assert model.resolve(Submission((), "info@acme.example", "+441")).lead_id == ada


class TestReference:
    def test_it_is_its_leads_whatever_else_is_said(self) -> None:
        model = Model()
        ada = model.capture(Submission(ADA, "ada@acme.example", reference="1"))
        assert model.capture(Submission(BOB, "bob@acme.example", reference="1")) == ada

    def test_with_the_address_of_another_both_are_told_the_address_first(self) -> None:
        model = Model()
        ada = model.capture(Submission((), "ada@acme.example"))
        eve = model.capture(Submission(("eve",), reference="1"))
        found = model.resolve(Submission(ADA, "ada@acme.example", reference="1")).found
        assert [lead_id for lead_id, _ in found] == [ada, eve]


class TestNames:
    @pytest.mark.parametrize(
        ("one", "other", "agree"),
        [
            (ADA, ADA, True),
            (ADA, ("lovelace", "ada"), True),
            (ADA, ("a", "lovelace"), True),
            (ADA, ("lovelace",), True),
            (ADA, ("ada", "king", "lovelace"), True),
            (ADA, ("ada", "byron"), False),
            (ADA, BOB, False),
            (ADA, ("b", "lovelace"), False),
            (ADA, ("a", "l"), None),
            (ADA, (), None),
            ((), (), None),
        ],
    )
    def test_agreement(
        self, one: tuple[str, ...], other: tuple[str, ...], agree: bool | None
    ) -> None:
        assert names_agree(one, other) is agree
        assert names_agree(other, one) is agree

    def test_more_than_equality_may_be_known_of_words(self) -> None:
        alike = {"bob", "robert"}
        assert names_agree(BOB, ("robert", "smith"), lambda a, b: a == b or {a, b} == alike)

    words = st.lists(st.sampled_from(["a", "al", "ada", "b", "bo", "c"]), max_size=4).map(tuple)

    @given(words, words)
    def test_it_is_the_same_both_ways(self, one: tuple[str, ...], other: tuple[str, ...]) -> None:
        assert names_agree(one, other) is names_agree(other, one)

    @given(words)
    def test_everybody_agrees_with_themselves(self, one: tuple[str, ...]) -> None:
        assert names_agree(one, one) is (True if one else None)
