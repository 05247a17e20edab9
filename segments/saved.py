"""Saving, doubling and deleting segments: each write is atomic, with its version inside. Who is in it is counted by a worker."""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import audit, jobs
from crm.fold import fold
from crm.models import Job, User
from segments.asking import circle
from segments.models import LONGEST_NAME, Segment, SegmentVersion
from segments.uses import uses_of

# The kind of job that counts a saved segment (config/worker.py).
KIND = "segment"
LONGEST_KEY = 40


audit.register(
    audit.Action("segment.added", gettext_lazy("Segment saved")),
    audit.Action("segment.changed", gettext_lazy("Segment changed")),
    audit.Action("segment.exported", gettext_lazy("Members of a segment exported")),
    audit.Action("segment.deleted", gettext_lazy("Segment deleted")),
)
_SAID = ("name", "purpose", "rule")


class Outdated(Exception):
    """Somebody saved the segment since it was opened; the message says who."""


class InUse(Exception):
    """The segment is used elsewhere and cannot go; the message says where."""


@transaction.atomic
def make_segment(*, by: User, name: str, rule: Any, purpose: str = "") -> Segment:
    """Raises ValidationError, with nothing written, where name, text or rule are none."""
    others = _locked()
    segment = Segment(key=_key(name, {other.key for other in others}), name=name.strip(), purpose=purpose.strip(), rule=rule, owner=by)
    _check(segment, others)
    segment.save(force_insert=True)
    _note(segment, by)
    audit.keep(what="segment.added", by=by, of=segment, changes=audit.differences({}, _said(segment)))
    return segment


@transaction.atomic
def save_segment(*, segment: Segment, version: int, by: User, name: str, rule: Any, purpose: str) -> Segment:
    """The segment as saved. `version` is that which the person has seen: raises Outdated where there is a newer one.

    Raises ValidationError, with nothing written, where name, text or rule are none, or the rule would ask itself in a circle.
    """
    others = _locked()
    here = next((other for other in others if other.pk == segment.pk), None)
    if here is None:
        raise Outdated(_("This segment was deleted while you were editing it."))
    if here.version != version:
        raise Outdated(_newer(here))
    before = _said(here)
    here.name, here.purpose, here.rule = name.strip(), purpose.strip(), rule
    if before == _said(here):
        return here
    _check(here, [other for other in others if other.pk != here.pk])
    here.version += 1
    here.is_counted = here.is_counted and here.rule == before["rule"]
    here.changed_at = Now()
    here.save(update_fields=["name", "purpose", "rule", "version", "is_counted", "changed_at"])
    _note(here, by)
    audit.keep(what="segment.changed", by=by, of=here, changes=audit.differences(before, _said(here)))
    return here


@transaction.atomic
def duplicate(*, segment: Segment, by: User) -> Segment:
    """Another with the same rule and text, under a name that is free. Choices by hand stay with the first."""
    taken = set(Segment.objects.values_list("name_key", flat=True))
    names = (_copy_name(segment.name, number) for number in range(1, len(taken) + 2))
    return make_segment(by=by, name=next(name for name in names if fold(name) not in taken), rule=segment.rule, purpose=segment.purpose)


@transaction.atomic
def delete_segment(*, segment: Segment, by: User) -> None:
    """With its members, versions and history. Raises InUse, saying where."""
    _locked()
    used = uses_of(segment)
    if used:
        sentence = ngettext(
            "“%(name)s” cannot be deleted while it is used by: %(uses)s.",
            "“%(name)s” cannot be deleted while it is used in %(number)d places: %(uses)s.",
            len(used),
        )
        raise InUse(sentence % {"name": segment.name, "number": len(used), "uses": ", ".join(use.label for use in used)})
    audit.keep(what="segment.deleted", by=by, of=segment, changes={name: [value, None] for name, value in _said(segment).items()})
    segment.delete()


def count_soon(segment: Segment) -> Job:
    """Has a worker count it; the newest version is a job of its own."""
    return jobs.enqueue(KIND, {"segment": segment.pk}, key=f"{segment.pk}:{segment.version}")


def _said(segment: Segment) -> dict[str, object]:
    return {name: getattr(segment, name) for name in _SAID}


def _locked() -> list[Segment]:
    """All segments, locked: two rules saved at once could close a circle that neither sees."""
    return list(Segment.objects.select_for_update().order_by("pk"))


def _check(segment: Segment, others: Collection[Segment]) -> None:
    # The database finds a key or a name that is taken only at the end of an insert; here it is said in a sentence.
    segment.clean_fields(exclude=["key", "owner"])
    segment.name_key = fold(segment.name)
    if not segment.name_key:
        raise ValidationError({"name": _("A segment needs a name with letters or digits in it.")})
    if any(other.name_key == segment.name_key for other in others):
        raise ValidationError({"name": _("Another segment is called “%(name)s”: give this one another name.") % {"name": segment.name}})
    keys = circle([*others, segment])
    if keys:
        names = {other.key: other.name for other in (*others, segment)}
        said = ", ".join(f"“{names[key]}”" for key in keys)
        raise ValidationError({"rule": _("These segments would ask each other in a circle: %(names)s.") % {"names": said}})


def _note(segment: Segment, by: User) -> None:
    SegmentVersion.objects.create(
        segment=segment, number=segment.version, name=segment.name, purpose=segment.purpose, rule=segment.rule, by=by
    )
    if not segment.is_counted:
        count_soon(segment)


def _newer(segment: Segment) -> str:
    last = segment.versions.select_related("by").first()
    who = str(last.by) if last and last.by else _("Somebody else")
    return _("%(who)s saved this segment while you were editing it. What you have written is below and not saved yet.") % {"who": who}


def _key(name: str, taken: Collection[str]) -> str:
    start = slugify(fold(name))[:LONGEST_KEY].strip("-_") or "segment"
    return next(key for number in range(1, len(taken) + 2) if (key := start if number == 1 else f"{start}-{number}") not in taken)


def _copy_name(name: str, number: int) -> str:
    sentence = _("%(name)s, copy") if number == 1 else _("%(name)s, copy %(number)d")
    room = LONGEST_NAME - len(sentence % {"name": "", "number": number})
    return sentence % {"name": name[:room], "number": number}
