"""The audit as its pages show it: who changed what, from what to what, the latest first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.audit import ACTIONS
from crm.audit_words import label, model_of, names_of, shown
from crm.bulk import among
from crm.form_fields import day_field
from crm.models import Audit, Business, Customer, User
from crm.paging import Cursor, Page, Sort, page

ENTRIES_ON_A_PAGE = 50
LATEST = Sort("audit", F("pk"), descending=True)
PROGRAM = "program"
# Two who write at once may get their numbers the other way round than their moments.
_SLACK = 1000


class Search(forms.Form):
    """By whom, what, and when; each may stay empty."""

    who = forms.ChoiceField(required=False, label=pgettext_lazy("who did it", "Who"), widget=forms.Select({"class": "form-select"}))
    what = forms.ChoiceField(required=False, label=gettext_lazy("What"), widget=forms.Select({"class": "form-select"}))
    since = day_field(pgettext_lazy("from a day on", "From"))
    until = day_field(pgettext_lazy("until a day", "To"))

    def __init__(self, asked: Mapping[str, Any]) -> None:
        super().__init__(asked, auto_id="audit_%s")
        people = [(str(user.pk), str(user)) for user in User.objects.order_by("name", "email")]
        self.fields["who"].choices = [("", _("Everybody")), *people, (PROGRAM, _("The program"))]  # type: ignore[attr-defined]
        what = sorted(((key, str(action.words)) for key, action in ACTIONS.items()), key=lambda pair: pair[1])
        self.fields["what"].choices = [("", _("Everything")), *what]  # type: ignore[attr-defined]

    @property
    def problems(self) -> list[str]:
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]

    def filter(self, entries: "QuerySet[Audit]", zone: ZoneInfo) -> "QuerySet[Audit]":
        """What is not filled in rightly filters nothing; `problems` says so."""
        self.is_valid()
        asked = self.cleaned_data
        if who := asked.get("who"):
            entries = entries.filter(by_pk__isnull=True) if who == PROGRAM else entries.filter(by_pk=who)
        if what := asked.get("what"):
            entries = entries.filter(what=what)
        if since := asked.get("since"):
            begin = _midnight(since, zone)
            entries = entries.filter(at__gte=begin, pk__gte=_first_from(begin) - _SLACK)
        if (until := asked.get("until")) and until < date.max:
            end = _midnight(until + timedelta(days=1), zone)
            entries = entries.filter(at__lt=end, pk__lt=_first_from(end) + _SLACK)
        return entries


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(max(day, date(1970, 1, 1)), time.min, zone)


def _first_from(moment: datetime) -> int:
    """The number of the first entry from then on. The log is read by its numbers, so that a page long ago costs as much as the latest."""
    first = Audit.objects.filter(at__gte=moment).order_by("at", "pk").values_list("pk", flat=True).first()
    last = first if first is not None else Audit.objects.order_by("-pk").values_list("pk", flat=True).first()
    return (last or 0) + (first is None)


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """`customer` is the key of a customer who is still in the record."""

    at: datetime
    who: str
    what: str
    name: str
    customer: int | None
    changes: list[Change]
    note: str


@dataclass(frozen=True)
class Log:
    form: Search | None
    page: Page[Audit]
    entries: list[Entry]
    # The filter, for the addresses of other pages.
    kept: str


def log(asked: Mapping[str, Any], business: Business) -> Log:
    """Of everything, as the filter asks."""
    form = Search(asked)
    return _log(form.filter(Audit.objects.all(), ZoneInfo(business.zone)), asked, form)


def log_of(customer: Customer, asked: Mapping[str, Any]) -> Log:
    return _log(Audit.objects.filter(customer_pk=customer.pk), asked, None)


def _log(entries: "QuerySet[Audit]", asked: Mapping[str, Any], form: Search | None) -> Log:
    found = page(entries, LATEST, Cursor.read(asked.get("page", ""), LATEST), ENTRIES_ON_A_PAGE)
    kept = QueryDict(mutable=True)
    if form:
        kept.update({name: str(asked[name]) for name in form.fields if asked.get(name) and name not in form.errors})
    return Log(form, found, in_words(found.rows), kept.urlencode())


def in_words(rows: Iterable[Audit]) -> list[Entry]:
    rows = list(rows)
    asked = [(row.model, name, value) for row in rows for name, values in row.changes.items() for value in values]
    names = names_of(asked)
    there = set(
        Customer.objects.filter(pk__in=among(sorted({row.customer_pk for row in rows if row.customer_pk}))).values_list("pk", flat=True)
    )
    return [
        Entry(
            at=row.at,
            who=row.by_name or _("The program"),
            what=str(ACTIONS[row.what].words) if row.what in ACTIONS else row.what,
            name=row.name,
            customer=row.customer_pk if row.customer_pk in there else None,
            changes=_changes(row, names),
            note=ACTIONS[row.what].note(row.note) if row.note and row.what in ACTIONS else row.note,
        )
        for row in rows
    ]


def _changes(row: Audit, names: Mapping[tuple[str, object], str]) -> list[Change]:
    model = model_of(row.model)
    # Nothing to nothing is no change; what is a whole list is told in the note.
    told = [(name, values) for name, values in row.changes.items() if not any(isinstance(value, list) for value in values)]
    pairs = [(name, values) for name, values in told if any(value not in (None, "") for value in values)]
    # Of what is new, what it is says all.
    is_new = row.what.endswith(".added") or all(was is None for _name, (was, _now) in pairs)
    labels = ACTIONS[row.what].labels if row.what in ACTIONS else {}
    return [
        Change(
            str(labels.get(name) or label(model, name)), "" if is_new else shown(model, name, was, names), shown(model, name, now, names)
        )
        for name, (was, now) in pairs
        if not is_new or now not in (None, "")
    ]
