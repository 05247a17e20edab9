"""The list of customers: the page of it that is shown, as it is printed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from crm.complaints.marks import has_open
from crm.customer_search import KEPT, SORTS, CustomerSearch
from crm.figures import Figures
from crm.list_row import Row
from crm.meant import Meant
from crm.models import FactsRow
from crm.paging import CountOf, Cursor, Page, page
from crm.rules import All, described, loads
from crm.tags.held import held

ON_A_PAGE = 50
# Of an address with a rule, for the server reads no line much longer, and the way by the login writes it twice as long.
LONGEST_ADDRESS = 4_500


def address_of(rule: object, kept: Mapping[str, str] | None = None) -> str:
    """Where the list of those whom the rule finds is, with what else is asked for; empty where that would be too long."""
    parts = dict(kept or {}) | ({"rule": written(rule)} if rule != {"all": []} else {})
    address = f"{reverse('customers')}?{urlencode(parts)}" if parts else reverse("customers")
    return address if len(address) <= LONGEST_ADDRESS else ""


def written(rule: object) -> str:
    """For an address: as short as JSON goes."""
    return json.dumps(rule, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Chip:
    """One part of the rule that the list is filtered by, and the rule that is left without it; empty for none."""

    words: str
    rest: str


@dataclass(frozen=True)
class Column:
    """A head of the list: what a click on it asks for, and how it is sorted now, for aria-sort."""

    label: str
    style: str
    next_sort: str
    direction: str


@dataclass(frozen=True)
class Listing:
    """The list as the page prints it. `is_counted` is false where there are more than `count`."""

    form: CustomerSearch
    page: Page[FactsRow]
    count: int
    is_counted: bool

    @cached_property
    def rows(self) -> list[Row]:
        figures = self.form.figures
        return [Row(facts, figures.as_of, figures.is_past, self._tags(facts)) for facts in self.page.rows]

    def _tags(self, facts: FactsRow) -> list[str]:
        numbers = (getattr(facts, "tag_numbers", None) or "").split(",")
        return [tag.name for tag in self.form.tags if str(tag.pk) in numbers]

    @property
    def kept_with_a_rule(self) -> list[tuple[str, str]]:
        """What else the list asks for, by the names of the form: another rule leaves it as it is."""
        return [(name, value) for name in KEPT if (value := str(self.form.data.get(name, "")))]

    @property
    def chips(self) -> list[Chip]:
        """The parts of the rule of which all hold, else the whole of it."""
        node = self.form.node
        if not isinstance(node, All) or not node.parts:
            return [Chip(described(node), "")] if node else []
        parts = loads(self.form.cleaned_data["rule"])["all"]
        rests = [parts[:place] + parts[place + 1 :] for place in range(len(parts))]
        return [Chip(described(part), written({"all": rest}) if rest else "") for part, rest in zip(node.parts, rests, strict=True)]

    @property
    def problems(self) -> list[str]:
        return [str(sentence) for sentences in self.form.errors.values() for sentence in sentences]

    @property
    def columns(self) -> list[Column]:
        return [
            self._column(_("Customer"), "", "name"),
            self._column(_("Stage"), "", ""),
            self._column(_("Revenue in 12 months"), "r", "-revenue"),
            self._column(_("Last order"), "r", "-last"),
            self._column(_("Rhythm"), "", "due"),
        ]

    def _column(self, label: str, style: str, first: str) -> Column:
        """`first` is the order that a click asks for first; empty is no order."""
        sort = self.form.order
        if not first or sort.key.lstrip("-") != first.lstrip("-"):
            return Column(label, style, first, "")
        other = next(key for key in SORTS if key != sort.key and key.lstrip("-") == first.lstrip("-"))
        return Column(label, style, other, "descending" if sort.descending else "ascending")


def listing(asked: Mapping[str, Any], figures: Figures, today: date) -> Listing:
    form = CustomerSearch(asked, figures, today)
    form.is_valid()
    meant = Meant.by(form, figures.facts.objects.all())
    marked: QuerySet[Any] = meant.found.select_related("customer").annotate(has_complaint=has_open()).only(*_SHOWN)
    if form.tags:
        marked = marked.annotate(tag_numbers=held())
    if meant.count is None:
        marked = marked.annotate(how_many=CountOf(meant.first))
    shown = page(marked, meant.order, form.cursor, ON_A_PAGE)
    count = _count(shown.rows, meant, form.cursor) if meant.count is None else meant.count
    return Listing(form, shown, min(count, meant.most), count <= meant.most)


def _count(rows: list[Any], meant: Meant, cursor: Cursor | None) -> int:
    """With the rows; where a page has none, only the first says that there are none."""
    if rows:
        return int(rows[0].how_many)
    return 0 if cursor is None else meant.first.count()


_SHOWN = (
    "pareto_class",
    "stage",
    "revenue_12m",
    "last_order_on",
    "typical_gap_days",
    "long_gap_days",
    *(f"customer__{name}" for name in ("name", "email", "external_id", "entity", "city")),
)
