import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory
from django.views.decorators.http import require_safe

from config.tests import cast
from crm.access import is_owner, owner_only
from crm.models import User


@owner_only
@require_safe
def totals(request, year):
    """The year in money."""
    return HttpResponse(f"{year}: 24,860")


def asking(user):
    request = RequestFactory().get("/totals/")
    request.user = user
    return request


def test_an_owner_opens_what_is_an_owner_s(db):
    assert totals(asking(cast.owner()), year=2026).content == b"2026: 24,860"


@pytest.mark.parametrize("who", ["staff", "stranger", "deactivated owner"])
def test_nobody_else_does_and_is_told_whom_to_ask(db, who):
    people = {"staff": cast.staff(), "stranger": AnonymousUser(), "deactivated owner": cast.owner(is_active=False)}

    with pytest.raises(PermissionDenied, match="Only an owner of the business may open it"):
        totals(asking(people[who]), year=2026)
    assert not is_owner(people[who])


def test_who_is_an_owner_is_asked_at_each_request(db):
    user = cast.owner()
    assert is_owner(user)
    User.objects.update(role=User.Role.STAFF)

    assert not is_owner(User.objects.get())


def test_a_guarded_view_keeps_its_name(db):
    assert (totals.__name__, totals.__doc__) == ("totals", "The year in money.")


def test_the_page_of_the_refusal_says_who_may_open_it(client, db):
    client.force_login(cast.staff())

    page = client.get("/admin/login/")

    assert page.status_code == 403
    assert "<h1>This page is not open to you</h1>" in page.text
    assert "Only an owner of the business may open it. If you need it, ask one of them." in page.text
