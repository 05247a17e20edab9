"""The two oracles agree with each other, and with numbers worked by hand from DEFINITIONS.md."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings

from crm.models import Facts
from lifecycle.tests import oracle_pandas
from lifecycle.tests.oracle_loop import Contact, Person, Sale, World, world_facts
from lifecycle.tests.worlds import worlds

LAST = date(2024, 1, 1)


def frame(rows, kind):
    return pd.DataFrame([vars(row) for row in rows], columns=list(kind.__dataclass_fields__))


def by_pandas(world, as_of):
    sales, contacts, people = frame(world.sales, Sale), frame(world.contacts, Contact), frame(world.people, Person)
    return oracle_pandas.facts(sales, as_of, interactions=contacts, customers=people, share=world.share)


def plain(table):
    """{id: {fact: value}} of a frame, its empty cells None and its days dates."""

    def value(cell):
        if pd.isna(cell):
            return None
        return cell.date() if isinstance(cell, pd.Timestamp) else cell

    return {key: {name: value(cell) for name, cell in row.items()} for key, row in table.astype(object).to_dict("index").items()}


def both(world, as_of):
    """The facts of everybody, on which the oracles agree."""
    looped, tabled = world_facts(world, as_of), plain(by_pandas(world, as_of))
    assert list(tabled) == [person.id for person in world.people]
    for key, facts in looped.items():
        assert tabled[key].pop("revenue_share") == pytest.approx(facts["revenue_share"], abs=1e-9)
        assert tabled[key] == {name: value for name, value in facts.items() if name != "revenue_share"}
    return looped


def of_one(sales, as_of=LAST, person=None, contacts=()):
    return both(World((person or Person(1),), tuple(sales), tuple(contacts)), as_of)[1]


def bought(*gaps, customer=1, last=LAST):
    """Orders with these gaps between them, the last one on `last`."""
    return [Sale(customer, last - timedelta(days=sum(gaps[place:])), 100) for place in range(len(gaps) + 1)]


@pytest.mark.slow
@settings(max_examples=150)
@given(worlds())
def test_the_oracles_agree_on_random_worlds(drawn):
    both(*drawn)


def test_the_oracles_have_every_column_of_the_record():
    columns = {field.name for field in Facts._meta.fields} - {"customer"}
    names = set(oracle_pandas.FACTS)
    assert names - {"revenue_share", "revenue_rank"} == columns
    assert set(world_facts(World((Person(1),)), LAST)[1]) == names


def test_the_published_totals_of_cdnow_are_met(shared):
    """Fader and Hardie's 23,570 customers and 69,659 purchases, worth $2,500,315.63; their customer 4 by hand."""
    log = pd.read_csv(shared / "cdnow_master.csv.gz")
    orders = pd.DataFrame(
        {"customer": log["customer_id"], "ordered_on": log["date"], "amount": (log["amount"] * 100).round().astype("int64")}
    )
    facts = oracle_pandas.facts(orders, date(1998, 6, 30))
    assert (len(facts), facts["orders"].sum(), facts["revenue"].sum()) == (23_570, 69_659, 250_031_563)

    # 1 January, 18 January, 2 August, 12 December 1997 for 29.33, 29.73, 14.96, 26.48: gaps 17, 196, 132; 100.50 / 4 = 25.125;
    # after 30 June 1997 14.96 + 26.48; 12 December + 132 is 23 April, + 3 × 132 = 365 + 31 is 12 January, + 4 × 132 = 396 + 132 is 24 May.
    four = plain(facts.loc[[4]])[4]
    assert [four[name] for name in ("revenue", "revenue_12m", "average_order", "typical_gap_days", "long_gap_days")] == [
        10050,
        4144,
        2513,
        132,
        196,
    ]
    assert [four[name] for name in ("due_on", "inactive_on", "lost_on")] == [date(1998, 4, 23), date(1999, 1, 12), date(1999, 5, 24)]


