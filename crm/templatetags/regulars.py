"""What pages print: marks, icons, amounts. Read by `{% load regulars %}`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, Parser, TextNode, Token, Variable
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from crm import icons, marks, money, sentences
from crm.charts.rhythm import Rhythm
from crm.list_row import Row
from crm.models import Business
from crm.printed import filled, printed
from crm.timeline import Entry

register = template.Library()

register.simple_tag(printed, name="same")
register.tag("translate", sentences.translate)
# Of a moment it is the day of the business, not that of Greenwich.
register.filter("day", money.day, expects_localtime=True)
register.filter("moment", money.moment)
register.filter("dated", money.dated)


@register.tag("icon")
def drawing(parser: Parser, token: Token) -> Node:
    """{% icon "add" %}: by what it means. One that the template names is part of its text."""
    name = parser.compile_filter(token.split_contents()[1])
    return Drawing(name) if isinstance(name.var, Variable) else TextNode(icons.icon(str(name.var)))


class Drawing(Node):
    def __init__(self, name: FilterExpression) -> None:
        self.name = name

    def render(self, context: Context) -> SafeString:
        return icons.icon(self.name.resolve(context))


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
def stage(context: Context | Mapping[str, Any], key: str) -> SafeString:
    """The mark of a stage and its word; nothing for none. A page of another than the primary ladder gives its own as `ladder_stages`."""
    known = context.get("ladder_stages")
    if known is None:
        known = context["shell"].stages if "shell" in context else marks.stage_marks(Business.load())
    return _stage(known[key]) if key in known else SafeString("")


# A list shows the same few on each of its rows.
@lru_cache(maxsize=64)
def _stage(mark: marks.StageMark) -> SafeString:
    return SafeString(render_to_string("crm/_stage.html", {"mark": mark}))


@register.inclusion_tag("crm/complaints/_mark.html", takes_context=True)
def complaint_mark(context: Mapping[str, Any], customer: int) -> dict[str, Any]:
    """That this customer, by primary key, has an open complaint. The page gives `with_complaint`: crm.complaints.open_of its customers."""
    return {"is_open": customer in context.get("with_complaint", ())}


@register.simple_tag
def rhythm(usual: Decimal | float, days: int) -> SafeString:
    """The line from the last order to today, with a tick where the next order usually comes."""
    return _rhythm(float(usual), days)


@lru_cache(maxsize=4096)
def _rhythm(usual: float, days: int) -> SafeString:
    return SafeString(render_to_string("crm/_rhythm.html", {"rhythm": Rhythm.of(usual, days)}))


@register.inclusion_tag("crm/_bar.html")
def bar(share: Decimal | float, tone: str = "main") -> dict[str, Any]:
    """A bar of this share of the width; the number stands beside it in words."""
    return {"width": round(100 * min(max(float(share), 0), 1), 1), "tone": tone}


@register.filter
def facts(lines: Iterable[Sequence[str]]) -> SafeString:
    """In a list of facts, for each line its label and what stands beside it in digits: dozens on a page, and a loop would be slow."""
    return format_html_join("", '<dt>{}</dt><dd class="num">{}</dd>', (line[:2] for line in lines))


@register.simple_tag(takes_context=True)
def customer_row(context: Context, row: Row, may_choose: bool) -> SafeString:
    """One customer of the list; with a box to choose them where somebody may."""
    line = rhythm(row.usual, row.days) if row.usual and row.days is not None else ""
    marks = {"stage": stage(context, row.facts.stage), "initials": initials(row.name), "line": line}
    return filled("crm/_customer_row.html", row.words(may_choose) | marks)


@register.simple_tag(takes_context=True)
def event(context: Context, entry: Entry, short: str) -> SafeString:
    """One thing that happened; `short` are Django's letters for its day."""
    if entry.words:
        main = filled(entry.template, entry.words(context.get("amender")))
    else:
        with context.push(entry=entry):
            main = context.template.engine.get_template(entry.template).render(context)  # type: ignore[union-attr]
    words: dict[str, str | bool] = {"icon": entry.icon, "drawing": icons.icon(entry.icon), "main": main, "on": entry.on.isoformat()}
    return filled("crm/_event.html", words | {"day": money.dated(entry.on, short), "warns": entry.icon == "complaint"})


@register.simple_tag
def iso(value: date) -> SafeString:
    """For the datetime attribute of `<time>`."""
    return SafeString(value.isoformat())
