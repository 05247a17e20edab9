"""Who in the record may be the very person that is being added: by phone, by company number, by name and town."""

from typing import NamedTuple

from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.fold import fold
from crm.models import Business, Candidate, Customer
from crm.models.customer import key_start
from crm.phones import FEWEST_DIGITS, digits_of, phone_key
from crm.searching import matching

MOST_NAMED = 5
Why = Candidate.Why


class Alike(NamedTuple):
    customer: Customer
    why: Why


def is_phone(phone: str) -> bool:
    """Whether somebody could be reached there: digits enough, and nothing that belongs into another field."""
    return len(digits_of(phone)) >= FEWEST_DIGITS and not any(
        letter.isalpha() for letter in phone.lower().replace("ext", "").replace("x", "")
    )


def with_email(email: str, *, but: int | None = None) -> Customer | None:
    return Customer.objects.filter(email=email.strip().lower()).exclude(pk=but or 0).first() if email.strip() else None


def alike(new: Customer) -> list[Alike]:
    """At most MOST_NAMED with the phone or the company number of `new`, who is not kept yet, or of that name in that town or in one that
    we do not know."""
    found: dict[int, Alike] = {}
    looks = ((Why.PHONE, _with_phone(new)), (Why.COMPANY, _with_company_number(new)), (Why.NAME, _named(new)))
    for why, those in looks:
        for one in those:
            found.setdefault(one.pk, Alike(one, why))
    return list(found.values())[:MOST_NAMED]


def _with_phone(new: Customer) -> list[Customer]:
    """What is no number of the network by its digits as they stand."""
    home = Business.load().country if new.phone else ""
    if key := phone_key(new.phone, new.country, home):
        return list(Customer.objects.present().filter(phone_key=key).exclude(phone_key="").order_by("pk")[:MOST_NAMED])
    digits = digits_of(new.phone)
    if len(digits) < FEWEST_DIGITS:
        return []
    holding = Customer.objects.present().filter(matching(digits), phone_key="").exclude(phone="").order_by("pk")[: MOST_NAMED**2]
    return [one for one in holding if digits_of(one.phone) == digits]


def _with_company_number(new: Customer) -> list[Customer]:
    """Of who works at a company it is that one's."""
    if not new.company_number:
        return []
    same = Customer.objects.present().filter(company_number=new.company_number, works_at=None).exclude(company_number="")
    return list(same.order_by("pk")[:MOST_NAMED])


def _named(new: Customer) -> list[Customer]:
    start = fold(new.name)[:50]
    if not start:
        return []
    # A range of the index on the beginning of the key.
    same = (
        Customer.objects.present()
        .annotate(start=key_start())
        .filter(start__gte=start, start__lt=f"{start}\uffff", search_key__startswith=start)
    )
    town = Q() if not fold(new.city) else Q(city_key="") | Q(city_key=fold(new.city))
    return [one for one in same.filter(town).order_by("start", "pk")[:MOST_NAMED] if fold(one.name) == fold(new.name)]


def link(customer: Customer) -> SafeString:
    return format_html('<a href="{}" dir="auto">{}</a>', reverse("customer", args=[customer.pk]), customer)


def email_taken(other: Customer) -> SafeString:
    return format_html(_("{who} has this e-mail already: write to them, or give another e-mail."), who=link(other))


def looks_like(other: Customer, why: Why) -> SafeString:
    if why == Why.PHONE:
        return format_html(_("{who} has this phone already. Are they the same person?"), who=link(other))
    if why == Why.COMPANY:
        return format_html(_("{who} has this company number already. Are they the same company?"), who=link(other))
    if other.city:
        return format_html(_("There is {who} in {city} already. Are they the same person?"), who=link(other), city=other.city)
    return format_html(_("There is {who} already. Are they the same person?"), who=link(other))
