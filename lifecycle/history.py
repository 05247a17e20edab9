"""What the record of moves knows of the past: on which days it holds, and who stood where then."""

from datetime import date

from django.db.models import F, Min, QuerySet, Window
from django.db.models.functions import RowNumber

from crm.models import Business
from lifecycle.models import Ladder, NightlyRun, Replay, Transition
from lifecycle.replayed import first_scheduled, month_end


def begun(ladder: int | None) -> date | None:
    """The first day of the history of the ladder of that key in the database."""
    first: date | None = Transition.objects.filter(ladder=ladder, superseded_at=None).aggregate(first=Min("effective_on"))["first"]
    return first


def covered(day: date) -> bool:
    """Whether the record says where everybody stood at the end of `day`, on the ladders that were there: it was replayed, or since nights
    are kept one was kept of that very day.
    """
    live, nights = Business.load().as_of, first_scheduled()
    if live is None or day > live:
        return False
    if day == live:
        return True
    if nights and day >= nights:
        return NightlyRun.objects.filter(as_of=day, state=NightlyRun.State.FINISHED).exists()
    last = Replay.objects.order_by("-pk").first()
    if last is None or not last.first_on <= day <= last.until:
        return False
    return day >= last.daily_from or day == month_end(day)


def standing(ladder: Ladder, day: date) -> QuerySet[Transition]:
    """Each customer's last move on `ladder` that is effective by `day` and not superseded: it leads to where they stood.

    By one sort: asked of each move whether there is a later one, a database that has no statistics yet reads them all for each.
    """
    last = Window(RowNumber(), partition_by="customer", order_by=[F("effective_on").desc(), F("pk").desc()])
    theirs = Transition.objects.filter(ladder=ladder, superseded_at=None, effective_on__lte=day)
    return theirs.annotate(back=last).filter(back=1)
