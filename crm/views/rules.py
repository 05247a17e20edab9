"""The builder of rules while somebody works in it: its rows after a change, and whom the rule finds."""

import re
from dataclasses import dataclass

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.access import is_owner, readers_too
from crm.figures import Figures, figures_for
from crm.list_row import Row
from crm.listing import address_of
from crm.overtaking import Overtaken, TooLong, alone
from crm.rules.builder import unsigned
from crm.rules.live import Counted, counted, sample
from crm.rules.rows import Rows
from crm.rules.tree import EVERYONE, Node
from crm.rules.typed import Typed, typed

# The control that asks; before its path stands the name of the field.
_ASKING = re.compile(r"([A-Za-z][\w-]{0,79}?)(?:-\d{1,3}){0,8}-(?:kind|fact|op|value|do|find|count)", re.ASCII)


@readers_too
@require_POST
def builder(request: HttpRequest) -> HttpResponse:
    """The rows after a press or a choice."""
    rows = _rows(request)
    # A choice is no save, either: what is still missing is not told.
    rows.typed.pressed = True
    return render(request, "crm/rules/_changed.html", {"rows": rows, "name": rows.name})


@readers_too
@require_POST
def count(request: HttpRequest) -> HttpResponse:
    """The rule in a sentence, whom it finds, and who is still in after each row. Without an answer where a newer question has come."""
    rows = _rows(request)
    try:
        with alone(f"{request.user.pk} {rows.token}"):
            found = _found(rows, figures_for(request), is_owner(request.user), with_sample=bool(request.POST.get(f"{rows.name}-samples")))
    except Overtaken:
        return HttpResponse(status=204)
    except TooLong:
        found = Found(rows, _("Counting this takes too long; the rule can be saved all the same."))
    return render(request, "crm/rules/_count.html", {"found": found})


@dataclass(frozen=True)
class Found:
    """Whom a rule finds, as the page prints it; `why_not` says why it was not counted."""

    rows: Rows
    why_not: str = ""
    counted: Counted | None = None
    sample: tuple[Row, ...] = ()

    @property
    def lefts(self) -> list[tuple[str, int]]:
        """The id of each top row's number, and the number."""
        left = self.counted.left if self.counted else []
        return [(f"{self.rows.name}-{place}-left", people) for place, people in enumerate(left)]

    @property
    def everyone_of_them(self) -> str:
        """Where the list of them is; empty where the rule is too long for an address."""
        return address_of(self.rows.typed.rule)


def _found(rows: Rows, figures: Figures, with_revenue: bool, *, with_sample: bool) -> Found:
    node: Node | None = rows.typed.node(rows.forbidden)
    if node is None or node == EVERYONE:
        return Found(rows, "")
    if figures.as_of is None:
        return Found(rows, _("Nobody is counted yet: the first figures come with the first night."))
    numbers = counted(node, figures, with_revenue=with_revenue)
    return Found(rows, "", numbers, tuple(sample(node, figures, numbers.people)) if with_sample and numbers.people else ())


def _rows(request: HttpRequest) -> Rows:
    """The builder that asks. A request that no builder sends is refused."""
    match = _ASKING.fullmatch(request.headers.get("HX-Trigger-Name", ""))
    asked: QueryDict = request.POST
    there: Typed | None = typed(asked, match[1]) if match else None
    if match is None or there is None:
        raise BadRequest("No builder of rules was posted.")
    return Rows(match[1], there, unsigned(asked.get(f"{match[1]}-forbidden", "")), is_live=True)
