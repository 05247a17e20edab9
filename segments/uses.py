"""Where a segment is used: each floor above says it for what it has (`register`, in AppConfig.ready)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from segments.asking import askers
from segments.models import Segment


@dataclass(frozen=True)
class Use:
    """`label` says what uses it, such as 'The segment “Regulars”'; `url` leads there."""

    label: str
    url: str


SOURCES: list[Callable[[Segment], Iterable[Use]]] = []


def register(source: Callable[[Segment], Iterable[Use]]) -> None:
    SOURCES.append(source)


def uses_of(segment: Segment) -> list[Use]:
    return [use for source in SOURCES for use in source(segment)]


def _by_segments(segment: Segment) -> list[Use]:
    return [
        Use(_("The segment “%(name)s”") % {"name": other.name}, reverse("segment", args=[other.pk]))
        for other in askers(segment, Segment.objects.all())
    ]


register(_by_segments)
