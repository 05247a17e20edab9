"""When silence changes a stage: by hand on the built-in ladder, and against a customer who indeed keeps silent, night by night."""

from datetime import date, timedelta

import pytest

from crm.figures import Figures
from crm.models import Business, Customer, Facts, PastFacts
from crm.money import day
from crm.record import save_order
from crm.tests.factories import make_customer, make_order, make_user
from lifecycle import nightly
from lifecycle.models import Ladder, Stage, Transition
from lifecycle.moves import move
from lifecycle.silence import MOST_DAYS, Foresight
from lifecycle.stages import Rungs, place
from lifecycle.standing import Why

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 6, 1)
DAY = timedelta(days=1)


def bought(*days, **fields):
    """Who ordered so many days before AS_OF, placed by the night of that day."""
    customer = make_customer(**fields)
    for ago in days:
        save_order(order=make_order(customer, ordered_on=AS_OF - DAY * ago), by=None)
    nightly.run(AS_OF, today=AS_OF)
    return customer


def why(customer):
    return Why.of(Customer.objects.get(pk=customer.pk), Figures(Business.load(), Business.load().as_of, Facts))


def foreseen(customer):
    silence = why(customer).silence
    return silence and (silence.stage.key, silence.on)


class TestWritten:
    """The CASE of a ladder is written out once for a day, the facts and the rules as they are."""

    @pytest.fixture
    def cases(self):
        for days in ((10,), (300,), (40, 20)):
            bought(*days)

        def found(on=AS_OF, facts=Facts):
            stages = Stage.objects.filter(ladder__is_primary=True, is_retired=False)
            rungs = Rungs.load(stages[0].ladder)
            case = Foresight(rungs, rungs.stages[0], [on]).cases(facts)["on0"]
            asked = Facts.objects.annotate(kept=case, anew=rungs.case(on)).values_list("kept", "anew")
            return case, [*asked] if facts is Facts else []

        return found

    def test_it_comes_to_the_same_and_is_kept(self, cases):
        (case, rows), (again, _rows) = cases(), cases()

        assert rows and all(kept == anew for kept, anew in rows)
        assert case is again

    def test_another_day_and_other_facts_are_another(self, cases):
        assert len({id(cases()[0]), id(cases(AS_OF + DAY)[0]), id(cases(facts=PastFacts)[0])}) == 3

    def test_a_changed_rule_is_another_at_once(self, cases):
        before = cases()[0]
        Stage.objects.filter(key="repeat", ladder__is_primary=True).update(rule={"fact": "order_days", "op": ">=", "value": 7})
        case, rows = cases()

        assert case is not before and all(kept == anew for kept, anew in rows)

    def test_what_asks_more_than_columns_of_the_facts_is_written_anew(self, cases):
        Stage.objects.filter(key="repeat", ladder__is_primary=True).update(rule={"fact": "city", "op": "=", "value": "Brno"})

        assert cases()[0] is not cases()[0]


def test_who_ordered_once_becomes_inactive_by_the_gap_of_the_business():
    # With fewer than ten rhythms that is 90 days: max(90, 3 × 90) after the order.
    customer = bought(10)

    assert foreseen(customer) == ("inactive", AS_OF + DAY * 260)
    assert str(why(customer).silence) == f"Without an order they become Inactive on {day(date(2027, 2, 16))}."


def test_of_one_who_is_inactive_the_next_is_being_lost_and_after_that_nothing():
    assert foreseen(bought(300)) == ("lost", AS_OF + DAY * 65)
    assert foreseen(bought(900)) is None


def test_who_never_ordered_has_no_such_day():
    assert foreseen(bought()) is None


def test_a_client_falls_when_an_order_of_the_four_grows_too_old():
    """340 days ago: 26 June 2025, so that on 26 June 2026 it is no longer within 12 months; silence takes until 2027."""
    customer = bought(340, 230, 120, 10, only_us_on=AS_OF - DAY)
    shown = why(customer)

    assert (shown.stage.key, foreseen(customer)) == ("client", ("repeat", date(2026, 6, 26)))
    assert not shown.silence.is_latest


def test_with_orders_to_spare_a_client_becomes_inactive_first():
    customer = bought(40, 30, 20, 10, 5, only_us_on=AS_OF - DAY)

    # The gaps are 5, 10, 10 and 10 days: max(90, 3 × 10, 10) after the last order.
    assert foreseen(customer) == ("inactive", AS_OF + DAY * 85)


