"""A customer's complaints on their page: the open ones in its head, the latest in a panel, all of them in the timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import OuterRef

from crm import panels, presence, timeline
from crm.complaints import words
from crm.complaints.page import clock_at
from crm.figures import Figures
from crm.models import Complaint, Customer
from crm.timeline import Before, Entry, before_it

# The first numbers of an entry's key: above what is known of that day (crm/evidence_panel.py).
OPENED, ENDED = 5, 6
MOST_READ, MOST_NAMED = 200, 5


@dataclass(frozen=True)
class Line:
    complaint: Complaint
    nature: str
    standing: str
    is_overdue: bool

    @classmethod
    def of(cls, complaint: Complaint, today: date) -> "Line":
        clock = clock_at(complaint, today)
        return cls(complaint, words.nature(complaint), words.clock_of(complaint, clock), clock.is_overdue)


@dataclass(frozen=True)
class Panel:
    customer: Customer
    lines: list[Line]
    has_more: bool

    @classmethod
    def of_open(cls, customer: Customer, figures: Figures) -> "Panel | None":
        """An open complaint is of today, whichever day the figures are of."""
        unfinished = [one for one in complaints_of(customer) if one.is_unfinished]
        return cls._of(customer, unfinished, figures) if unfinished else None

    @classmethod
    def of_all(cls, customer: Customer, figures: Figures) -> "Panel":
        return cls._of(customer, complaints_of(customer), figures)

    @classmethod
    def _of(cls, customer: Customer, found: Sequence[Complaint], figures: Figures) -> "Panel":
        today = figures.business.today()
        return cls(customer, [Line.of(one, today) for one in found[:MOST_NAMED]], len(found) > MOST_NAMED)


def complaints_of(customer: Customer) -> Sequence[Complaint]:
    """The latest, unfinished ones first, at most MOST_READ."""

    def read() -> list[Complaint]:
        theirs = Complaint.objects.filter(customer=customer).order_by("-opened_on", "-pk")
        return sorted(theirs[:MOST_READ], key=lambda one: not one.is_unfinished)

    return presence.read_once(customer, "complaints", read)


def opened(customer: Customer, before: Before, limit: int) -> list[Entry]:
    found = _latest(customer, "opened_on", OPENED, before, limit)
    return [Entry(one.opened_on, (OPENED, one.pk), "complaint", "crm/complaints/_opened.html", one, one.opened_at) for one in found]


def ended(customer: Customer, before: Before, limit: int) -> list[Entry]:
    found = _latest(customer, "ended_on", ENDED, before, limit)
    return [Entry(one.ended_on, (ENDED, one.pk), "done", "crm/complaints/_ended.html", one) for one in found if one.ended_on]


def _latest(customer: Customer, field: str, kind: int, before: Before, limit: int) -> list[Complaint]:
    """By that day, the latest first; of the first page from what was read already, where that is all of them."""
    if before is None and len(complaints_of(customer)) < MOST_READ:
        dated = [one for one in complaints_of(customer) if getattr(one, field)]
        return sorted(dated, key=lambda one: (getattr(one, field), one.pk), reverse=True)[:limit]
    older = Complaint.objects.filter(before_it(field, kind, before), customer=customer, **{f"{field}__isnull": False})
    return list(older.order_by(f"-{field}", "-pk")[:limit])


presence.register("complaints", Complaint.objects.filter(customer=OuterRef("pk")))
timeline.register(opened, timeline.Group.COMPLAINTS)
timeline.register(ended, timeline.Group.COMPLAINTS)
panels.register(panels.Panel("crm/complaints/_open.html", Panel.of_open, order=-5))
panels.register(panels.Panel("crm/complaints/_panel.html", Panel.of_all, order=25))
