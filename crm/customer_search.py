"""What somebody asks the list of customers for: the form that its address fills in, and the orders of rows."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.figures import Figures
from crm.groups import GROUPS, Group
from crm.marks import stage_marks
from crm.models import CustomerTag, FactsRow, Tag
from crm.models.customer import key_start
from crm.paging import Cursor, Sort
from crm.rules import InvalidRule, Node, compiled, loads, parse
from crm.searching import Sought, sought, words_of

LONGEST_SEARCH, MOST_WORDS = 200, 10

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
