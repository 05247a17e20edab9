"""The queue of those who wait for an answer, the oldest first; and how long the first answers of late took."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import F
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.hiding import Hidden
from crm.models import Enquiry, User
from crm.money import number
from crm.paging import Cursor, Page, Sort, page

ON_A_PAGE = 50
OLDEST = Sort("asked", F("asked_at"))
LATELY = timedelta(days=30)
# Read for the median; of fewer than FEW it says little.
MOST_READ, FEW = 1000, 5
MOST_COUNTED = 1000
HOUR, DAY = 60, 24 * 60


@dataclass(frozen=True)
class Waiting:
    """One that waits, as the page prints it."""

    enquiry: Enquiry
    now: datetime
    me: User

    @property
    def waits(self) -> str:
        return waited(self.now - self.enquiry.asked_at)

    @property
    def is_mine(self) -> bool:
        return self.enquiry.taken_by_id == self.me.pk

    @property
    def is_anothers(self) -> bool:
        return self.enquiry.taken_by_id is not None and not self.is_mine


@dataclass(frozen=True)
class Queue:
    page: Page[Enquiry]
    now: datetime
    me: User
    count: int
    finding: str

    @cached_property
    def rows(self) -> list[Waiting]:
        return [Waiting(enquiry, self.now, self.me) for enquiry in self.page.rows]

    @property
    def heading(self) -> str:
        if not self.count:
            return _("Nobody waits for an answer.")
        if self.count > MOST_COUNTED:
            return _("More than %(number)s wait for an answer.") % {"number": number(MOST_COUNTED)}
        waiting = ngettext("%(number)s waits for an answer.", "%(number)s wait for an answer.", self.count)
        return waiting % {"number": number(self.count)}


def queue(asked: Mapping[str, Any], me: User, now: datetime) -> Queue:
    """Three queries, however many wait."""
    waiting = Enquiry.objects.filter(answered_at=None, interaction__customer__binned_at=None)
    cursor = Cursor.read(asked.get("page", ""), OLDEST)
    rows = waiting.select_related("interaction__customer", "taken_by")
    count = waiting.values("pk")[: MOST_COUNTED + 1].count()
    return Queue(page(rows, OLDEST, cursor, ON_A_PAGE), now, me, count, first_answers(now))


def find(pk: int) -> Enquiry:
    """Raises Http404, and Hidden of a customer who is not there any more."""
    found = get_object_or_404(Enquiry.objects.select_related("interaction__customer", "taken_by"), pk=pk)
    if found.interaction.customer.is_hidden:
        raise Hidden(found.interaction.customer)
    return found


def first_answers(now: datetime) -> str:
    """How long the first answer usually took in the last 30 days: of the latest MOST_READ, and honest where they are few."""
    lately = Enquiry.objects.filter(no_answer="", answered_at__gt=now - LATELY, answered_at__isnull=False)
    latest = lately.order_by("-answered_at").values_list("asked_at", "answered_at")[:MOST_READ]
    spans = [(ended - begun).total_seconds() for begun, ended in latest if ended]
    if not spans:
        return _("No first answer was given in the last 30 days.")
    if len(spans) < FEW:
        few = ngettext(
            "Only %(number)s first answer was given in the last 30 days, too few to say how long it usually takes.",
            "Only %(number)s first answers were given in the last 30 days, too few to say how long it usually takes.",
            len(spans),
        )
        return few % {"number": number(len(spans))}
    words = {"number": number(len(spans)), "time": waited(timedelta(seconds=median(spans)))}
    if len(spans) == MOST_READ:
        return _("Half of the latest %(number)s first answers came within %(time)s.") % words
    half = ngettext(
        "Half of the %(number)s first answer of the last 30 days came within %(time)s.",
        "Half of the %(number)s first answers of the last 30 days came within %(time)s.",
        len(spans),
    )
    return half % words


def waited(span: timedelta) -> str:
    """In whole minutes, hours or days."""
    minutes = max(int(span.total_seconds() // 60), 0)
    if minutes < HOUR:
        return ngettext("%(number)s minute", "%(number)s minutes", minutes) % {"number": number(minutes)}
    if minutes < 2 * DAY:
        hours = minutes // HOUR
        return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": number(hours)}
    days = minutes // DAY
    return ngettext("%(number)s day", "%(number)s days", days) % {"number": number(days)}
