"""Which days the history of the ladders holds, and where everybody stood on one of them."""

from datetime import date, timedelta

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from lifecycle.models import Ladder, NightlyRun, Replay, Transition


def covered(day: date) -> bool:
    """Whether the history knows that day: a finished night's own, or a month end or one of the days in a row of the newest replay."""
    if NightlyRun.objects.filter(as_of=day, state=NightlyRun.State.FINISHED).exists():
        return True
    replay = Replay.objects.order_by("-pk").first()
    if replay is None or not replay.first_on <= day <= replay.until:
        return False
    return day >= replay.daily_from or (day + timedelta(days=1)).day == 1


def standing(ladder: Ladder, day: date) -> QuerySet[Transition]:
    """Each customer's last move on or before that day: where they stood at its end."""
    line = Window(RowNumber(), partition_by=F("customer"), order_by=[F("effective_on").desc(), F("pk").desc()])
    return Transition.objects.filter(ladder=ladder, superseded_at=None, effective_on__lte=day).annotate(place=line).filter(place=1)
