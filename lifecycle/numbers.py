"""What the four numbers at the top of Today are made of, counted by a night, a refresh or a look back, so that no page has to.

Months are spans of 30 days counted back from as_of: month 0 is (as_of − 30, as_of], month 1 the 30 days before it, and so on.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery, Sum, Value

from crm.days import DayNumber, number
from crm.fields import MoneyField
from crm.models import Facts, FactsRow, Headline, Order
from crm.windows import years_before
from lifecycle.today import COUNTS, QUIET, VITAL, is_silent

MONTH, MONTHS = 30, 12
# In these months back were the first orders of whom we ask whether they came back: long enough ago for a fair try.
TRIED = range(3, 6)
# A refund lowers the revenue of its day (DEFINITIONS.md, "Orders").
EARNS = COUNTS | Q(amount__lt=0) & ~Q(status=Order.Status.CANCELLED)
NET = F("amount") - F("refunded")


@dataclass(frozen=True)
class Numbers:
    """Each list holds the MONTHS months, the latest first."""

    # Of all orders, those without a customer among them; and of month 0's days a year earlier.
    revenue: list[Decimal]
    revenue_year_ago: Decimal
    # Customers with a counting order.
    bought: list[int]
    # As at the end of each month: whose first order lay in the TRIED months before it, and who of them had ordered on another day by then.
    tried: list[int]
    back: list[int]
    # Today's vital few, and how many of them had ordered within twice today's expected gap by the end of each month: who the vital few were
    # then is not kept.
    few: int
    on_rhythm: list[int]

    @classmethod
    def count(cls, facts: type[FactsRow], as_of: date) -> "Numbers":
        """By the record and by `facts`, which stand at `as_of`. Four statements."""
        months = _months(as_of)
        pairs = _first_and_second(facts, as_of)
        shares = [_share_back(pairs, month) for month in range(MONTHS)]
        few, on_rhythm = _on_rhythm(facts, as_of)
        return cls(
            revenue=[revenue for revenue, _people in months],
            revenue_year_ago=_revenue_until(years_before(as_of)),
            bought=[people for _revenue, people in months],
            tried=[people for people, _back in shares],
            back=[back for _people, back in shares],
            few=few,
            on_rhythm=on_rhythm,
        )

    @classmethod
    def kept(cls, facts: type[FactsRow], as_of: date) -> "Numbers":
        """Those counted before; where there are none, say since an order came, counted now."""
        found = Headline.objects.filter(as_of=as_of).values_list("numbers", flat=True).first()
        # Those that another version of this program has kept may have other names.
        return cls.read(found) if found and found.keys() == {field.name for field in fields(cls)} else cls.count(facts, as_of)

    @classmethod
    def read(cls, numbers: Mapping[str, Any]) -> "Numbers":
        money = {"revenue": [Decimal(each) for each in numbers["revenue"]], "revenue_year_ago": Decimal(numbers["revenue_year_ago"])}
        return cls(**{**numbers, **money})

    def written(self) -> dict[str, Any]:
        """For `read`: amounts as text."""
        money = {"revenue": [str(each) for each in self.revenue], "revenue_year_ago": str(self.revenue_year_ago)}
        return asdict(self) | money


def keep_numbers(as_of: date, facts: type[FactsRow] = Facts) -> int:
    """A step of the night and of a look back: how many rows of numbers it changed."""
    fresh = Numbers.count(facts, as_of).written()
    if fresh in Headline.objects.filter(as_of=as_of).values_list("numbers", flat=True):
        return 0
    Headline.objects.update_or_create(as_of=as_of, defaults={"numbers": fresh})
    return 1


def month_of(day: Any, as_of: date) -> Any:
    """Which month back a column of dates lies in."""
    return (Value(number(as_of), output_field=IntegerField()) - DayNumber(day)) / MONTH


def _since(as_of: date, months: int) -> date:
    """The day before the first of so many months."""
    return as_of - timedelta(days=MONTH * months)


def _months(as_of: date) -> list[tuple[Decimal, int]]:
    """Of each month: its revenue, and how many people bought."""
    orders = Order.objects.filter(ordered_on__gt=_since(as_of, MONTHS), ordered_on__lte=as_of)
    sums = orders.annotate(month=month_of("ordered_on", as_of)).values("month").order_by()
    people = Count("customer", filter=COUNTS, distinct=True)
    rows = sums.annotate(revenue=Sum(NET, filter=EARNS, output_field=MoneyField()), people=people)
    read = {row["month"]: (row["revenue"] or Decimal(0), row["people"]) for row in rows}
    return [read.get(month, (Decimal(0), 0)) for month in range(MONTHS)]


def _revenue_until(day: date) -> Decimal:
    """Of the 30 days that end with `day`."""
    orders = Order.objects.filter(EARNS, ordered_on__gt=_since(day, 1), ordered_on__lte=day)
    return orders.aggregate(sum=Sum(NET, output_field=MoneyField()))["sum"] or Decimal(0)


def _first_and_second(facts: type[FactsRow], as_of: date) -> Counter[tuple[int, int | None]]:
    """How many people had their first order in which month back, and their second day with one in which; None for no second."""
    oldest, youngest = _since(as_of, MONTHS - 1 + TRIED.stop), _since(as_of, TRIED.start)
    again = Order.objects.filter(COUNTS, customer=OuterRef("pk"), ordered_on__gt=OuterRef("first_order_on"), ordered_on__lte=as_of)
    second = Subquery(again.order_by("ordered_on").values("ordered_on")[:1])
    known = facts.objects.filter(first_order_on__gt=oldest, first_order_on__lte=youngest).annotate(second_on=second)
    months = known.annotate(first=month_of("first_order_on", as_of), second=month_of("second_on", as_of)).order_by()
    rows = months.values("first", "second").annotate(people=Count("pk"))
    return Counter({(row["first"], row["second"]): row["people"] for row in rows})


def _share_back(pairs: Counter[tuple[int, int | None]], month: int) -> tuple[int, int]:
    """As at the end of that month back: how many had their first order in the months asked for, and who of them had come back by then."""
    asked = {(first, second): people for (first, second), people in pairs.items() if first - month in TRIED}
    return sum(asked.values()), sum(people for (_first, second), people in asked.items() if second is not None and second >= month)


def _on_rhythm(facts: type[FactsRow], as_of: date) -> tuple[int, list[int]]:
    few = facts.objects.filter(VITAL)
    ends = {f"month{month}": _since(as_of, month) for month in range(MONTHS)}
    last = few.annotate(**{f"{month}_last": DayNumber(_last_order_by(end)) for month, end in ends.items()})
    twice = F("expected_gap_days") * QUIET
    in_time = {month: Count("pk", filter=Q(**{f"{month}_last__gt": Value(number(end)) - twice})) for month, end in ends.items()}
    # By the facts, in which an order of today is already: these are whom the list of the number names.
    in_time["month0"] = Count("pk", filter=~is_silent(as_of))
    counts = last.aggregate(all=Count("pk"), **in_time)
    return counts["all"], [counts[month] for month in ends]


def _last_order_by(end: date) -> Subquery:
    orders = Order.objects.filter(COUNTS, customer=OuterRef("pk"), ordered_on__lte=end).order_by("-ordered_on")
    return Subquery(orders.values("ordered_on")[:1])