# A power of ten for each day, so that a sum tells which days are in it.
# 29 February 2024: a year ago is 28 February 2023, two years ago 28 February 2022.
@pytest.mark.parametrize(
    ("as_of", "days", "revenue_12m", "revenue_prev_12m", "revenue"),
    [
        ("2024-02-29", ("2022-02-28", "2022-03-01", "2023-02-28", "2023-03-01", "2024-02-29", "2024-03-01"), 11000, 110, 11111),
        # A year before 28 February 2025 is 28 February 2024: 29 February 2024 is within the year.
        ("2025-02-28", ("2023-02-28", "2023-03-01", "2024-02-28", "2024-02-29", "2025-02-28", "2025-03-01"), 11000, 110, 11111),
        ("2025-03-01", ("2023-03-01", "2023-03-02", "2024-02-29", "2024-03-01", "2024-03-02", "2025-03-01"), 110000, 1110, 111111),
        # 28 February 2024: until 28 February 2023, then until 28 February 2022.
        ("2024-02-28", ("2022-02-28", "2022-03-01", "2023-02-28", "2023-03-01", "2024-02-28", "2024-02-29"), 11000, 110, 11111),
    ],
)
def test_the_windows_turn_at_the_end_of_february(as_of, days, revenue_12m, revenue_prev_12m, revenue):
    facts = of_one([Sale(1, date.fromisoformat(day), 10**place) for place, day in enumerate(days)], date.fromisoformat(as_of))
    assert (facts["revenue_12m"], facts["revenue_prev_12m"], facts["revenue"]) == (revenue_12m, revenue_prev_12m, revenue)
    assert facts["orders_12m"] == 2


@pytest.mark.parametrize(
    ("gaps", "typical", "long"),
    [
        ((), None, None),
        ((10,), None, None),
        # 3 dates: (10 + 21) / 2; ⌈0.9 × 2⌉ = 2nd of 10 21
        ((21, 10), 15.5, 21),
        # 4 dates: the middle of 5 7 30; ⌈0.9 × 3⌉ = 3rd
        ((5, 30, 7), 7, 30),
        # 10 dates: the middle of 1 … 9; ⌈0.9 × 9⌉ = ⌈8.1⌉ = 9th
        ((9, 1, 8, 2, 7, 3, 6, 4, 5), 5, 9),
        # 11 dates: (5 + 6) / 2; ⌈0.9 × 10⌉ = 9th of 1 … 10, not the 10th
        ((10, 9, 1, 8, 2, 7, 3, 6, 4, 5), 5.5, 9),
    ],
)
def test_the_gaps_are_the_median_and_the_ninth_tenth(gaps, typical, long):
    # A second order on the last day is no gap of nought days.
    facts = of_one([*bought(*gaps), Sale(1, LAST, 100)])
    assert (facts["typical_gap_days"], facts["long_gap_days"], facts["order_days"]) == (typical, long, len(gaps) + 1)


# The last order is on 1 January 2024, a leap year: + 90 is 31 March (31 + 29 + 31 = 91st day), + 365 is 31 December.
@pytest.mark.parametrize(
    ("gaps", "due_on", "inactive_on", "lost_on"),
    [
        # No rhythm, business gap 90: + 90; max(90, 270): the 271st day of the year is 27 September (30 September the 274th); max(365, 360)
        ((), "2024-03-31", "2024-09-27", "2024-12-31"),
        # 15.5 and 21: + ⌈15.5⌉ = 16; max(90, 46.5, 21) = 90; max(365, 62, 42) = 365
        ((10, 21), "2024-01-17", "2024-03-31", "2024-12-31"),
        # 40.5 and 41: + 41, 11 February; ⌈121.5⌉ = 122, 2 May (121 days to 30 April are + 120); 365
        ((40, 41), "2024-02-11", "2024-05-02", "2024-12-31"),
        # 122.5 and 123: + 123, 3 May; ⌈3 × 122.5⌉ = ⌈367.5⌉ = 368, not 3 × 123; 4 × 122.5 = 490 = 365 + 125: 31 December + 125 is 5 May
        ((122, 123), "2024-05-03", "2025-01-03", "2025-05-05"),
        # 1 and 300: + 1; the long gap 300, 27 October (1 January + 300 is the 301st day; 31 October the 305th);
        # 2 × 300 = 600 = 365 + 235: 31 December + 235 is the 235th day of 2025, 23 August (31 August the 243rd)
        ((1, 300, 1), "2024-01-02", "2024-10-27", "2025-08-23"),
    ],
)
def test_the_dates_follow_from_the_rhythm(gaps, due_on, inactive_on, lost_on):
    facts = of_one(bought(*gaps))
    assert [str(facts[name]) for name in ("due_on", "inactive_on", "lost_on")] == [due_on, inactive_on, lost_on]


