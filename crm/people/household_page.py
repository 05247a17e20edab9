"""A household as its page and the panel on the page of a member show it: who is in it, what they come to, and their next birthdays."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet, Sum

from crm.figures import Figures
from crm.models import Customer, FactsRow, Household
from crm.money import money
from crm.paging import Cursor, Page, Sort, page
from crm.people.birthdays import Birthday, upcoming
from crm.people.households import MOST_MEMBERS

ON_A_PAGE, IN_THE_PANEL, BIRTHDAYS_IN_THE_PANEL = 50, 5, 3
BY_REVENUE = Sort("-revenue", F("revenue_12m"), descending=True).without_index
_WHO = ("name", "email", "external_id", "birthday")


@dataclass(frozen=True)
class Totals:
    """What the household comes to. `ordering` of its `members` have ordered in 12 months."""

    members: int
    ordering: int
    revenue_12m: Decimal
    revenue: Decimal

    @property
    def in_12_months(self) -> str:
        return money(self.revenue_12m)

    @property
    def in_all(self) -> str:
        return money(self.revenue)


def _members(household: Household, figures: Figures) -> "QuerySet[FactsRow]":
    found: QuerySet[FactsRow] = figures.facts.objects.filter(customer__household=household)
    return found


@dataclass(frozen=True)
class HouseholdPanel:
    """Of the most that may be in one, read at once: the first few others, the totals and the next birthdays."""

    customer: Customer
    household: Household | None
    others: list[FactsRow]
    totals: Totals | None
    birthdays: list[Birthday]

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "HouseholdPanel | None":
        """Not in the past: who lives together now may not have then."""
        household = customer.household
        if figures.is_past or (household is None and customer.entity == Customer.Entity.COMPANY):
            return None
        if household is None:
            return cls(customer, None, [], None, [])
        shown = ("stage", "revenue", "revenue_12m", "orders_12m", *(f"customer__{name}" for name in _WHO))
        rows = list(_members(household, figures).select_related("customer").only(*shown).order_by("-revenue_12m", "pk")[: MOST_MEMBERS + 1])
        totals = Totals(
            len(rows),
            sum(1 for row in rows if row.orders_12m),
            sum((row.revenue_12m for row in rows), Decimal(0)),
            sum((row.revenue for row in rows), Decimal(0)),
        )
        others = [row for row in rows if row.pk != customer.pk][:IN_THE_PANEL]
        birthdays = upcoming((row.customer for row in rows), figures.business.today())[:BIRTHDAYS_IN_THE_PANEL]
        return cls(customer, household, others, totals, birthdays)

    @property
    def more(self) -> int:
        """How many others there are beside those shown."""
        return self.totals.members - 1 - len(self.others) if self.totals else 0


@dataclass(frozen=True)
class HouseholdPage:
    """`later_birthdays` is how many there are beside the soonest, which are shown."""

    household: Household
    totals: Totals
    page: Page[FactsRow]
    birthdays: list[Birthday]
    later_birthdays: int

    @classmethod
    def at(cls, household: Household, figures: Figures, goes_on: str) -> "HouseholdPage":
        members = _members(household, figures)
        sums = members.aggregate(
            members=Count("pk"), ordering=Count("pk", filter=Q(orders_12m__gt=0)), year=Sum("revenue_12m"), all=Sum("revenue")
        )
        totals = Totals(sums["members"], sums["ordering"], sums["year"] or Decimal(0), sums["all"] or Decimal(0))
        cursor = Cursor.read(goes_on, BY_REVENUE) if goes_on else None
        shown = page(members.select_related("customer"), BY_REVENUE, cursor, ON_A_PAGE)
        dated = Customer.objects.present().filter(household=household).exclude(birthday=None).only(*_WHO)[:MOST_MEMBERS]
        birthdays = upcoming(dated, figures.business.today())
        return cls(household, totals, shown, birthdays[:ON_A_PAGE], len(birthdays[ON_A_PAGE:]))
