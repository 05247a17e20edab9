"""The groups behind Today: a rule compares a fact with a value, these compare two facts or ask the record. Loaded by the AppConfig."""

from datetime import date

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm import groups
from crm.figures import Figures
from lifecycle.today import VITAL, is_due, is_quiet, is_silent, seen_to

ON_RHYTHM, TO_CONTACT = "on-rhythm", "to-contact"


def _on_rhythm(figures: Figures, today: date) -> Q:
    assert figures.as_of
    return VITAL & ~is_silent(figures.as_of)


def _to_contact(figures: Figures, today: date) -> Q:
    assert figures.as_of
    return (is_quiet(figures.as_of) | is_due(figures.as_of)) & ~seen_to(figures, figures.as_of, today)


groups.register(
    groups.Group(ON_RHYTHM, _("Vital few buying on rhythm"), _on_rhythm),
    groups.Group(TO_CONTACT, _("To contact"), _to_contact),
)