def test_without_an_order_dates_and_medians_are_empty_and_counts_are_nought():
    facts = of_one([Sale(1, LAST, 100, "cancelled"), Sale(1, LAST + timedelta(days=1), 100), Sale(1, LAST, 100, "refunded")])
    empty = [name for name, value in facts.items() if value is None]
    assert empty == [
        *("average_order", "first_order_on", "last_order_on", "typical_gap_days", "long_gap_days", "expected_gap_days"),
        *("due_on", "inactive_on", "lost_on", "last_contact_on", "revenue_share", "revenue_rank", "stage_since"),
    ]
    assert [facts[name] for name in ("orders", "revenue", "margin_12m")] == [0, 0, 0]
    assert [facts[name] for name in ("favourite_channel", "pareto_class", "stage")] == ["", "", ""]


def business(*rhythms):
    """Customers with these rhythms, and customer 1 with a single order."""
    sales = [sale for place, gap in enumerate(rhythms) for sale in bought(gap, gap, customer=place + 2)]
    people = tuple(Person(place + 1) for place in range(len(rhythms) + 1))
    facts = both(World(people, (Sale(1, LAST, 100), *sales)), LAST)
    ahead = [(facts[1][name] - LAST).days for name in ("due_on", "inactive_on", "lost_on")]
    return ahead, facts[1]["expected_gap_days"], (facts[2]["due_on"] - LAST).days


def test_the_business_gap_shifts_the_dates_of_those_without_a_rhythm():
    # Nine rhythms are too few: 90, 3 × 90, max(365, 4 × 90).
    assert business(*[7] * 9) == ([90, 270, 365], 90, 7)
    # Ten: (7 + 8) / 2 = 7.5, up to 8; max(90, 24) = 90.
    assert business(*[7] * 5, *[8] * 5) == ([8, 90, 365], 8, 7)
    # (101 + 102) / 2 = 101.5, up to 102; 306; 408.
    assert business(*[101] * 5, *[102] * 5) == ([102, 306, 408], 102, 101)
    # Eleven: the sixth.
    assert business(*[7] * 5, *[20] * 6) == ([20, 90, 365], 20, 7)


def test_the_vital_few_end_where_the_share_is_reached_and_ties_go_by_primary_key():
    amounts = {1: 200, 2: 400, 3: 200, 4: 200, 5: 0, 6: -100}
    people = tuple(map(Person, amounts))
    sales = tuple(Sale(key, LAST, amount) for key, amount in amounts.items())

    # 400, 600, 800 of 1000: the third reaches 80 %.
    facts = both(World(people, sales), LAST)
    assert [facts[key]["pareto_class"] for key in amounts] == ["vital_few", "vital_few", "vital_few", "useful_many", "", ""]
    assert [facts[key]["revenue_rank"] for key in amounts] == [2, 1, 3, 4, None, None]
    assert [facts[key]["revenue_share"] for key in amounts] == [*(Fraction(tenths, 10) for tenths in (2, 4, 2, 2)), None, None]

    # 81 % needs the fourth.
    facts = both(World(people, sales, share=Decimal("0.81")), LAST)
    assert facts[4]["pareto_class"] == "vital_few"


def test_of_two_equal_customers_the_elder_is_vital():
    # 500 of 1000 reach one half.
    facts = both(World((Person(1), Person(2)), (Sale(2, LAST, 500), Sale(1, LAST, 500)), share=Decimal("0.50")), LAST)
    assert [facts[key]["pareto_class"] for key in (1, 2)] == ["vital_few", "useful_many"]


@pytest.mark.parametrize(
    ("amounts", "average"),
    # 50.5; 33.3…; 66.6…; (0 + 0 − 1) / 2 = −0.5, away from zero; −3 / 2; −4 / 3
    [((101, 0), 51), ((100, 0, 0), 33), ((200, 0, 0), 67), ((0, 0, -1), -1), ((0, 0, -3), -2), ((0, 0, 0, -4), -1)],
)
def test_the_average_order_is_rounded_half_up(amounts, average):
    assert of_one([Sale(1, LAST, amount) for amount in amounts])["average_order"] == average


