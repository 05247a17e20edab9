"""The list of customers: what is searched and how it is sorted, and the page of it that is shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.bulk import among
from crm.complaints.marks import has_open
from crm.figures import Figures
from crm.groups import GROUPS, Group
from crm.list_row import Row
from crm.marks import stage_marks
from crm.models import CustomerTag, FactsRow, Tag
from crm.models.customer import key_start
from crm.paging import CountOf, Cursor, Page, Sort, page
from crm.rules import All, InvalidRule, Node, compiled, described, loads, parse
from crm.searching import MOST_NAMED, Sought, sought, words_of
from crm.tags.held import held

ON_A_PAGE = 50
# Counted exactly up to here: what it costs does not grow with the business.
MOST_COUNTED = 10_000
# Of words too short for an index: each further one is found by reading on.
MOST_COUNTED_BY_READING = 1_000
# So few are sorted faster by themselves than by trying everyone in that order until a page is full.
FEW = 1_000
LONGEST_SEARCH, MOST_WORDS = 200, 10
# Of an address with a rule, for the server reads no line much longer, and the way by the login writes it twice as long.
LONGEST_ADDRESS = 4_500

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
KEPT = ("q", "stage", "pareto", "tag", "group", "sort")


def check_words(q: str) -> None:
    if len(words_of(q)) > MOST_WORDS:
        raise ValidationError(_("Search for at most %(most)d words at once.") % {"most": MOST_WORDS})


class CustomerSearch(forms.Form):
    """What the address of the list asks for. A part that cannot be understood is said in `errors` and left out."""

    q = forms.CharField(
        required=False,
        max_length=LONGEST_SEARCH,
        label=gettext_lazy("Search customers"),
        widget=forms.TextInput({"type": "search", "placeholder": gettext_lazy("Name, e-mail, phone or card")}),
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
    tag = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Tag"),
        error_messages={"invalid_choice": gettext_lazy("There is no such tag any more; choose one from the list.")},
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
        self.tags = [] if figures.is_past else list(Tag.objects.present())
        if figures.is_past:
            self.fields["tag"].error_messages["invalid_choice"] = _(
                "Tags are of today, and this list is of another day: no tag is asked for."
            )
        self.fields["tag"].choices = [("", _("Any tag")), *((tag.key, tag.name) for tag in self.tags)]  # type: ignore[attr-defined]

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
        return any(self.cleaned_data.get(name) for name in ("stage", "pareto", "tag", "group", "rule"))

    @cached_property
    def sought(self) -> Sought | None:
        """The words; None without any."""
        q = self.cleaned_data.get("q")
        return sought(q, "customer__search_key", self.figures.business.country) if q else None

    @property
    def is_by_name(self) -> bool:
        """Whether it asks for a stage or a class alone in the order of names, which belong to another table than those."""
        asked = self.cleaned_data
        return self.order.by is _NAME and not any(asked.get(name) for name in ("q", "tag", "group", "rule"))

    def filter(self, facts: QuerySet[FactsRow], *, walks: bool = False) -> QuerySet[FactsRow]:
        """`walks`: so many are meant that trying everyone in order is faster than sorting them; no index leads to them then."""
        asked, found = self.cleaned_data, facts
        for name, column in (("stage", "stage"), ("pareto", "pareto_class")):
            if asked.get(name) and walks:
                found = found.alias(**{f"asked_{name}": Coalesce(column, column)}).filter(**{f"asked_{name}": asked[name]})
            elif asked.get(name):
                # Said as the condition of an index says it.
                found = found.filter(**{column: asked[name]}).exclude(**{column: ""})
        return self._further(found)

    def _further(self, facts: QuerySet[FactsRow]) -> QuerySet[FactsRow]:
        asked = self.cleaned_data
        if tag := asked.get("tag"):
            facts = facts.filter(pk__in=CustomerTag.objects.filter(tag__key=tag, tag__removed_at=None).values("customer"))
        if group := asked.get("group"):
            facts = facts.filter(group.condition(self.figures, self.today))
        if self.node and self.figures.as_of:
            facts = facts.filter(compiled(self.node, self.figures.as_of))
        return facts.filter(self.sought.condition) if self.sought else facts


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
    meant = _meant(form, figures.facts.objects.all())
    marked: QuerySet[Any] = meant.found.select_related("customer").annotate(has_complaint=has_open()).only(*_SHOWN)
    if form.tags:
        marked = marked.annotate(tag_numbers=held())
    if meant.count is None:
        marked = marked.annotate(how_many=CountOf(meant.first))
    shown = page(marked, meant.order, form.cursor, ON_A_PAGE)
    count = _count(shown.rows, meant, form.cursor) if meant.count is None else meant.count
    return Listing(form, shown, min(count, meant.most), count <= meant.most)


@dataclass(frozen=True)
class Meant:
    """Whom a list asks for, in which order of rows; and how many, where that had to be known for it, no further than `most` + 1."""

    found: QuerySet[FactsRow]
    order: Sort
    count: int | None
    most: int

    @property
    def first(self) -> QuerySet[Any, Any]:
        """As many of them as are counted."""
        return self.found.values("pk")[: self.most + 1]


def _meant(form: CustomerSearch, everyone: QuerySet[FactsRow]) -> Meant:
    found, order = form.filter(everyone), form.order
    if form.is_by_name and form.filters:
        count = Meant(found, order, None, MOST_COUNTED).first.count()
        return Meant(form.filter(everyone, walks=True) if count > MOST_COUNTED else found, order, count, MOST_COUNTED)
    if not (form.sought or form.cleaned_data.get("tag")):
        return Meant(found, order, None, MOST_COUNTED)
    at_most, counted = form.sought.at_most if form.sought else None, None
    few = (at_most or 0) <= MOST_NAMED
    most = MOST_COUNTED if form.sought is None or form.sought.by_index else MOST_COUNTED_BY_READING
    if at_most is None:
        # Who is meant, or has the tag, is looked through once; what follows goes by the keys, where there are few.
        keys = list(found.values_list("pk", flat=True)[: most + 1])
        counted, few = len(keys), len(keys) <= FEW
        found = everyone.filter(pk__in=among(keys)) if few else found
    # With more conditions an index of the order of rows may be a trap: it would try all customers, and find them last.
    return Meant(found, order.without_index if few or form.filters else order, counted, most)


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
