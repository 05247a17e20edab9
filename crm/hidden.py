"""What a page of a hidden customer says: where they are now; and whatever was typed for them is shown again."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from crm.access import is_owner
from crm.hiding import Hidden, end_of
from crm.models import Customer

# What a form sends beside what somebody typed: its own, and what was chosen of a few, which says nothing without the form.
_OWN = {"csrfmiddlewaretoken", "key", "next", "form_key", "seconds_ago", "seen", "version", "warned"}
_OF_CONTACTS = {"channel", "direction", "given", "how", "incident", "kind", "minutes", "purpose", "topic", "waits"}
_OF_PEOPLE = {"best_from", "best_until", "customer", "entity", "lost_reason", "market", "owner", "prefers", "referrer", "stage"}
_OF_WORK = {"assignee", "nature", "order", "repeats", "satisfaction", "until"}
_NOT_TYPED = _OWN | _OF_CONTACTS | _OF_PEOPLE | _OF_WORK


@dataclass(frozen=True)
class Answer:
    """`there` is who they are now, of one who was merged; None of one in the bin. `typed` is what was sent for them and is not written."""

    customer: Customer
    there: Customer | None
    typed: list[str]
    may_restore: bool

    @classmethod
    def of(cls, request: HttpRequest, customer: Customer) -> "Answer":
        end = end_of(customer)
        texts = [text for name in request.POST if name not in _NOT_TYPED for text in request.POST.getlist(name)]
        typed = [text for text in texts if text.strip()] if request.method == "POST" else []
        there = end if end != customer and not end.is_hidden else None
        return cls(end if there is None else customer, there, typed, is_owner(request.user) and end.binned_at is not None)


class HiddenCustomers(MiddlewareMixin):
    """Answers for each view that meets a hidden customer."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answered(request, exception.customer) if isinstance(exception, Hidden) else None


def answered(request: HttpRequest, customer: Customer) -> HttpResponse:
    """What a page of this hidden customer answers."""
    answer = Answer.of(request, customer)
    if answer.there and request.method in {"GET", "HEAD"} and "HX-Request" not in request.headers:
        said = {"was": customer, "now": answer.there}
        messages.info(request, _("%(was)s and %(now)s are one customer; this is their page.") % said)
        return redirect(reverse("customer", args=[answer.there.pk]))
    if "HX-Request" not in request.headers:
        return render(request, "crm/hidden.html", {"answer": answer}, status=410)
    # A part of a page that asks for another part: the whole of this one is shown in its place.
    response = render(request, "crm/hidden.html", {"answer": answer})
    for name, value in (("HX-Retarget", "main"), ("HX-Reselect", "main"), ("HX-Reswap", "outerHTML")):
        response.headers[name] = value
    return response
