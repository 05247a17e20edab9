from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from crm import links
from crm.models import Link, User

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def token_of(path: str) -> str:
    return path.removeprefix("/login/").removesuffix("/")


def new_token(user: User, now: datetime = NOW) -> str:
    return token_of(links.link_for(user, now))


def test_a_link_is_a_path_with_128_random_bits(jana):
    first, second = links.link_for(jana, NOW), links.link_for(jana, NOW)

    assert first.startswith("/login/") and first.endswith("/") and first != second
    assert len(token_of(first)) == 22  # of 64 letters each: 132 bits, and the last letter carries two


def test_only_the_hash_is_stored(jana):
    token = new_token(jana)

    (row,) = Link.objects.values()
    assert row == {
        "id": row["id"],
        "user_id": jana.pk,
        "digest": sha256(token.encode()).hexdigest(),
        "expires_at": datetime(2026, 11, 24, 10, 15, tzinfo=UTC),
        "used_at": None,
    }


def test_a_link_is_good_once(jana):
    token = new_token(jana)

    assert links.redeem(token, NOW + timedelta(minutes=1)) == jana
    assert links.redeem(token, NOW + timedelta(minutes=1)) is None
    assert Link.objects.get().used_at == NOW + timedelta(minutes=1)


def test_a_link_is_good_for_a_quarter_of_an_hour(jana):
    early, late = new_token(jana), new_token(jana)

    assert links.redeem(early, NOW + timedelta(minutes=14, seconds=59)) == jana
    assert links.redeem(late, NOW + timedelta(minutes=15)) is None


@pytest.mark.parametrize("token", ["", "1", "x" * 22, "é", "x" * 10_000])
def test_what_is_no_link_signs_nobody_in(jana, token):
    new_token(jana)

    assert links.redeem(token, NOW) is None


def test_the_hash_from_the_database_does_not_open_the_door(jana):
    new_token(jana)

    assert links.redeem(Link.objects.get().digest, NOW) is None


def test_whoever_may_no_longer_sign_in_is_not_let_in_by_a_link_from_before(jana):
    token = new_token(jana)
    User.objects.update(is_active=False)

    assert links.redeem(token, NOW) is None
    assert Link.objects.get().used_at is None


def test_of_two_that_open_one_link_at_once_one_gets_in(jana, monkeypatch):
    token = new_token(jana)
    found = Link.objects.get()
    # The other one uses it between the look and the write of this one.
    monkeypatch.setattr("django.db.models.QuerySet.first", lambda rows: Link.objects.filter(pk=found.pk).update(used_at=NOW) and found)

    assert links.redeem(token, NOW) is None


def test_a_new_link_leaves_those_good_that_were_good(jana):
    first, second = new_token(jana), new_token(jana, NOW + timedelta(minutes=14))

    assert links.redeem(first, NOW + timedelta(minutes=14)) == jana
    assert links.redeem(second, NOW + timedelta(minutes=14)) == jana


def test_a_new_link_takes_away_those_that_have_ended(jana):
    for _ in range(3):
        new_token(jana)
    new_token(jana, NOW + timedelta(minutes=15))

    assert Link.objects.count() == 1


def test_a_link_that_is_no_good_is_only_looked_up(jana, django_assert_num_queries):
    token = new_token(jana)
    with django_assert_num_queries(1):
        assert links.redeem("1", NOW) is None
    with django_assert_num_queries(2):
        assert links.redeem(token, NOW) == jana
