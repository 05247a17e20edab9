from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segments.concentration import Concentration
from segments.pareto import VITAL_FEW, classify


def of(revenue):
    """Revenue in minor units by customer."""
    customers = sorted(revenue)
    return Concentration.of(customers, [revenue[customer] for customer in customers])


# Of 1000: 500, 200, 150, 100, 50.
FIVE = of({1: 50, 2: 500, 3: 150, 4: 100, 5: 200})
NOBODY = of({})


def test_customers_stand_by_what_they_brought():
    assert list(FIVE.customers) == [2, 5, 3, 4, 1]
    assert list(FIVE.sums) == [0, 500, 700, 850, 950, 1000]
    assert FIVE.ranks({5, 1, 6}) == {5: 2, 1: 5}


def test_of_equal_ones_the_smaller_key_stands_first():
    assert list(of({2: 10, 5: 10, 7: 30, 9: 10}).customers) == [7, 2, 5, 9]


def test_who_brought_nothing_or_took_back_is_no_part_of_it():
    found = of({1: 80, 2: 0, 3: -30, 4: 20})

    assert (list(found.customers), found.people, found.total) == ([1, 4], 2, 100)


def test_a_share_is_that_of_the_first_so_many():
    assert [FIVE.share(first) for first in range(6)] == [0, 0.5, 0.7, 0.85, 0.95, 1]


def test_the_vital_few_are_the_fewest_that_reach_the_share():
    assert [FIVE.vital_few(Decimal(share)) for share in ("0.50", "0.51", "0.80", "0.85", "0.86", "1")] == [1, 2, 3, 3, 4, 5]


def test_so_many_per_cent_of_the_people_are_rounded_and_one_at_least():
    found = of(dict.fromkeys(range(842), 1))

    assert [found.top(percent) for percent in (1, 5, 10, 20, 50, 100)] == [8, 42, 84, 168, 421, 842]
    assert [FIVE.top(percent) for percent in (1, 20, 50, 100)] == [1, 1, 3, 5]


def test_nobody_has_no_share_and_no_few():
    assert (NOBODY.people, NOBODY.total, NOBODY.share(0), NOBODY.top(20), NOBODY.steps(), NOBODY.ranks({1})) == (0, 0, 0, 0, [0], {})
    assert NOBODY.vital_few(Decimal("0.80")) == 0


def test_the_curve_of_a_few_is_drawn_at_each_of_them():
    assert FIVE.steps() == [0, 1, 2, 3, 4, 5]


def test_the_curve_of_many_is_drawn_at_few_points():
    found = of({customer: customer for customer in range(1, 100_001)})
    steps = found.steps(12_345)

    assert len(steps) <= 200
    assert {0, 1, 100, 5_000, 9_900, 10_000, 50_000, 100_000, 12_345} <= set(steps)


REVENUE = st.dictionaries(st.integers(1, 10**6), st.integers(-100, 100) | st.integers(-(10**12), 10**12), max_size=40)
SHARES = st.integers(1, 100).map(lambda percent: Decimal(percent) / 100)


@given(REVENUE, SHARES)
@example({1: 8, 2: 3}, Decimal("0.80"))
@example({1: 2**53 + 1, 2: 2**53}, Decimal("0.50"))
def test_the_vital_few_are_those_of_the_night(revenue, share):
    series = pd.Series(list(revenue.values()), index=pd.Index(list(revenue), dtype="int64"), dtype="int64")
    classes = dict(classify(series, share))
    found = of(revenue)

    assert set(found.customers[: found.vital_few(share)]) == {customer for customer, name in classes.items() if name == VITAL_FEW}
    assert set(found.customers) == {customer for customer, name in classes.items() if name}


@given(REVENUE)
def test_the_curve_rises_ever_more_slowly_from_nothing_to_everything(revenue):
    found = of(revenue)
    steps = found.steps()
    shares = [found.share(first) for first in steps]

    assert steps == sorted(set(steps)) and steps[0] == 0 and steps[-1] == found.people
    assert shares[0] == 0 and shares[-1] == (1 if found.people else 0)
    assert shares == sorted(shares)
    rises = [amount - before for before, amount in zip(found.sums, found.sums[1:], strict=False)]
    assert rises == sorted(rises, reverse=True)


@pytest.mark.parametrize("size", [1, 2, 7, 99, 100, 101, 999, 1_000, 54_321])
def test_a_curve_has_at_most_two_hundred_points(size):
    assert len(of(dict.fromkeys(range(size), 5)).steps(size // 3)) <= 200
