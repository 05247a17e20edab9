"""What the record of moves knows of the past: on which days it holds, and who stood where then."""

from datetime import date

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from crm.models import Business
from lifecycle.models import Ladder, Replay, Transition
from lifecycle.replayed import first_scheduled, month_end


def covered(day: date) -> bool:
    """Whether the record says where everybody stood at the end of `day`: it was replayed, or nights were kept by then."""
    live, nights = Business.load().as_of, first_scheduled()
    if live is None or day > live:
        return False
    if day == live or (nights and day >= nights):
        return True
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
