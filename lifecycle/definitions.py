"""Settings, Ladders: which there are, how the stages of one are defined, who changed what; and what an edit would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q

from crm.marks import StageMark
from crm.models import Business
from crm.rules import EVERYONE, InvalidRule, described, parse
from lifecycle.editing import MOST_LADDERS, in_steps
from lifecycle.heights import Heights
from lifecycle.models import Ladder, LadderVersion, Stage
from lifecycle.preview import Cell, Preview, Sample
from lifecycle.versions import in_words

# As many as anyone reads; the others are in the admin panel.
LISTED = 20


@dataclass(frozen=True)
class LadderLine:
    ladder: Ladder
    marks: list[StageMark]


def ladder_lines() -> list[LadderLine]:
    """The primary one first."""
    ladders = Ladder.objects.order_by("-is_primary", "pk")[: MOST_LADDERS + 1]
    return [LadderLine(ladder, [*Heights.on(ladder).marks.values()]) for ladder in ladders]


@dataclass(frozen=True)
class StageLine:
    """`words` is empty for the stage that takes everyone who is left; `can_rise` and `can_sink` in the order of trying."""

    stage: Stage
    mark: StageMark
    people: int
    words: str
    can_rise: bool
    can_sink: bool


@dataclass(frozen=True)
class VersionLine:
    number: int
    at: datetime
    by: str
    changes: list[str]
    is_newest: bool


@dataclass(frozen=True)
class LadderDefinition:
    ladder: Ladder
    stages: list[StageLine]
    versions: list[VersionLine]
    # Carried by every form, so that who saves second is told.
    seen: int

    @classmethod
    def of(cls, ladder: Ladder) -> "LadderDefinition":
        heights = Heights.on(ladder)
        marks, counted = heights.marks, Count("position", filter=Q(position__ladder=ladder))
        people = dict(ladder.stages.kept().annotate(people=counted).values_list("pk", "people"))
        last = len(heights.stages) - 1
        lines = [
            # The last one takes everyone, and stays last.
            StageLine(stage, marks[stage.key], people.get(stage.pk, 0), said(stage), 0 < place < last, place < last - 1)
            for place, stage in enumerate(heights.stages)
        ]
        found = list(ladder.versions.select_related("by").order_by("-number")[:LISTED])
        return cls(ladder, lines, [_line(version, found[0]) for version in found], found[0].number if found else 0)


def _line(version: LadderVersion, newest: LadderVersion) -> VersionLine:
    return VersionLine(
        version.number, version.saved_at, str(version.by) if version.by else "", in_words(version.changes), version == newest
    )


def said(stage: Stage) -> str:
    """Its rule in words; empty for the one that takes the rest, a sentence for one that cannot be read any more."""
    try:
        node = parse(stage.rule)
    except InvalidRule as wrong:
        return str(wrong)
    return "" if node == EVERYONE else described(node)


@dataclass(frozen=True)
class PreviewPage:
    """The preview with the marks of its stages. `preview` is None before the first night: there is nobody to place yet."""

    ladder: Ladder
    preview: Preview | None
    changes: list[str]
    columns: list[StageMark]
    rows: list[tuple[StageMark | None, list[Cell | None]]]
    samples: list[tuple[Sample, StageMark | None, StageMark]]

    @classmethod
    def of(cls, ladder: Ladder, stages: Sequence[Stage], as_of: date | None) -> "PreviewPage":
        """Call with stages that `editing.check` has let through."""
        changes = in_steps(ladder, stages)
        if as_of is None:
            return cls(ladder, None, changes, [], [], [])
        preview, marks = Preview.of(ladder, stages, as_of), _marks(ladder, stages)
        return cls(
            ladder,
            preview,
            changes,
            [marks[stage.key] for stage in preview.columns],
            [(_mark(marks, stage), cells) for stage, cells in preview.matrix],
            [(sample, _mark(marks, sample.before), marks[sample.after.key]) for sample in preview.samples],
        )

    @classmethod
    def now(cls, ladder: Ladder, stages: Sequence[Stage]) -> "PreviewPage":
        """By the live figures."""
        return cls.of(ladder, stages, Business.load().as_of)


def _marks(ladder: Ladder, stages: Sequence[Stage]) -> dict[str, StageMark]:
    """Of the stages as edited, and of those where people may still stand."""
    saved = Heights.on(ladder)
    retired = {stage.key: StageMark(stage.key, str(stage), None, stage.colour) for stage in saved.retired}
    edited = Heights(sorted(stages, key=lambda stage: stage.rank))
    return retired | saved.marks | edited.marks


def _mark(marks: Mapping[str, StageMark], stage: Stage | None) -> StageMark | None:
    return marks[stage.key] if stage else None
