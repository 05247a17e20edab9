from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segments.pareto import USEFUL_MANY, VITAL_FEW, classify

MOST = Decimal("0.80")


def classes(revenue, share=MOST):
    """By customer, from revenue in minor units by customer."""
    series = pd.Series(list(revenue.values()), index=pd.Index(list(revenue), dtype="int64"), dtype="int64")
    found = classify(series, Decimal(share))
    assert found.index.equals(series.index)
    return dict(found)


def vital(revenue, share=MOST):
    return {customer for customer, found in classes(revenue, share).items() if found == VITAL_FEW}


def test_the_few_are_those_who_together_reach_the_share():
    # The total is 1000, four fifths are 800: 500 + 200 are short of it, with 150 it is passed.
    assert classes({1: 50, 2: 500, 3: 150, 4: 100, 5: 200}) == {
        1: USEFUL_MANY,
        2: VITAL_FEW,
        3: VITAL_FEW,
        4: USEFUL_MANY,
        5: VITAL_FEW,
    }


def test_a_share_that_is_reached_to_the_cent_needs_nobody_more():
    assert vital({1: 500, 2: 300, 3: 200}) == {1, 2}
    assert vital({1: 500, 2: 299, 3: 201}) == {1, 2, 3}
    assert vital({1: 500, 2: 301, 3: 199}) == {1, 2}


def test_a_share_that_no_fraction_of_two_writes_exactly_is_exact():
    # 0.1 + 0.2 and 0.7 are not what they seem in floating point.
    assert vital({1: 7, 2: 3}, "0.70") == {1}
    assert vital({1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1, 10: 1}, "0.30") == {1, 2, 3}


def test_a_share_that_falls_between_two_cents_has_to_be_passed():
    # Four fifths of 11 are 8.8: with 8 the share is not reached.
    assert vital({1: 8, 2: 3}) == {1, 2}
    assert vital({1: 9, 2: 2}) == {1}


def test_a_tie_goes_to_the_smaller_key():
    assert vital({9: 10, 2: 10, 5: 10, 7: 10, 1: 10}, "0.40") == {1, 2}
    assert vital({5: 10, 4: 10, 3: 60, 2: 10, 1: 10}, "0.70") == {3, 1}


def test_the_whole_share_takes_everybody_who_has_revenue():
    assert classes({1: 100, 2: 1, 3: 0}, "1") == {1: VITAL_FEW, 2: VITAL_FEW, 3: ""}


def test_the_smallest_share_takes_one():
    assert vital({1: 1, 2: 99}, "0.01") == {2}
    assert vital({1: 1, 2: 1}, "0.01") == {1}


def test_one_customer_is_the_vital_few():
    assert classes({7: 1}) == {7: VITAL_FEW}
    assert classes({7: 1}, "0.01") == {7: VITAL_FEW}


def test_nobody_is_any_class_where_nobody_has_revenue():
    assert classes({1: 0, 2: -5}) == {1: "", 2: ""}
    assert classes({}) == {}


def test_what_was_paid_back_is_no_part_of_the_total():
    # Of 100 and not of 20: the first is enough for four fifths, and would be passed by far otherwise.
    assert classes({1: 80, 2: 20, 3: -80}) == {1: VITAL_FEW, 2: USEFUL_MANY, 3: ""}


def test_sums_beyond_what_a_float_holds_are_exact():
    # In floats 2**53 + 1 is 2**53.
    assert vital({1: 2**53 + 1, 2: 2**53}, "0.50") == {1}
    assert vital({1: 2**53, 2: 2**53 + 1, 3: 1}, "0.50") == {2}


def test_what_it_was_given_stays_as_it_was():
    revenue = pd.Series([3, 1, 2], index=[3, 1, 2], dtype="int64")

    classify(revenue, MOST)

    assert revenue.tolist() == [3, 1, 2] and revenue.index.tolist() == [3, 1, 2]


REVENUES = st.dictionaries(st.integers(1, 10**6), st.integers(-100, 100) | st.integers(-(10**12), 10**12), max_size=30)
SHARES = st.integers(1, 100).map(lambda percent: Decimal(percent) / 100)


@given(REVENUES, SHARES)
@example({1: 50, 2: 30, 3: 20}, Decimal("0.80"))
def test_the_few_reach_the_share_and_without_the_last_of_them_do_not(revenue, share):
    found = classes(revenue, share)
    ranked = sorted((customer for customer in revenue if revenue[customer] > 0), key=lambda customer: (-revenue[customer], customer))
    few = [customer for customer in ranked if found[customer] == VITAL_FEW]

    # In hundredths, so that everything is a whole number.
    wanted = sum(revenue[customer] for customer in ranked) * int(share * 100)
    assert few == ranked[: len(few)]
    assert sum(revenue[customer] for customer in few) * 100 >= wanted
    assert not few or sum(revenue[customer] for customer in few[:-1]) * 100 < wanted
    assert all(found[customer] == USEFUL_MANY for customer in ranked[len(few) :])
    assert all((found[customer] == "") == (revenue[customer] <= 0) for customer in revenue)


@given(REVENUES, SHARES, st.randoms())
def test_the_order_of_the_rows_makes_no_difference(revenue, share, random):
    shuffled = list(revenue)
    random.shuffle(shuffled)

    assert classes({customer: revenue[customer] for customer in shuffled}, share) == classes(revenue, share)


@pytest.mark.parametrize("size", [10_000])
def test_a_business_where_all_are_equal_is_cut_at_the_share(size):
    assert vital(dict.fromkeys(range(1, size + 1), 100)) == set(range(1, 8_001))
