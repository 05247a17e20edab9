"""The made-up people: what they do looks like a shop's year, and the same seed makes the same ones."""

import re
from collections import Counter
from datetime import date
from random import Random
from statistics import mean

import pytest

from lifecycle.demo import names, people, shop, simulate
from lifecycle.demo.simulate import CANCELLED, COMPLAINT, PAID, REFUNDED, UNPAID

FIRST, TODAY = date(2023, 11, 24), date(2026, 11, 24)
SPAN = (TODAY - FIRST).days
SIZE = 1650


@pytest.fixture(scope="module")
def crowd():
    return simulate.simulate(FIRST, TODAY, SIZE, seed=1)


def purchases(crowd):
    return [(person, one) for person in crowd for one in person.purchases]


def test_the_same_seed_makes_the_same_people(crowd):
    again = simulate.simulate(FIRST, TODAY, SIZE, seed=1)
    assert [(one.name, one.purchases, one.contacts) for one in again] == [(one.name, one.purchases, one.contacts) for one in crowd]


def test_another_seed_makes_other_people(crowd):
    assert [one.name for one in simulate.simulate(FIRST, TODAY, SIZE, seed=2)] != [one.name for one in crowd]


def test_as_many_as_asked_for_become_known_in_order_and_more_of_them_each_year(crowd):
    arrived = [person.arrived for person in crowd]
    assert len(crowd) == SIZE and arrived == sorted(arrived) and arrived[0] >= 0 and arrived[-1] <= SPAN
    assert sum(day < 365 for day in arrived) < sum(day > SPAN - 365 for day in arrived)


def test_everybody_buys_and_calls_after_they_became_known_in_the_order_of_time_and_not_tomorrow(crowd):
    for person in crowd:
        days = [one.on for one in person.purchases]
        assert days == sorted(set(days)) and all(person.arrived <= day <= SPAN for day in days)
        logged = [one.on for one in person.contacts]
        assert logged == sorted(logged) and all(person.arrived <= day < SPAN for day in logged)


def test_nothing_is_said_of_the_hour_of_a_day_that_is_not_over(crowd):
    assert {one.at for _, one in purchases(crowd) if one.on == SPAN} == {None}
    assert all(0 <= one.at < 24 * 60 for _, one in purchases(crowd) if one.on < SPAN)


def test_december_is_busy_and_summer_is_not(crowd):
    months = Counter(date.fromordinal(FIRST.toordinal() + one.on).strftime("%Y-%m") for _, one in purchases(crowd))
    assert months["2025-12"] > 1.3 * months["2025-10"] and months["2026-07"] < 0.95 * months["2026-05"]


