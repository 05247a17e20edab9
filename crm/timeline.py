"""What happened to a customer, from every floor: each adds a source, the customer page merges them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.core import signing
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from crm.amending import Amender
from crm.models import Customer
from crm.printed import Words

_SALT = "crm.timeline"


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `key` orders those of one day and names each: the kind of source, then a number that grows.

    `template` prints it, with the entry as `entry`: a `.tl-main` and, if it likes, a `.tl-side`; the icon and the day are printed around
    it. `of` is whatever that template needs. Of what there may be dozens of on a page, `words` fill it instead (crm.printed), by who reads.
    """

    on: date
    key: tuple[int, int]
    icon: str
    template: str
    of: object
    at: datetime | None = None
    amount: Decimal | None = None
    words: Callable[[Amender | None], Words] | None = None


# Where to go on: older than this day and key. None is the beginning.
Before = tuple[date, tuple[int, int]] | None
# (customer, before, limit) → at most `limit` entries, the latest first.
Source = Callable[[Customer, Before, int], list[Entry]]
SOURCES: list[Source] = []


class Group(TextChoices):
    """What of a timeline somebody may want to see alone, in the order in which it is offered."""

    ORDERS = "orders", _("Orders")
    CONTACT = "contact", _("Contact")
    STAGE = "stage", _("Stage")
    COMPLAINTS = "complaints", _("Complaints")
    SURVEYS = "surveys", _("Surveys")


# A source of none is seen only among all.
GROUPS: dict[Source, Group] = {}


def register(source: Source, group: Group | None = None) -> None:
    SOURCES.append(source)
    if group:
        GROUPS[source] = group


def groups() -> list[Group]:
    """Those which some source belongs to."""
    offered = {GROUPS[source] for source in SOURCES if source in GROUPS}
    return [group for group in Group if group in offered]


def group_called(key: str) -> Group | None:
    """By the key in an address; None, which is all, for any other."""
    return next((group for group in groups() if group.value == key), None)


def before_it(day: str, kind: int, before: Before) -> Q:
    """For a source whose keys begin with `kind`: its rows that are older than `before`, by the field `day` and the primary key."""
    if before is None:
        return Q()
    on, (other, number) = before
    if kind == other:
        return Q(**{f"{day}__lte": on}) & (Q(**{f"{day}__lt": on}) | Q(pk__lt=number))
    return Q(**{f"{day}__lte": on}) if kind < other else Q(**{f"{day}__lt": on})


def written(entry: Entry) -> str:
    """Where to go on after this entry, for an address."""
    return signing.dumps([entry.on.isoformat(), *entry.key], salt=_SALT)


def read(text: str) -> Before:
    """The same read again. Raises signing.BadSignature for what was not written here."""
    on, kind, number = signing.loads(text, salt=_SALT)
    return date.fromisoformat(on), (kind, number)


def merged(customer: Customer, before: Before, limit: int, group: Group | None = None) -> list[Entry]:
    """The latest `limit` entries before `before`, from the sources of this group, or from all; the others are not asked."""
    asked = [source for source in SOURCES if group is None or GROUPS.get(source) == group]
    found = [entry for source in asked for entry in source(customer, before, limit)]
    return sorted(found, key=lambda entry: (entry.on, entry.key), reverse=True)[:limit]