def test_a_refund_lowers_revenue_on_its_date_and_nothing_else():
    facts = of_one(
        [
            Sale(1, date(2022, 6, 1), 5000, cost=3000),
            Sale(1, date(2023, 6, 1), 1000, refunded=300, cost=600),
            Sale(1, date(2023, 7, 1), -200, "refunded", cost=50),
            Sale(1, date(2023, 7, 2), -7, "cancelled"),
            Sale(1, LAST + timedelta(days=1), -1),
        ]
    )
    # 1000 − 300 − 200 = 500 in the year; 5000 + 500 = 5500 in all, 2750 each; 500 − 600 = −100.
    assert [facts[name] for name in ("orders", "revenue", "revenue_12m", "revenue_prev_12m")] == [2, 5500, 500, 5000]
    assert [facts[name] for name in ("average_order", "margin_12m", "last_order_on")] == [2750, -100, date(2023, 6, 1)]


def test_the_margin_is_empty_where_a_cost_lacks_and_nought_without_an_order():
    old, new = Sale(1, date(2022, 1, 1), 100), Sale(1, LAST, 100, cost=30)
    assert of_one([old, new])["margin_12m"] == 70
    assert of_one([old, new, Sale(1, LAST, 0)])["margin_12m"] is None
    assert of_one([old, Sale(1, LAST, -10)])["margin_12m"] == 0
    assert of_one([old, Sale(1, LAST, -10)])["revenue_12m"] == -10


def test_an_order_is_unpaid_after_more_than_thirty_days():
    # 1 January − 30 = 2 December; − 31 = 1 December.
    facts = of_one([Sale(1, date(2023, 12, 2), 100, "unpaid"), Sale(1, date(2023, 12, 1), 100, "unpaid"), Sale(1, LAST, 0)])
    assert (facts["unpaid_orders"], facts["paid_orders"], facts["orders"]) == (1, 1, 3)


@pytest.mark.parametrize(
    ("rows", "favourite"),
    [
        ([(None, 900, 0), (None, 900, 0)], ""),
        ([("b", 1, 9), ("b", 1, 9), ("a", 900, 0), (None, 1, 0), (None, 1, 0), (None, 1, 0)], "b"),
        ([("b", 2, 9), ("a", 1, 0)], "b"),
        ([("b", 2, 0), ("a", 2, 9)], "b"),
        ([("b", 2, 0), ("a", 2, 0)], "a"),
        # By letter the hyphen is the smaller one.
        ([("ebay", 2, 0), ("e-shop", 2, 0)], "e-shop"),
    ],
)
def test_the_favourite_channel_has_most_orders_then_revenue_then_the_latest_then_the_smaller_key(rows, favourite):
    facts = of_one([Sale(1, LAST - timedelta(days=ago), amount, channel=channel) for channel, amount, ago in rows])
    assert facts["favourite_channel"] == favourite


def test_refunded_parts_and_refund_rows_decide_no_channel_beyond_the_net_amount():
    # a: 500 − 300 = 200 net; b: 250, whose refund row of 240 is in the revenue facts only.
    sales = [Sale(1, LAST, 500, refunded=300, channel="a"), Sale(1, LAST, 250, channel="b"), Sale(1, LAST, -240, channel="b")]
    assert of_one(sales)["favourite_channel"] == "b"


@pytest.mark.parametrize(
    ("mark", "ordered", "lost"),
    [
        (LAST, LAST, False),
        (LAST, LAST - timedelta(days=1), True),
        (LAST + timedelta(days=1), LAST, False),
        (LAST, None, True),
        (None, None, False),
    ],
)
def test_a_lost_mark_counts_when_later_than_the_last_order(mark, ordered, lost):
    facts = of_one([Sale(1, ordered, 100)] if ordered else [], person=Person(1, lost_marked_on=mark))
    assert facts["is_marked_lost"] is lost


def test_the_other_marks_count_from_their_date():
    facts = of_one([], person=Person(1, disqualified_on=LAST, partner_on=LAST + timedelta(days=1)))
    assert [facts[name] for name in ("is_disqualified", "is_partner", "only_us")] == [True, False, False]


def test_contacts_count_in_the_year_and_the_last_one_always():
    # The year is (1 January 2023, 1 January 2024].
    old, new, ahead = Contact(1, date(2023, 1, 1), 60), Contact(1, date(2023, 1, 2), 5), Contact(1, LAST + timedelta(days=1), 90)
    facts = of_one([], contacts=[old, new, Contact(1, date(2023, 1, 2)), ahead])
    assert [facts[name] for name in ("interactions_12m", "minutes_12m", "last_contact_on")] == [2, 5, date(2023, 1, 2)]
    assert of_one([], contacts=[old])["last_contact_on"] == date(2023, 1, 1)


