from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.access import is_owner, readers_too
from crm.customer_search import KEPT
from crm.figures import figures_for
from crm.list_actions import actions_for
from crm.listing import Listing, address_of, listing
from crm.merging import candidates
from crm.rules import loads
from crm.rules.builder import RuleBuilder, pressed
from crm.rules.forms import RuleField


class ByRule(forms.Form):
    """The rule that a list is to be filtered by. `address` is where that list is."""

    rule = RuleField(forbidden=(), widget=RuleBuilder(samples=False))

    def clean(self) -> None:
        if "rule" not in self.cleaned_data:
            return
        kept = {name: value for name in KEPT if (value := self.data.get(name, "").replace("\0", ""))}
        self.address = address_of(self.cleaned_data["rule"], kept)
        if not self.address:
            raise ValidationError(_("This rule is too long for the address of a list; a shorter one can be shown."))


@require_safe
def customers(request: HttpRequest) -> HttpResponse:
    """Everyone, or whom the address asks for; for htmx the list alone. The builder of rules comes with whoever asks for it."""
    if request.headers.get("HX-Request"):
        shown = _listing(request, request.GET)
        return render(request, "crm/_customers.html", _shown(request, shown))
    shown = _listing(request, request.GET)
    rule = loads(request.GET["rule"]) if shown.form.node else None
    return _page(request, shown, ByRule(initial={"rule": rule}) if "narrow" in request.GET else None)


@readers_too
@require_POST
def by_rule(request: HttpRequest) -> HttpResponse:
    """From the rows of a rule to the address of its list; the page again after a press in the builder, or where the rule is not whole."""
    form = ByRule(request.POST)
    if not pressed(form) and form.is_valid():
        return redirect(form.address)
    return _page(request, _listing(request, {name: request.POST.get(name, "") for name in KEPT}), form)


def _listing(request: HttpRequest, asked: Mapping[str, Any]) -> Listing:
    figures = figures_for(request)
    return listing(asked, figures, figures.business.today())


def _page(request: HttpRequest, shown: Listing, form: ByRule | None) -> HttpResponse:
    # On the first page of everyone: who looks for somebody has other things to do.
    is_first = not (shown.form.narrows or shown.form.cursor)
    duplicates = candidates.count() if is_first and is_owner(request.user) else 0
    beside = {
        "by_rule": form,
        "duplicates": min(duplicates, candidates.MOST_COUNTED),
        "has_more_duplicates": duplicates > candidates.MOST_COUNTED,
    }
    return render(request, "crm/customers.html", _shown(request, shown) | beside)


def _shown(request: HttpRequest, shown: Listing) -> dict[str, Any]:
    may_choose = is_owner(request.user) and not shown.form.figures.is_past
    return {"listing": shown, "actions": actions_for(request, shown), "may_choose": may_choose}
