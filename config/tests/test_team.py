"""The team: inviting, joining, roles, leaving and coming back."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from config.tests import cast
from crm import factors, invitations, team
from crm.models import Audit, Business, Invitation, User, UserSession
from crm.tests.factories import make_owner, make_user

GONE = "This invitation is no longer good"
JOINS = {"name": "Eva Nová", "password": "seven-green-bottles"}
pytestmark = pytest.mark.usefixtures("clock")


def link_in(page: str) -> str:
    return re.search(r'value="http://testserver(/join/[\w-]{22}/)"', page)[1]


def invite(owner, email="eva@example.com", role="staff") -> str:
    """The path of the link, as the page shows it."""
    return link_in(owner.post("/team/invite/", {"email": email, "role": role}).text)


def done() -> list[str]:
    return [*Audit.objects.order_by("pk").values_list("what", flat=True)]


@pytest.mark.parametrize("role", ["owner", "staff", "reader"])
def test_whoever_is_invited_joins_in_that_role_and_is_in(owner, role):
    link, browser = invite(owner, " Eva@Example.com ", role), Client()
    page = browser.get(link)
    assert "You sign in as <b>eva@example.com</b>" in page.text and page.headers["Referrer-Policy"] == "same-origin"

    assert browser.post(link, JOINS).url == "/"
    user = User.objects.get(email="eva@example.com")
    assert (user.role, user.name, user.check_password(JOINS["password"])) == (role, "Eva Nová", True)
    assert browser.get("/account/").context["user"] == user and UserSession.objects.filter(user=user).exists()
    assert done() == ["invitation.made", "invitation.accepted"]


def test_to_look_at_a_link_does_not_use_it_up(owner):
    link = invite(owner)
    for _look in range(3):
        assert (Client().get(link).status_code, Client().head(link).status_code) == (200, 200)

    assert Client().post(link, JOINS).status_code == 302


def test_the_link_is_shown_once_and_kept_as_a_hash(owner):
    link = invite(owner)
    token = link.split("/")[2]

    assert token not in owner.get("/team/").text
    assert token not in str([*Invitation.objects.values()]) and token not in str([*Audit.objects.values()])


@pytest.mark.parametrize("how", ["used", "edited", "expired", "withdrawn", "renewed", "maker deactivated", "maker demoted"])
def test_a_link_that_is_not_good_any_more_says_so(owner, jana, clock, how):
    link = invite(owner)
    invitation = Invitation.objects.get()
    if how == "used":
        Client().post(link, JOINS)
    elif how == "edited":
        link = link[:-2] + ("A" if link[-2] != "A" else "B") + "/"
    elif how == "expired":
        clock.shift(timedelta(days=7))
    elif how == "withdrawn":
        owner.post(f"/team/invitations/{invitation.pk}/withdraw/")
    elif how == "renewed":
        owner.post(f"/team/invitations/{invitation.pk}/renew/")
    else:
        make_owner()
        User.objects.filter(pk=jana.pk).update(**({"is_active": False} if how == "maker deactivated" else {"role": "staff"}))
    people = User.objects.count()

    page, answer = Client().get(link), Client().post(link, JOINS | {"name": "Mallory"})

    assert (page.status_code, answer.status_code) == (410, 410) and GONE in page.text and '<input type="password"' not in page.text
    assert User.objects.count() == people and not User.objects.filter(name="Mallory").exists()


def test_the_e_mail_is_the_one_invited_whatever_is_sent(owner):
    link = invite(owner)
    Client().post(link, JOINS | {"email": "mallory@example.com", "role": "owner", "is_superuser": "on"})

    assert User.objects.get(name="Eva Nová").email == "eva@example.com"
    assert User.objects.get(name="Eva Nová").role == "staff" and not User.objects.get(name="Eva Nová").is_superuser


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Enter your name, as your colleagues know you."),
        ({"name": "n" * 201}, "This is too long: 201 letters, and at most 200 are kept."),
        ({"name": "E\x00va"}, "Null characters are not allowed."),
        ({"password": ""}, "Choose a password."),
        ({"password": "short"}, "This password is too short. It must contain at least 10 characters."),
        ({"password": "qwertyuiop"}, "This password is too common."),
        ({"password": "eva@example.com"}, "The password is too similar to the e-mail."),
    ],
)
def test_what_is_wrong_is_said_and_the_link_stays_good(owner, changes, sentence):
    link = invite(owner)
    page = Client().post(link, JOINS | changes)

    assert page.status_code == 200 and sentence in page.text
    assert JOINS["password"] not in page.text and Client().post(link, JOINS).status_code == 302


def test_one_of_two_who_use_a_link_at_once_joins(owner, jana):
    invite(owner)
    invitation = Invitation.objects.get()
    invitations.accept(invitation=invitation, name="Eva", password=JOINS["password"], now=timezone.now())

    with pytest.raises(ValidationError, match="no longer good"):
        invitations.accept(invitation=invitation, name="Adam", password=JOINS["password"], now=timezone.now())
    assert not User.objects.filter(name="Adam").exists()


def test_guessing_links_is_slowed_down(db):
    answers = [Client(REMOTE_ADDR="203.0.113.7").get(f"/join/guess{place}/").status_code for place in range(11)]

    assert set(answers[:9]) == {410} and answers[-1] == 429


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("jana@example.com", "Jana Horáková can sign in with this e-mail already."),
        ("JANA@example.com", "Jana Horáková can sign in with this e-mail already."),
        ("petr@example.com", "Petr Malý has left and keeps this e-mail: let them sign in again below."),
        ("eva@example.com", "There is an invitation for this e-mail already: renew or withdraw it below."),
        ("eva@example", "This is not a whole e-mail address: it should look like jana@example.com."),
        ("", "Enter the e-mail of the person to invite."),
        ("e\x00va@example.com", "This is not a whole e-mail address: it should look like jana@example.com."),
    ],
)
def test_who_cannot_be_invited_is_said(owner, email, sentence):
    cast.staff(is_active=False)
    invite(owner)
    page = owner.post("/team/invite/", {"email": email, "role": "staff"})

    assert sentence in [*page.context["form"].errors["email"]] and "/join/" not in page.text
    assert Invitation.objects.count() == 1


def test_a_role_that_is_none_is_refused(owner):
    assert owner.post("/team/invite/", {"email": "eva@example.com", "role": "admin"}).context["form"].errors["role"]
    assert owner.post(f"/team/{cast.staff().pk}/role/", {"role": "admin"}, follow=True).text.count("Choose one of the roles in the list.")
    assert [*User.objects.order_by("role").values_list("role", flat=True)] == ["owner", "staff"]


def test_a_new_link_takes_the_place_of_the_old_one(owner, jana, clock):
    invite(owner)
    clock.shift(timedelta(days=8))
    owner = cast.signed_in(jana)
    page = owner.post(f"/team/invitations/{Invitation.objects.get().pk}/renew/")

    assert Client().post(link_in(page.text), JOINS).url == "/"
    assert owner.post(f"/team/invitations/{Invitation.objects.get().pk}/renew/").url == "/team/"
    assert done() == ["invitation.made", "invitation.renewed", "invitation.accepted"]


def test_a_new_role_holds_at_the_next_click(owner, jana):
    petr = cast.staff()
    theirs = cast.signed_in(petr)
    owner.post(f"/team/{petr.pk}/role/", {"role": "reader"})
    assert theirs.get("/log/").status_code == 403
    owner.post(f"/team/{petr.pk}/role/", {"role": "owner"})
    assert theirs.get("/team/").status_code == 200

    assert done() == ["user.role", "user.role"]
    assert Audit.objects.order_by("pk").first().changes == {"role": ["staff", "reader"]}


def test_whoever_leaves_is_out_at_the_next_click_and_comes_back_with_the_same_password(owner):
    petr, theirs = cast.staff(), Client()
    theirs.post("/login/", {"username": petr.email, "password": cast.PASSWORD})
    owner.post(f"/team/{petr.pk}/deactivate/")

    assert theirs.get("/").url == "/login/?next=/" and not UserSession.objects.filter(user=petr).exists()
    assert theirs.post("/login/", {"username": petr.email, "password": cast.PASSWORD}).status_code == 200
    owner.post(f"/team/{petr.pk}/reactivate/")
    assert theirs.post("/login/", {"username": petr.email, "password": cast.PASSWORD}).url == "/"
    assert done() == ["user.deactivated", "user.reactivated"]


@pytest.mark.parametrize("change", [("role", {"role": "staff"}), ("role", {"role": "reader"}), ("deactivate", {})])
def test_the_last_owner_stays(owner, jana, change):
    way, sent = change
    page = owner.post(f"/team/{jana.pk}/{way}/", sent, follow=True)

    assert "This is the last owner who may sign in: make someone else an owner first." in page.text
    assert User.objects.get(pk=jana.pk).is_owner and done() == []


def test_one_of_two_owners_may_go_and_then_no_more(owner, jana):
    other = make_owner()
    assert team.deactivate(user=jana, by=jana)

    with pytest.raises(ValidationError, match="the last owner"):
        team.change_role(user=other, role="staff", by=other)


def test_an_owner_signs_somebody_out_everywhere(owner):
    petr, theirs = cast.staff(), Client()
    theirs.post("/login/", {"username": petr.email, "password": cast.PASSWORD})
    owner.post(f"/team/{petr.pk}/sign-out/")

    assert theirs.get("/").url == "/login/?next=/" and done() == ["user.signed_out"]


def test_doing_it_twice_does_it_once(owner):
    petr = cast.staff()
    for _click in range(2):
        owner.post(f"/team/{petr.pk}/deactivate/")
    for _click in range(2):
        owner.post(f"/team/{petr.pk}/reactivate/")

    assert done() == ["user.deactivated", "user.reactivated"]


def test_requiring_the_second_factor_is_kept(owner, jana):
    owner.post("/team/two-factor/", {"owners": "on"})

    assert Business.load().owners_need_code and done() == ["team.two_factor"]


@pytest.mark.parametrize("who", [cast.staff, cast.reader])
def test_nobody_but_owners_moves_the_team(jana, who):
    """B07: not their own role, not somebody else's, no invitation, no setting."""
    user = who()
    theirs, before = cast.signed_in(user), [*User.objects.order_by("pk").values()]
    asked = {
        f"/team/{user.pk}/role/": {"role": "owner"},
        f"/team/{jana.pk}/role/": {"role": "reader"},
        f"/team/{jana.pk}/deactivate/": {},
        f"/team/{jana.pk}/sign-out/": {},
        "/team/invite/": {"email": "eva@example.com", "role": "owner"},
        "/team/two-factor/": {"owners": "on"},
    }

    assert {theirs.post(address, sent).status_code for address, sent in asked.items()} == {403}
    assert [*User.objects.order_by("pk").values()] == before and not Invitation.objects.exists() and done() == []