def test_referrals_are_people_with_a_counting_order():
    people = (Person(1, referred_by=2), Person(2, referred_by=1), Person(3, referred_by=1), Person(4, referred_by=1))
    sales = (Sale(2, LAST, 0), Sale(2, LAST, 5), Sale(3, LAST, -5), Sale(4, LAST + timedelta(days=1), 5))
    facts = both(World(people, sales), LAST)
    assert [facts[key]["referrals_ordered"] for key in (1, 2, 3, 4)] == [1, 0, 0, 0]


def test_without_a_frame_of_customers_the_order_of_first_appearance_is_that_of_the_keys():
    orders = pd.DataFrame({"customer": ["b", None, "a", "b"], "ordered_on": [LAST] * 4, "amount": [300, 1, 500, 200]})
    facts = oracle_pandas.facts(orders, LAST, share=Decimal("0.50"))
    assert list(facts.index) == ["b", "a"]
    assert list(facts["pareto_class"]) == ["vital_few", "useful_many"]
    assert {name: str(dtype) for name, dtype in facts.dtypes.items()} == {
        name: "Int64" if kind == "money" else kind for name, kind in oracle_pandas.FACTS.items()
    }


def test_a_customer_who_is_not_in_the_frame_of_customers_is_refused():
    orders = pd.DataFrame({"customer": [1, 2], "ordered_on": [LAST] * 2, "amount": [1, 1]})
    with pytest.raises(ValueError, match="all of them"):
        oracle_pandas.facts(orders, LAST, customers=pd.DataFrame({"id": [1]}))


def export(path, **changes):
    """What export_facts would write of one customer: 0012, who bought for 10.10 on 1 January 2024."""
    one = Sale("0012", LAST, 1010, cost=1500, channel="counter")
    facts = oracle_pandas.facts(frame([one], Sale), LAST)
    row = {"external_id": "0012", "email": "", "name": "NA, Ltd."}
    row |= {name: "" if value is None else value for name, value in plain(facts)["0012"].items()}
    row |= {name: Decimal(row[name]).scaleb(-2) for name, kind in oracle_pandas.FACTS.items() if kind == "money"} | changes
    pd.DataFrame([row]).to_csv(path, index=False)
    return facts


def test_an_export_is_read_as_the_facts_it_was_written_from(tmp_path):
    facts = export(tmp_path / "facts.csv", stage="first-time")
    read = oracle_pandas.read_export(tmp_path / "facts.csv")
    assert oracle_pandas.differences(facts, read) == []
    assert read.loc["0012", ["email", "name", "stage"]].to_list() == ["", "NA, Ltd.", "first-time"]
    assert {name: str(read.dtypes[name]) for name in facts} == {name: str(dtype) for name, dtype in facts.dtypes.items()}


def test_differences_name_the_cells(tmp_path):
    changes = {"margin_12m": "", "due_on": "2024-04-01", "favourite_channel": "", "is_partner": "true", "revenue_share": "0.999"}
    facts = export(tmp_path / "facts.csv", **changes)
    read = oracle_pandas.read_export(tmp_path / "facts.csv")
    assert oracle_pandas.differences(facts, read) == [
        "margin_12m: 1 differ, '0012': -490 and <NA>",
        "due_on: 1 differ, '0012': 2024-03-31 00:00:00 and 2024-04-01 00:00:00",
        "favourite_channel: 1 differ, '0012': counter and ",
        "is_partner: 1 differ, '0012': False and True",
        "revenue_share: 1 differ, '0012': 1.0 and 0.999",
    ]
    assert oracle_pandas.differences(facts, read.drop(columns="orders").rename(index={"0012": "12"})) == [
        "1 rows not in right, first ['0012']",
        "1 rows not in left, first ['12']",
        "1 columns not in right, first ['orders']",
    ]


def test_a_fraction_of_a_cent_in_an_export_is_refused(tmp_path):
    export(tmp_path / "facts.csv", revenue="10.105")
    with pytest.raises(ValueError, match="whole cents"):
        oracle_pandas.read_export(tmp_path / "facts.csv")
