"""Changing a ladder: all its stages are saved at once, as a version that can be gone back to. Nobody is placed by it: the next night does.

Who edits works on copies, a draft: the stages of `draft`, changed, left out or added to. What is written is what `save_ladder` is handed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import transaction
from django.db.models import F
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from crm import audit, jobs
from crm.fold import fold
from crm.models import Business, User
from lifecycle.belonging import PREFIX
from lifecycle.blueprint import EVERYONE
from lifecycle.models import Ladder, LadderVersion, Position, Stage, validate_stage_rule, validate_stages
from lifecycle.moves import WHOLE_LETTERS
from lifecycle.rungs import void
from lifecycle.versions import in_words
from segments.asking import asking

LAST_RANK, OUT_OF_THE_WAY = 9_999, 10_000
MOST_STAGES, MOST_LADDERS, STEP = 30, 20, 10
# What an owner decides of a stage; its key is given once, and never to another.
EDITED = ("name", "rank", "rung", "rule", "colour", "text")
Change = dict[str, Any]


def draft(ladder: Ladder) -> list[Stage]:
    """The stages as they are, in the order in which they are tried, to be edited."""
    return list(ladder.stages.kept().order_by("rank"))


def newest(ladder: Ladder) -> int:
    """The number of the last version; 0 where nothing was ever changed. A form carries it, and `save_ladder` is told it as `seen`."""
    return ladder.versions.order_by("-number").values_list("number", flat=True).first() or 0


@transaction.atomic
def save_ladder(*, ladder: Ladder, stages: Sequence[Stage], by: User, seen: int | None = None) -> LadderVersion | None:
    """Makes `stages` those of the ladder; None where nothing differs. They may be unsaved, and are known by their keys.

    Raises ValidationError, a sentence for each mistake, and writes nothing: for stages that `check` refuses, where one is left out
    (`retire` takes it off), and where somebody saved since version `seen`.
    """
    known = _locked(ladder)
    refuse_stale(ladder, seen)
    check(ladder, stages)
    left_out = [stage for stage in known.values() if not stage.is_retired and stage.key not in {each.key for each in stages}]
    if left_out:
        raise ValidationError(_("“%(stage)s” is still there: to take it off, give its customers a new home.") % {"stage": left_out[0]})
    return _save(ladder, known, stages, by)


@transaction.atomic
def restore(*, ladder: Ladder, number: int, by: User, seen: int | None = None) -> LadderVersion | None:
    """Goes back to the version of that number, which makes a new one. Stages that were taken off since come back; None as in `save_ladder`.

    Raises ValidationError where there is no such version, where its rules cannot be read any more, and where people stand in a stage that
    it has not, or a segment asks for one.
    """
    known = _locked(ladder)
    refuse_stale(ladder, seen)
    old = ladder.versions.filter(number=number).first()
    if old is None:
        raise ValidationError(_("This ladder has no version %(number)s.") % {"number": number})
    stages = [Stage(ladder=ladder, key=each["key"], **{name: each[name] for name in EDITED}) for each in old.stages]
    check(ladder, stages, may_revive=True)
    gone = [stage for stage in known.values() if not stage.is_retired and stage.key not in {each.key for each in stages}]
    for stage in gone:
        if Position.objects.filter(ladder=ladder, stage=stage).exists():
            sentence = _("Version %(number)s has no “%(stage)s”, and customers stand there: first take it off and give them a new home.")
            raise ValidationError(sentence % {"number": number, "stage": stage})
        refuse_asked(ladder, stage)
    return _save(ladder, known, stages, by, [{"what": "restored", "number": number}])


@transaction.atomic
def make_ladder(*, name: str, by: User) -> Ladder:
    """A ladder of an owner's own, with one stage that takes everyone. Raises ValidationError for a name that is none, or taken."""
    name = name.strip()
    if Ladder.objects.count() >= MOST_LADDERS:
        raise ValidationError(_("There can be at most %(most)d ladders.") % {"most": MOST_LADDERS})
    if fold(name) in {fold(str(ladder)) for ladder in Ladder.objects.all()}:
        raise ValidationError(_("There is a ladder of that name already: give this one another."))
    ladder = Ladder(key=free_key(name, set(Ladder.objects.values_list("key", flat=True)), "ladder"), name=name)
    _refuse_letters(name)
    ladder.full_clean()
    ladder.save()
    first = Stage(
        ladder=ladder, key="everyone", name=pgettext("the one stage of a new ladder", "Everyone"), rank=STEP, rung=1, rule=EVERYONE
    )
    save_ladder(ladder=ladder, stages=[first], by=by)
    return ladder


@transaction.atomic
def make_primary(ladder: Ladder, by: User) -> None:
    """The pages speak of this ladder from now on; the facts do after one more night of the figures' date, which is asked for."""
    # One at a time: two would be primary for a moment, which the database refuses.
    if [each for each in Ladder.objects.select_for_update().order_by("pk") if each.is_primary] == [ladder]:
        return
    Ladder.objects.filter(is_primary=True).update(is_primary=False)
    Ladder.objects.filter(pk=ladder.pk).update(is_primary=True)
    audit.keep(what="ladder.primary", by=by, of=ladder, changes={"is_primary": [False, True]})
    if Business.load().as_of:
        jobs.enqueue("night")