def test_few_customers_make_most_of_the_revenue(crowd):
    """Of consumer businesses the best fifth makes about two thirds to three quarters (McCarthy and Winer, Marketing Letters 30, 2019)."""
    spent = [sum(one.amount for one in person.purchases if one.on > SPAN - 365 and one.status in (PAID, UNPAID)) for person in crowd]
    spent = sorted(filter(None, spent), reverse=True)
    assert 0.6 < sum(spent[: len(spent) // 5]) / sum(spent) < 0.8


def test_each_order_has_lines_that_make_its_amount_and_a_cost_below_it(crowd):
    for _, one in purchases(crowd):
        assert one.amount == sum(line.amount for line in one.lines) > one.cost > 0
        assert len({line.product for line in one.lines}) == len(one.lines)


def test_of_the_orders_a_few_are_unpaid_cancelled_or_refunded(crowd):
    share = {status: count / len(purchases(crowd)) for status, count in Counter(one.status for _, one in purchases(crowd)).items()}
    assert share[PAID] > 0.95 and all(0.0005 < share[status] < 0.02 for status in (UNPAID, REFUNDED, CANCELLED))


def test_a_part_refunded_is_a_part_of_an_order_that_stands(crowd):
    parts = [(one.refunded, one.amount, one.status) for _, one in purchases(crowd) if one.refunded]
    assert len(parts) > 10 and all(0 < refunded < amount and status in (PAID, UNPAID) for refunded, amount, status in parts)


def test_demanding_customers_take_more_minutes_and_complain_more(crowd):
    def burden(demanding):
        those = [person for person in crowd if person.drive.demanding == demanding and person.purchases]
        minutes = mean(sum(one.minutes for one in person.contacts) for person in those)
        return minutes, mean(sum(one.kind == COMPLAINT for one in person.contacts) / len(person.purchases) for person in those)

    (minutes, complaints), (usual_minutes, usual_complaints) = burden(True), burden(False)
    assert minutes > 4 * usual_minutes and complaints > 3 * usual_complaints


def test_after_a_complaint_more_stay_away_than_after_another_order(crowd):
    def stays_away(person, on):
        return not any(one.on > on for one in person.purchases)

    complained = [stays_away(p, one.on) for p in crowd for one in p.contacts if one.kind == COMPLAINT and one.on < SPAN - 200]
    ordered = [stays_away(person, one.on) for person, one in purchases(crowd) if one.on < SPAN - 200]
    assert mean(complained) > mean(ordered) + 0.15


def test_whoever_was_sent_came_while_the_one_who_sent_them_was_buying(crowd):
    sent = [person for person in crowd if person.referred_by]
    assert len(sent) > SIZE / 10 and {person.source for person in sent} == {people.RECOMMENDED}
    for person in sent:
        assert person.referred_by is not person and person.referred_by.purchases[0].on < person.arrived


def test_marks_have_a_day_that_has_come_and_somebody_logged_why(crowd):
    for name, at_least in (("disqualified", 8), ("marked_lost", 5), ("partner", 3), ("only_us", 100)):
        marked = [person for person in crowd if getattr(person, name) is not None]
        assert len(marked) >= at_least
        assert all(getattr(person, name) in [one.on for one in person.contacts] for person in marked)


def test_a_lost_mark_is_later_than_the_last_order(crowd):
    assert all(person.marked_lost > person.last for person in crowd if person.marked_lost is not None)


def test_some_take_deliveries_and_pay_none(crowd):
    unpaid = [person for person in crowd if person.purchases and {one.status for one in person.purchases} == {UNPAID}]
    assert [person for person in unpaid if sum(SPAN - one.on > 31 for one in person.purchases) >= 2]


def test_yesterday_some_ordered_for_the_first_time_some_for_the_second_and_some_came_back(crowd):
    came = [[one.on for one in person.purchases] for person in crowd if SPAN - 1 in [one.on for one in person.purchases]]
    assert len([days for days in came if days == [SPAN - 1]]) >= 2
    assert len([days for days in came if len(days) == 2]) >= 3
    assert len([days for days in came if len(days) > 3 and days[days.index(SPAN - 1) - 1] < SPAN - 150]) >= 2


def test_a_handful_of_people_is_no_trouble():
    assert len(simulate.simulate(FIRST, TODAY, 1, seed=3)) == 1
    assert len(simulate.simulate(FIRST, TODAY, 50, seed=3)) == 50


def test_e_mails_are_plain_different_and_at_addresses_that_nobody_has(crowd):
    emails = [person.email for person in crowd if person.email]
    assert len(set(emails)) == len(emails) > 0.85 * SIZE
    assert all(re.fullmatch(r"[a-z0-9.]+@example\.(com|org|net)", email) for email in emails)


def test_birthdays_are_those_of_grown_ups(crowd):
    born = [person.birthday for person in crowd if person.birthday]
    assert 0.45 < len(born) / SIZE < 0.7 and all(1938 < day.year < 2010 for day in born)
    assert not [person for person in crowd if person.is_trade and person.birthday]


def test_a_womans_surname_has_its_form():
    random = Random(1)
    seen = {tuple(names.person(random, country).split(maxsplit=1)) for country in (names.CZECH, names.POLISH) for _ in range(3000)}
    both = set(names.CZECH.men + names.POLISH.men) & set(names.CZECH.women + names.POLISH.women)
    women = {surname for name, surname in seen if name in names.CZECH.women + names.POLISH.women}
    men = {surname for name, surname in seen if name in names.CZECH.men + names.POLISH.men}
    assert not both and {"Nováková", "Černá", "Krejčí", "Kowalska", "Nowak", "Biała"} <= women
    assert {"Novák", "Černý", "Krejčí", "Kowalski", "Nowak", "Biały"} <= men and not {"Nováková", "Kowalska"} & men


@pytest.mark.parametrize("country", [names.CZECH, names.POLISH])
def test_each_surname_of_a_man_has_one_form_for_a_woman(country):
    assert len(dict(country.surnames)) == len(country.surnames)
    assert not [
        man for man, woman in country.surnames if man.endswith(("ský", "cký", "ski", "cki", "ý")) and not woman.endswith(("á", "a"))
    ]


def test_companies_are_called_like_companies_and_phones_like_their_country():
    assert names.company(Random(3), names.CZECH, set()).split()[0] in names.CZECH_HOUSES
    assert names.company(Random(3), names.POLISH, set()).split()[0] in names.POLISH_HOUSES
    assert re.fullmatch(r"\+420 600 \d{3} \d{3}", names.phone(Random(1), names.CZECH))


def test_no_two_companies_have_one_name(crowd):
    called = [person.name for person in crowd if person.is_trade]

    assert len(set(called)) == len(called) > 50


def test_a_company_whose_name_is_taken_gets_the_next_free_one_and_a_number_where_none_is():
    houses, signs = names.POLISH_HOUSES, names.POLISH_SIGNS
    every, taken = [f"{house} {sign}" for sign in signs for house in houses], set[str]()
    given = [names.company(Random(3), names.POLISH, taken) for _ in range(len(every) + 2)]
    drawn = every.index(given[0])

    assert given == [*every[drawn:], *every[:drawn], f"{given[0]} 2", f"{given[0]} 3"]


def test_a_day_is_worth_what_its_month_and_weekday_say():
    season = shop.Season(date(2025, 12, 22), 4)
    assert season.weights == pytest.approx([1.7 * 1.1, 1.7, 1.7, 1.7 * 1.05])
    assert season.clock == pytest.approx([1.87, 3.57, 5.27, 7.055]) and season.is_gift_time == [True, True, False, False]
