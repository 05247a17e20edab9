"""Tags as pages show them: those of one customer with what can be put on beside, of the rows of a list, and all there are."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.timezone import localdate

from crm import panels, presence
from crm.bin import KEPT_FOR
from crm.figures import Figures
from crm.models import Customer, CustomerTag, Tag
from crm.models.tag import LONGEST_TAG
from crm.people.uses import uses_of
from crm.tags.writing import FACT

REMOVED_SHOWN = 100


@dataclass(frozen=True)
class TagsPanel:
    """`others` are those that may be put on. `typed` is what was sent and not written, for `problem` is wrong with it."""

    customer: Customer
    tags: list[Tag]
    others: list[Tag]
    typed: str = ""
    problem: str = ""

    longest = LONGEST_TAG

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "TagsPanel | None":
        """Not in the past: they were other ones then."""
        return None if figures.is_past else cls.now(customer)

    @classmethod
    def now(cls, customer: Customer, typed: str = "", problem: str = "") -> "TagsPanel":
        held = Exists(CustomerTag.objects.filter(customer=customer, tag=OuterRef("pk")))
        tags: dict[bool, list[Tag]] = {True: [], False: []}
        for tag in Tag.objects.present().annotate(held=held) if presence.is_there(customer, "tags") else ():
            tags[bool(getattr(tag, "held"))].append(tag)  # noqa: B009 (annotated)
        return cls(customer, tags[True], tags[False], typed, problem)


presence.register("tags", Tag.objects.present())
panels.register(panels.Panel("crm/tags/_tags.html", TagsPanel.of, order=-40))


def tags_of(customers: Collection[int]) -> Mapping[int, list[str]]:
    """The names of the tags of each of these few, in their order."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = CustomerTag.objects.filter(customer__in=customers, tag__removed_at=None).order_by("tag__name_key")
    for customer, name in rows.values_list("customer", "tag__name"):
        found[customer].append(name)
    return found


@dataclass(frozen=True)
class Line:
    """One tag as the page of all tags prints it. `people` is how many have it, without those in the bin or merged."""

    tag: Tag
    people: int


def lines() -> list[Line]:
    present = Q(tagged__customer__binned_at=None, tagged__customer__merged_into=None)
    counted = Tag.objects.present().annotate(people=Count("tagged", filter=present)).order_by("name_key")
    return [Line(tag, getattr(tag, "people")) for tag in counted]  # noqa: B009 (annotated)


@dataclass(frozen=True)
class Removed:
    """One that can be brought back until `until`, as the page of all tags prints it below them."""

    tag: Tag
    since: date
    until: date


def removed() -> list[Removed]:
    """The latest, at most REMOVED_SHOWN."""
    gone = Tag.objects.exclude(removed_at=None).order_by("-removed_at", "-pk")[:REMOVED_SHOWN]
    return [Removed(tag, localdate(tag.removed_at), localdate(tag.removed_at + KEPT_FOR)) for tag in gone if tag.removed_at]


@dataclass(frozen=True)
class TagPage:
    """The page of one tag. `uses` are the rules that ask it: while there are any, it cannot be removed."""

    tag: Tag
    people: int
    uses: list[str]
    name: str
    problem: str = ""

    longest = LONGEST_TAG

    @classmethod
    def of(cls, tag: Tag, name: str | None = None, problem: str = "") -> "TagPage":
        people = CustomerTag.objects.filter(tag=tag, customer__in=Customer.objects.present()).count()
        return cls(tag, people, uses_of(FACT, value=tag.key), tag.name if name is None else name, problem)