def check(ladder: Ladder, stages: Sequence[Stage], *, may_revive: bool = False) -> None:
    """Raises ValidationError with a sentence for each thing that keeps `stages` from being a ladder."""
    if len(stages) > MOST_STAGES:
        raise ValidationError(_("A ladder has at most %(most)d stages.") % {"most": MOST_STAGES})
    problems = [problem for stage in stages for problem in _problems(ladder, stage)]
    for field, sentence in (
        ("key", _("Two stages of a ladder cannot have the same key: give each its own.")),
        ("rank", _("Two stages of a ladder cannot be tried as the same number: give each its own.")),
        ("rung", _("Two stages of a ladder cannot be the same rung: give each its own.")),
    ):
        values = [value for stage in stages if (value := getattr(stage, field)) is not None]
        problems += [sentence] if len({*values}) < len(values) else []
    names = [fold(stage.name) for stage in stages]
    problems += [_("Two stages of a ladder cannot have the same name: give each its own.")] if len({*names}) < len(names) else []
    retired = set(ladder.stages.filter(is_retired=True).values_list("key", flat=True)) if ladder.pk and not may_revive else set()
    problems += [
        _("There was a stage with the key “%(key)s” once, and moves still name it: give this one another.") % {"key": stage.key}
        for stage in stages
        if stage.key in retired
    ]
    if problems:
        raise ValidationError(problems)
    validate_stages(stages)
    if any(stage.rule == EVERYONE for stage in sorted(stages, key=lambda stage: stage.rank)[:-1]):
        raise ValidationError(_("Only the stage tried last may take everyone: those after it would be left without anybody."))


def _problems(ladder: Ladder, stage: Stage) -> list[str]:
    try:
        # An empty one would be said to be blank, which a rule is not called.
        validate_stage_rule(stage.rule)
        stage.clean_fields(exclude=["ladder", "version", "is_retired"])
        for text in (stage.name, stage.text):
            _refuse_letters(text)
        if not stage.name.strip():
            return [_("A stage needs a name.")]
        if stage.rank > LAST_RANK:
            return [_("A stage is tried as number %(most)d at most.") % {"most": LAST_RANK}]
    except ValidationError as wrong:
        return [_("“%(stage)s”: %(problem)s") % {"stage": stage.name or stage.key, "problem": each} for each in wrong.messages]
    return []


def _refuse_letters(text: str) -> None:
    ProhibitNullCharactersValidator()(text)
    WHOLE_LETTERS(text)


def refuse_stale(ladder: Ladder, seen: int | None) -> None:
    """Raises ValidationError, saying who changed what, where somebody saved since version `seen`."""
    if seen is None:
        return
    since = list(ladder.versions.filter(number__gt=seen).select_related("by").order_by("number")[:5])
    if not since:
        return
    problems = [_("Somebody saved this ladder while you were editing it. What you typed is still here: look at it again, then save.")]
    for version in since:
        who = str(version.by) if version.by else _("someone who has left")
        problems += [_("%(who)s: %(change)s") % {"who": who, "change": sentence} for sentence in in_words(version.changes)]
    raise ValidationError(problems)


def refuse_asked(ladder: Ladder, stage: Stage) -> None:
    """Raises ValidationError where a segment asks for a stage that is to go."""
    facts = {f"{PREFIX}{ladder.key}", *(["stage"] if ladder.is_primary else [])}
    if segments := asking(facts, stage.key):
        names = ", ".join(f"“{segment.name}”" for segment in segments)
        raise ValidationError(
            ngettext(
                "The segment %(names)s asks for “%(stage)s”: change its rule first.",
                "The segments %(names)s ask for “%(stage)s”: change their rules first.",
                len(segments),
            )
            % {"names": names, "stage": stage}
        )


def free_key(name: str, taken: Iterable[str], otherwise: str) -> str:
    """A key made of a name, one that is not taken."""
    start, used = slugify(fold(name))[:40].strip("-") or otherwise, {*taken}
    return next(key for number in range(1, len(used) + 2) if (key := start if number == 1 else f"{start}-{number}") not in used)


def ranked(stages: Sequence[Stage]) -> list[Stage]:
    """Numbers them by tens in this order."""
    for place, stage in enumerate(stages, 1):
        stage.rank = place * STEP
    return list(stages)


def put_on_rung(stages: Sequence[Stage], stage: Stage, above: str | None) -> None:
    """Makes `stage`, one of `stages`, the rung right above the one of key `above`, the lowest for an empty key, or none for None."""
    rungs = sorted((each for each in stages if each.rung is not None and each is not stage), key=lambda each: each.rung or 0)
    stage.rung = None
    if above is not None:
        place = next((number for number, each in enumerate(rungs, 1) if each.key == above), 0)
        rungs.insert(place, stage)
        for number, each in enumerate(rungs, 1):
            each.rung = number


