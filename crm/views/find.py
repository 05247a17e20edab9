from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.figures import business_of
from crm.finding import Answers, found
from crm.overtaking import Overtaken, TooLong, alone


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """The answers to `q` as options of a list. Without an answer where the same person has asked anew."""
    q = request.GET.get("q", "")
    home = business_of(request).country
    try:
        with alone(f"{request.user.pk} find"):
            answers = found(q, home)
    except Overtaken:
        return HttpResponse(status=204)
    except TooLong:
        answers = Answers(q, problem=_("Looking for this takes too long: write more of the name."))
    return render(request, "crm/_find.html", {"answers": answers})