def test_the_page_names_everyone_with_what_counts(owner, jana):
    petr = cast.staff(name="<script>alert(1)</script>" + "ř" * 150)
    secret = factors.new_secret()
    factors.switch_on(by=petr, secret=secret, code=factors.code_at(secret, timezone.now()), now=timezone.now())
    cast.reader(is_active=False)
    invite(owner)
    page = owner.get("/team/").text

    assert "Two-factor login on" in page and "Two-factor login off" in page and "Has left: may not sign in" in page
    assert "<script>alert" not in page and "eva@example.com" in page


def test_the_page_asks_as_much_with_many_people(owner, django_assert_max_num_queries):
    for _person in range(30):
        make_user()
    with django_assert_max_num_queries(8):
        assert owner.get("/team/").status_code == 200


def test_the_admin_panel_keeps_what_it_changes_too(owner, jana):
    petr, theirs = cast.staff(), Client()
    theirs.post("/login/", {"username": petr.email, "password": cast.PASSWORD})
    owner.post(f"/admin/crm/user/{petr.pk}/change/", {"email": petr.email, "name": petr.name, "role": "reader"})

    entry = Audit.objects.get()
    assert (entry.what, entry.by_pk) == ("user.changed", jana.pk)
    assert entry.changes["role"] == ["staff", "reader"] and entry.changes["is_active"] == [True, False]
    assert not UserSession.objects.filter(user=petr).exists()