@pytest.mark.parametrize("leap", [date(2024, 2, 28), date(2024, 2, 29)])
def test_an_order_of_the_end_of_february_leaves_the_year_when_the_facts_say_so(leap):
    customer = make_customer(only_us_on=date(2024, 1, 1))
    for on in (leap, date(2024, 6, 1), date(2024, 9, 1), date(2024, 12, 1)):
        save_order(order=make_order(customer, ordered_on=on), by=None)
    nightly.run(date(2025, 1, 1), today=AS_OF)
    stage, on = foreseen(customer)

    assert (stage, on) == ("repeat", date(2025, 2, 28) if leap.day == 28 else date(2025, 3, 1))
    nightly.run(on - DAY, today=AS_OF)
    assert Facts.objects.get().stage == "client"
    nightly.run(on, today=AS_OF)
    assert Facts.objects.get().stage == "repeat"


def test_it_is_what_the_nights_do_when_the_customer_keeps_silent():
    """Four customers of different rhythm: each stands where they stood on the day before, and on the day itself in the stage foreseen."""
    customers = [
        bought(3),
        bought(400, 390, 12),
        bought(340, 230, 120, 10, only_us_on=AS_OF - DAY),
        bought(80, 60, 40, 20, partner_on=AS_OF),
    ]
    nightly.run(AS_OF, today=AS_OF)
    said = {customer.pk: foreseen(customer) for customer in customers}
    assert None not in said.values()

    stood = {}
    for night in sorted({night for _stage, on in said.values() for night in (on - DAY, on)}):
        nightly.run(night, today=date(2031, 1, 1))
        stood[night] = dict(Facts.objects.values_list("pk", "stage"))
    first = dict(Transition.objects.filter(effective_on=AS_OF, ladder__key="kotler").values_list("customer", "to_stage__key"))
    for pk, (stage, on) in said.items():
        assert {moved[pk] for night, moved in stood.items() if night < on} <= {first[pk]} and stood[on][pk] == stage


def test_the_owners_rules_and_not_the_built_in_ones_say_when():
    customer = bought(10)
    rule = {"any": [{"fact": "inactive_on", "op": "passed"}, {"fact": "days_since_last_order", "op": ">=", "value": 60}]}
    Stage.objects.filter(key="inactive").update(rule=rule, name="Asleep")

    assert str(why(customer).silence) == f"Without an order they become Asleep on {day(date(2026, 7, 21))}."


def test_a_stage_by_a_figure_of_twelve_months_that_is_not_counted_anew_is_said_to_end_sooner():
    customer = bought(100, 50, 10)
    Stage.objects.filter(key="repeat").update(rule={"fact": "revenue_12m", "op": ">", "value": 0})

    assert why(customer).silence.is_latest and "sooner" in str(why(customer).silence)


def test_a_pin_for_good_leaves_nothing_to_foresee_and_one_with_an_end_the_day_after_it():
    customer, until = bought(10), AS_OF + DAY * 9
    jana, partner = make_user(name="Jana"), Stage.objects.get(key="partner")
    move(customer=customer, to=partner, by=jana, reason="Sells.", as_of=AS_OF, today=AS_OF, until=until)

    assert foreseen(customer) == ("first-time", until + DAY) and str(why(customer).silence).startswith("After that the rules decide:")
    customer.positions.filter(pinned=True).update(pinned_until=None)
    assert foreseen(customer) is None
    customer.positions.filter(pinned=True).update(pinned_until=date.max)
    assert foreseen(customer) is None


def test_in_the_past_the_figures_of_that_day_say_when():
    customer = bought(10)
    past = AS_OF - DAY * 5
    facts = Facts.objects.values().get(pk=customer.pk) | {"stage": "first-time", "inactive_on": date(2026, 5, 30)}
    PastFacts.objects.create(**facts)
    shown = Why.of(Customer.objects.get(pk=customer.pk), Figures(Business.load(), past, PastFacts, is_past=True))

    assert (shown.silence.stage.key, shown.silence.on) == ("inactive", date(2026, 5, 30))


def test_where_a_rule_cannot_be_read_nothing_is_foreseen_and_the_rest_is_said():
    customer = bought(10)
    Stage.objects.filter(key="advocate").update(rule={"fact": "gone", "op": "=", "value": 1})

    assert foreseen(customer) is None and [leaf.holds for leaf in why(customer).rule.leaves] == [True]


def test_it_asks_at_most_so_many_days():
    customer = bought(10)
    ages = [{"fact": "days_since_last_order", "op": "=", "value": 20 + 2 * number} for number in range(40)]
    Stage.objects.filter(key="disqualified").update(rule={"any": ages})
    place(Ladder.objects.get(key="kotler"), AS_OF)

    assert foreseen(customer) == ("disqualified", AS_OF + DAY * 10) and MOST_DAYS < 80