def _locked(ladder: Ladder) -> dict[str, Stage]:
    """All its stages by key, the retired ones too. One saver at a time."""
    Ladder.objects.select_for_update().get(pk=ladder.pk)
    return {stage.key: stage for stage in ladder.stages.all()}


def _save(
    ladder: Ladder, known: Mapping[str, Stage], stages: Sequence[Stage], by: User, notes: Sequence[Change] = ()
) -> LadderVersion | None:
    """Call with the lock held and `stages` checked."""
    kept = [stage for stage in known.values() if not stage.is_retired]
    changes = [*_changes(kept, known, stages)]
    if not changes:
        return None
    if kept and not newest(ladder):
        LadderVersion.objects.create(ladder=ladder, number=1, changes=[{"what": "begun"}], stages=snapshot(kept))
    _write(ladder, known, stages)
    void(ladder)
    notes = [*notes] if kept else [{"what": "made"}]
    return keep(ladder, by, [*notes, *changes] if kept else notes)


audit.register(
    audit.Action("ladder.changed", gettext_lazy("Ladder changed")),
    audit.Action("ladder.primary", gettext_lazy("Ladder made the primary one")),
)


def keep(ladder: Ladder, by: User, changes: list[Change]) -> LadderVersion:
    """Writes the stages, as they are now, as the next version."""
    stages = snapshot(draft(ladder))
    last = LadderVersion.objects.filter(ladder=ladder).order_by("-number").values_list("stages", flat=True).first()
    audit.keep(what="ladder.changed", by=by, of=ladder, changes={"stages": [last, stages]}, note=" ".join(in_words(changes)))
    return LadderVersion.objects.create(ladder=ladder, number=newest(ladder) + 1, by=by, changes=changes, stages=stages)


def snapshot(stages: Iterable[Stage]) -> list[dict[str, Any]]:
    ranked = sorted(stages, key=lambda stage: stage.rank)
    return [{"key": stage.key, "version": stage.version, **{name: getattr(stage, name) for name in EDITED}} for stage in ranked]


def _changes(kept: Sequence[Stage], known: Mapping[str, Stage], stages: Sequence[Stage]) -> Iterable[Change]:
    """What differs, each a sentence's worth: see versions.in_words."""
    after = {stage.key for stage in stages}
    yield from ({"what": "removed", "stage": stage.name} for stage in kept if stage.key not in after)
    for stage in stages:
        yield from _changed(known.get(stage.key), stage)
    both = after & {stage.key for stage in kept}
    for what, order in (("order", _tried), ("rungs", _climbed)):
        before, now = ([stage.key for stage in order(those) if stage.key in both] for those in (kept, stages))
        if before != now:
            yield {"what": what, "stages": [stage.name for stage in order(stages)]}


def _changed(old: Stage | None, new: Stage) -> Iterable[Change]:
    if old is None or old.is_retired:
        yield {"what": "revived" if old else "added", "stage": new.name}
    elif old.name != new.name:
        yield {"what": "renamed", "stage": old.name, "to": new.name}
    if old is not None:
        yield from ({"what": name, "stage": new.name} for name in ("rule", "colour", "text") if _differ(old, new, name))


def _tried(stages: Iterable[Stage]) -> list[Stage]:
    return sorted(stages, key=lambda stage: stage.rank)


def _climbed(stages: Iterable[Stage]) -> list[Stage]:
    return sorted((stage for stage in stages if stage.rung is not None), key=lambda stage: stage.rung or 0)


def _differ(old: Stage, new: Stage, name: str) -> bool:
    """As JSON, for to Python True is 1."""
    before, now = getattr(old, name), getattr(new, name)
    return bool(json.dumps(before, sort_keys=True) != json.dumps(now, sort_keys=True))


def _write(ladder: Ladder, known: Mapping[str, Stage], stages: Sequence[Stage]) -> None:
    after = {stage.key: stage for stage in stages}
    # Stages that change places are saved one after the other, and for a moment two would stand in one.
    ladder.stages.kept().update(rank=F("rank") + OUT_OF_THE_WAY, rung=None)
    ladder.stages.kept().exclude(key__in=after).update(is_retired=True)
    for new in stages:
        old = known.get(new.key) or Stage(ladder=ladder, key=new.key)
        if old.pk and _differ(old, new, "rule"):
            old.version += 1
        for name in EDITED:
            setattr(old, name, getattr(new, name))
        old.is_retired = False
        old.save()


def moves_people(before: Iterable[Stage], after: Iterable[Stage]) -> bool:
    """Whether it can place anybody otherwise: by other rules, in another order, or with other stages."""
    asked = [[(stage.key, json.dumps(stage.rule, sort_keys=True)) for stage in _tried(stages)] for stages in (before, after)]
    return asked[0] != asked[1]


def in_steps(ladder: Ladder, stages: Sequence[Stage]) -> list[str]:
    """What saving `stages` would change, in sentences."""
    known = {stage.key: stage for stage in ladder.stages.all()}
    return in_words(_changes([stage for stage in known.values() if not stage.is_retired], known, stages))
