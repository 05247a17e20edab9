"""Who may sign in: the e-mail, the roles, and the last owner."""

import pytest
from django.core.exceptions import ValidationError

from crm.models import User

pytestmark = pytest.mark.django_db


def test_an_email_is_kept_in_small_letters_and_found_in_any():
    user = User.objects.create_user(" Jana@DveZrna.cz ", "long enough words")

    assert user.email == "jana@dvezrna.cz"
    assert User.objects.get_by_natural_key("JANA@dvezrna.CZ") == user


def test_a_superuser_is_an_owner_and_sees_the_admin_panel():
    owner = User.objects.create_superuser("jana@dvezrna.cz", "long enough words")

    assert (owner.role, owner.is_staff, owner.has_perm("crm.add_order")) == ("owner", True, True)


def test_staff_may_nothing_in_the_admin_panel():
    staff = User.objects.create_user("petr@dvezrna.cz", "long enough words")

    assert (staff.role, staff.is_staff, staff.has_perm("crm.view_order"), staff.has_module_perms("crm")) == ("staff", False, False, False)


@pytest.mark.parametrize("change", [{"role": "staff"}, {"is_active": False}])
def test_the_last_owner_stays_an_owner_who_may_sign_in(change):
    owner = User.objects.create_superuser("jana@dvezrna.cz", "long enough words")
    for name, value in change.items():
        setattr(owner, name, value)

    with pytest.raises(ValidationError, match="the last owner"):
        owner.full_clean()


def test_one_of_two_owners_may_step_down():
    owner = User.objects.create_superuser("jana@dvezrna.cz", "long enough words")
    User.objects.create_superuser("petr@dvezrna.cz", "long enough words")

    owner.role = User.Role.STAFF
    owner.full_clean()

    assert not owner.is_staff
