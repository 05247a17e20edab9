"""Where people work: at a customer that is a company. Written one person at a time, with its audit."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, hiding
from crm.models import Customer, User
from crm.people.words import line

LONGEST_POSITION = 100

audit.register(
    audit.Action("company.joined", gettext_lazy("Company of a person set")),
    audit.Action("company.left", gettext_lazy("Taken out of a company")),
)


@transaction.atomic
def set_company(*, person: Customer, company: Customer, position: str, by: User) -> bool:
    """That `person` works there, as what; False where that is in the record already.

    Raises ValidationError for a company that is a person, a person that is a company, and a position that cannot be kept.
    """
    position = line(position, LONGEST_POSITION)
    both = hiding.locked(person, company)
    here, there = both[person.pk], both[company.pk]
    if there.entity != Customer.Entity.COMPANY:
        raise ValidationError(_("%(who)s is a person; people work at a company.") % {"who": there})
    if here.entity != Customer.Entity.PERSON:
        raise ValidationError(_("%(who)s is a company; only a person works at one.") % {"who": here})
    if (here.works_at_id, here.position) == (there.pk, position):
        return False
    before = _said(here)
    Customer.objects.filter(pk=here.pk).update(works_at=there, position=position)
    here.works_at, here.position = there, position
    audit.keep(what="company.joined", by=by, of=there, customer=here, changes={"works_at": [before, _said(here)]})
    return True


@transaction.atomic
def leave_company(*, person: Customer, by: User) -> Customer | None:
    """The company where they worked, None where they worked at none."""
    here = hiding.locked(person)[person.pk]
    company = here.works_at
    if company is None:
        return None
    before = _said(here)
    Customer.objects.filter(pk=here.pk).update(works_at=None, position="")
    audit.keep(what="company.left", by=by, of=company, customer=here, changes={"works_at": [before, ""]})
    return company


def _said(person: Customer) -> str:
    company = str(person.works_at) if person.works_at else ""
    return f"{company}, {person.position}" if person.position else company
