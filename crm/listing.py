"""The list of customers: what is searched and how it is sorted, and the page of it that is shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import rhythm
from crm.bulk import among
from crm.figures import Figures
from crm.fold import fold
from crm.groups import GROUPS, Group
from crm.marks import stage_marks
from crm.models import Customer, FactsRow
from crm.models.customer import key_start
from crm.money import day, number
from crm.paging import Cursor, Page, Sort, page
from crm.rules import All, InvalidRule, Node, compiled, described, loads, parse

ON_A_PAGE = 50
# Counted exactly up to here: what it costs does not grow with the business.
MOST_COUNTED = 10_000
# So few are sorted faster by themselves than by trying everyone in that order until a page is full.
FEW = 1_000
LONGEST_SEARCH, MOST_WORDS = 200, 10
# Of an address with a rule, for the server reads no line much longer, and the way by the login writes it twice as long.
LONGEST_ADDRESS = 4_500
# Sign between the digits of a phone number.
BETWEEN_DIGITS = str.maketrans("", "", "+-()/.")

_NAME, _REVENUE, _LAST, _DUE = key_start("customer__search_key"), F("revenue_12m"), F("last_order_on"), F("due_on")
# The first of each pair is what a click on the column asks for first.
SORTS: dict[str, tuple[Sort, Promise]] = {
    "-revenue": (Sort("-revenue", _REVENUE, descending=True), gettext_lazy("Revenue, highest first")),
    "revenue": (Sort("revenue", _REVENUE), gettext_lazy("Revenue, lowest first")),
    "name": (Sort("name", _NAME), gettext_lazy("Name, A to Z")),
    "-name": (Sort("-name", _NAME, descending=True), gettext_lazy("Name, Z to A")),
    "-last": (Sort("-last", _LAST, descending=True, nullable=True), gettext_lazy("Last order, newest first")),
    "last": (Sort("last", _LAST, nullable=True), gettext_lazy("Last order, oldest first")),
    "due": (Sort("due", _DUE, nullable=True), gettext_lazy("Next order due, soonest first")),
    "-due": (Sort("-due", _DUE, descending=True, nullable=True), gettext_lazy("Next order due, latest first")),
}
DEFAULT_SORT = "-revenue"
KEPT = ("q", "stage", "pareto", "group", "sort")


def matching(q: str, key: str = "search_key") -> Q:
    """Customers with every word of `q` somewhere in their search key; a phone number is found however it is written."""
    condition = Q()
    for word in _words(q):
        digits = word.translate(BETWEEN_DIGITS)
        part = Q((f"{key}__contains", word))
        if digits.isdigit() and digits != word:
            part |= Q((f"{key}__contains", digits))
        condition &= part
    return condition


def _words(q: str) -> list[str]:
    """Folded, without those that are part of another and so ask nothing more."""
    words = sorted(set(fold(q).split()), key=len, reverse=True)
    return [word for place, word in enumerate(words) if not any(word in longer for longer in words[:place])]


def check_words(q: str) -> None:
    if len(_words(q)) > MOST_WORDS:
        raise ValidationError(_("Search for at most %(most)d words at once.") % {"most": MOST_WORDS})


class CustomerSearch(forms.Form):
    """What the address of the list asks for. A part that cannot be understood is said in `errors` and left out."""

    q = forms.CharField(
        required=False,
        max_length=LONGEST_SEARCH,
        label=gettext_lazy("Search customers"),
        widget=forms.TextInput({"type": "search", "placeholder": gettext_lazy("Name, e-mail or phone"), "data-find-page": True}),
        error_messages={"max_length": gettext_lazy("A search has at most %(limit_value)d letters; this one has %(show_value)d.")},
        validators=[check_words],
    )
    stage = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Stage"),
        error_messages={"invalid_choice": gettext_lazy("There is no such stage; choose one from the list.")},
    )
    pareto = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Pareto class"),
        choices=[("", gettext_lazy("Any Pareto class")), *FactsRow.ParetoClass.choices],
        error_messages={"invalid_choice": gettext_lazy("There is no such Pareto class; choose one from the list.")},
    )
    sort = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Sort by"),
        choices=[(key, words) for key, (_sort, words) in SORTS.items()],
        error_messages={"invalid_choice": gettext_lazy("The list cannot be sorted in that way; choose one from the list.")},
    )
    group = forms.CharField(required=False, widget=forms.HiddenInput)
    rule = forms.CharField(required=False, widget=forms.HiddenInput)
    page = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, asked: Mapping[str, Any], figures: Figures, today: date) -> None:
        super().__init__(asked)
        self.figures, self.today = figures, today
        self.node: Node | None = None
        stages = [(key, mark.name) for key, mark in stage_marks(figures.business).items()]
        self.fields["stage"].choices = [("", _("Any stage")), *stages]  # type: ignore[attr-defined]
        for name in ("stage", "pareto", "sort"):
            self.fields[name].widget.attrs["class"] = "form-select form-select-auto"

    def clean_group(self) -> Group | None:
        key = self.cleaned_data["group"]
        if key and key not in GROUPS:
            raise ValidationError(_("There is no such group of customers; here is everyone."))
        if key and self.figures.as_of is None:
            raise ValidationError(_("A group cannot be shown yet: the first figures come with the first night."))
        return GROUPS.get(key)

    def clean_rule(self) -> str:
        text: str = self.cleaned_data["rule"]
        if not text:
            return ""
        if self.figures.as_of is None:
            raise ValidationError(_("A rule cannot be asked yet: the first figures come with the first night."))
        try:
            self.node = parse(loads(text))
        except InvalidRule as wrong:
            raise ValidationError(wrong.sentences) from None
        return text

    def clean(self) -> None:
        """Last of all, for a cursor belongs to an order of rows."""
        text = self.cleaned_data.get("page", "")
        self.cursor = Cursor.read(text, self.order) if text else None
        if text and self.cursor is None:
            self.add_error("page", _("This page of the list is no longer there; here is the first one."))

    @property
    def order(self) -> Sort:
        sort, _words = SORTS[self.cleaned_data.get("sort") or DEFAULT_SORT]
        return sort

    @property
    def narrows(self) -> bool:
        """Whether it asks for less than everyone."""
        return bool(self.cleaned_data.get("q")) or self.filters

    @property
    def filters(self) -> bool:
        """Whether it asks for more than words."""
        return any(self.cleaned_data.get(name) for name in ("stage", "pareto", "group", "rule"))

    def filter(self, facts: QuerySet[FactsRow]) -> QuerySet[FactsRow]:
        asked = self.cleaned_data
        if stage := asked.get("stage"):
            facts = facts.filter(stage=stage)
        if pareto := asked.get("pareto"):
            facts = facts.filter(pareto_class=pareto)
        if group := asked.get("group"):
            facts = facts.filter(group.condition(self.figures, self.today))
        if self.node and self.figures.as_of:
            facts = facts.filter(compiled(self.node, self.figures.as_of))
        if q := asked.get("q"):
            facts = facts.filter(matching(q, "customer__search_key"))
        return facts


@dataclass(frozen=True)
class Row:
    """One customer of the list. `days` are those since the last order."""

    facts: FactsRow
    as_of: date | None
    is_past: bool

    @property
    def customer(self) -> Customer:
        return self.facts.customer

    @property
    def days(self) -> int | None:
        last = self.facts.last_order_on
        return max((self.as_of - last).days, 0) if last and self.as_of else None

    @cached_property
    def last(self) -> str:
        """When that was, in words; on a day in the past its date, for "ago" is from today. Empty where there was none."""
        if self.days is None or self.facts.last_order_on is None:
            return ""
        if self.is_past:
            return day(self.facts.last_order_on)
        return ngettext("%(number)s day ago", "%(number)s days ago", self.days) % {"number": number(self.days)}

    @property
    def usual(self) -> float | None:
        return self.facts.typical_gap_days

    @property
    def rhythm(self) -> str:
        return rhythm.in_words(self.facts.typical_gap_days, self.facts.long_gap_days)


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

    @property
    def rows(self) -> list[Row]:
        figures = self.form.figures
        return [Row(facts, figures.as_of, figures.is_past) for facts in self.page.rows]

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
    everyone = figures.facts.objects.all()
    found, order, count = form.filter(everyone), form.order, None
    if form.cleaned_data.get("q"):
        # The names are looked through once; what follows goes by the keys, where there are few.
        keys = list(found.values_list("pk", flat=True)[: MOST_COUNTED + 1])
        count, few = len(keys), len(keys) <= FEW
        found = everyone.filter(pk__in=among(keys)) if few else found
        # With more conditions an index of the order of rows may be a trap: it would try all customers, and find them last.
        order = order.without_index if few or form.filters else order
    shown = page(found.select_related("customer").only(*_SHOWN), order, form.cursor, ON_A_PAGE)
    if count is None:
        whole = form.cursor is None and not shown.next
        count = len(shown.rows) if whole else found.values("pk")[: MOST_COUNTED + 1].count()
    return Listing(form, shown, min(count, MOST_COUNTED), count <= MOST_COUNTED)


_SHOWN = (
    "pareto_class",
    "stage",
    "revenue_12m",
    "last_order_on",
    "typical_gap_days",
    "long_gap_days",
    *(f"customer__{name}" for name in ("name", "email", "external_id", "entity", "city")),
)
