"""Today as the page prints it."""

from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from crm.figures import Figures
from crm.models import Customer, Order
from lifecycle.groups import TO_CONTACT
from lifecycle.headline import Stat, headline
from lifecycle.heights import Heights
from lifecycle.numbers import Numbers
from lifecycle.overnight import Overnight
from lifecycle.today import ToContact


@dataclass(frozen=True)
class Morning:
    """`contact` is None before the first figures, which come with the first order; `overnight` also when looking back."""

    day: date
    is_past: bool
    has_customers: bool
    has_orders: bool = True
    contact: ToContact | None = None
    stats: list[Stat] | None = None
    overnight: Overnight | None = None

    @classmethod
    def of(cls, figures: Figures, today: date, *, with_money: bool) -> "Morning":
        as_of = figures.as_of
        if as_of is None:
            return cls(today, False, Customer.objects.exists(), Order.objects.exists())
        contact = ToContact.at(figures, as_of, today)
        stats = headline(Numbers.kept(figures.facts, as_of), as_of, with_money=with_money)
        if figures.is_past:
            return cls(as_of, True, True, True, contact, stats)
        has_customers = bool(contact.people) or Customer.objects.exists()
        return cls(today, False, has_customers, True, contact, stats, Overnight.of(Heights.of(figures.business), as_of))

    @property
    def everyone(self) -> str:
        """The group of whom `contact` names the first."""
        return TO_CONTACT

    @property
    def heading(self) -> str:
        """The day, with its weekday; with the year when looking back."""
        # Not Django's own formats, which have no weekday.
        letters = pgettext("the heading of Today, in Django's letters for dates", "l, j E")
        past = pgettext("the heading of Today in another year, in Django's letters for dates", "l, j E Y")
        said = date_format(self.day, past if self.is_past else letters)
        return said[:1].upper() + said[1:]

    @property
    def finding(self) -> str:
        if self.contact is None:
            return _("The first figures come within a minute.") if self.has_orders else _("There are no orders yet.")
        people = len(self.contact.people)
        if self.is_past:
            said = ngettext("%(people)d person was worth a few minutes.", "%(people)d people were worth a few minutes.", people)
        elif people:
            said = ngettext("%(people)d person is worth a few minutes today.", "%(people)d people are worth a few minutes today.", people)
        else:
            return _("Nobody needs to be contacted today.")
        return said % {"people": people}
