"""What pages print: marks, icons, amounts. Read by `{% load regulars %}`."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from crm import icons, marks, money
from crm.charts.rhythm import Rhythm
from crm.models import Business

register = template.Library()

register.simple_tag(icons.icon, name="icon")
register.filter("day", money.day)


@register.filter
def amount(value: Decimal | int | None) -> str:
    """An amount of money; nothing where there is none."""
    return "" if value is None else money.money(value)


register.filter("money", amount)


@register.filter
def whole(value: Decimal | int | float | None) -> str:
    """A number rounded to a whole one, its thousands separated."""
    return "" if value is None else money.number(value)


@register.filter
def percent(share: Decimal | float | None, places: int = 0) -> str:
    """A share of one, as per cent with so many decimals."""
    return "" if share is None else money.percent(share, places)


@register.filter
def initials(name: str) -> str:
    """Of a name's first and last word."""
    words = name.split()
    return "".join(word[0].upper() for word in (words[:1] + words[-1:] if len(words) > 1 else words))


@register.simple_tag(takes_context=True)
def stage(context: Mapping[str, Any], key: str) -> SafeString:
    """The mark of a stage and its word; nothing for none. A page of another than the primary ladder gives its own as `ladder_stages`."""
    known = context.get("ladder_stages")
    if known is None:
        known = context["shell"].stages if "shell" in context else marks.stage_marks(Business.load())
    return _stage(known[key]) if key in known else SafeString("")


# A list shows the same few on each of its rows.
@lru_cache(maxsize=64)
def _stage(mark: marks.StageMark) -> SafeString:
    return SafeString(render_to_string("crm/_stage.html", {"mark": mark}))


@register.simple_tag
def rhythm(usual: Decimal | float, days: int) -> SafeString:
    """The line from the last order to today, with a tick where the next order usually comes."""
    return _rhythm(Rhythm.of(float(usual), days))


# There are not many more than one for each tenth of a pixel.
@lru_cache(maxsize=1024)
def _rhythm(mark: Rhythm) -> SafeString:
    return SafeString(render_to_string("crm/_rhythm.html", {"rhythm": mark}))


@register.inclusion_tag("crm/_bar.html")
def bar(share: Decimal | float, tone: str = "main") -> dict[str, Any]:
    """A bar of this share of the width; the number stands beside it in words."""
    return {"width": round(100 * min(max(float(share), 0), 1), 1), "tone": tone}


@register.simple_tag
def iso(value: date) -> SafeString:
    """For the datetime attribute of `<time>`."""
    return SafeString(value.isoformat())
