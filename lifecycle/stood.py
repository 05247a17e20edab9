"""Who stood where on a ladder at the end of a day, as a CSV file: from the recorded history where that holds the day, else computed."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm import export, locks
from crm.models import Business, ReplayFacts
from lifecycle import history, replay
from lifecycle.lookback import known
from lifecycle.models import Ladder, Position
from lifecycle.replayed import LOCK
from lifecycle.stages import Rungs

HEADER = ("external_id", "stage", "since")
# External id, stage, since; what there is none of is empty.
Row = tuple[str, str, date | None]


class NotStood(Exception):
    """There is nothing to write; the message says why."""


def write(path: Path, key: str, as_of: date | None) -> int:
    """Writes a row for each customer known by the end of `as_of` (the live date where none is given); how many.

    Raises NotStood for an unknown ladder, before the first night, for a day after the figures', and where a replay is at the scratch that
    it needs; InvalidRule where a rule cannot be read any more; OSError where the file cannot be written.
    """
    ladder, live = Ladder.objects.filter(key=key).first(), Business.load().as_of
    if live is None:
        raise NotStood(_("There are no figures yet; run: manage.py nightly"))
    if ladder is None:
        known_ones = ", ".join(Ladder.objects.order_by("pk").values_list("key", flat=True))
        raise NotStood(_("There is no ladder “%(key)s”; there is: %(known)s.") % {"key": key, "known": known_ones})
    day = as_of or live
    if day > live:
        raise NotStood(
            _("The figures stand at %(live)s; the day %(day)s comes after it.") % {"live": date_format(live), "day": date_format(day)}
        )
    if as_of is None:
        return _written(path, _now(ladder))
    first = history.begun(ladder.pk)
    # A ladder made later has no history of the days before; a day of its first night is one.
    if first and first <= day and history.covered(day):
        return _written(path, _recorded(ladder, day))
    with locks.held(LOCK) as got:
        if not got:
            raise NotStood(_("The past is being replayed, and that day has to be computed in the same place: try again when it has ended."))
        replay.compute_scratch(day)
        try:
            return _written(path, _computed(ladder, day))
        finally:
            replay.empty_scratch()


def _written(path: Path, rows: Iterable[Row]) -> int:
    lines = ([export.as_text(customer), stage, since.isoformat() if since else ""] for customer, stage, since in rows)
    return export.write_rows(path, HEADER, lines)


def _now(ladder: Ladder) -> Iterator[Row]:
    held = Position.objects.filter(ladder=ladder).order_by("customer")
    yield from held.values_list("customer__external_id", "stage__key", "since").iterator(export.AT_ONCE)


def _recorded(ladder: Ladder, day: date) -> Iterator[Row]:
    stood = history.standing(ladder, day).filter(customer__in=known(day)).order_by("customer")
    yield from stood.values_list("customer__external_id", "to_stage__key", "effective_on").iterator(export.AT_ONCE)


def _computed(ladder: Ladder, day: date) -> Iterator[Row]:
    """Since when is taken from the history where that leads to the same stage."""
    rungs = Rungs.load(ladder)
    keys = {stage.pk: stage.key for stage in rungs.stages}
    found = ReplayFacts.objects.annotate(to=rungs.case(day)).filter(to__isnull=False).order_by("pk")
    stood = history.standing(ladder, day).order_by("customer").values_list("customer", "to_stage", "effective_on")
    moves = stood.iterator(export.AT_ONCE)
    here = next(moves, None)
    for pk, to, customer in found.values_list("pk", "to", "customer__external_id").iterator(export.AT_ONCE):
        while here and here[0] < pk:
            here = next(moves, None)
        yield customer, keys[to], here[2] if here and here[:2] == (pk, to) else None
