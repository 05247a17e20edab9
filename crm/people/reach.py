"""How a customer is best reached: what they have said, and where they have said nothing, what their own contacts show."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, hiding, presence
from crm.figures import Figures
from crm.happened import latest_contacts
from crm.models import Customer, Interaction, SocialProfile, User

# Fewer of them show no habit.
LEAST = 5
Prefers, Kind = Customer.Prefers, Interaction.Kind
_CHANNELS = {
    Kind.CALL: Prefers.CALL,
    Kind.EMAIL: Prefers.EMAIL,
    Kind.CHAT: Prefers.TEXT,
    Kind.VISIT: Prefers.VISIT,
    Kind.SOCIAL: Prefers.SOCIAL,
    Kind.LETTER: Prefers.LETTER,
}
_BY_CHANNEL: dict[str, Promise] = {
    Prefers.CALL: gettext_lazy("Mostly calls us (%(times)d of %(all)d)."),
    Prefers.EMAIL: gettext_lazy("Mostly writes by e-mail (%(times)d of %(all)d)."),
    Prefers.TEXT: gettext_lazy("Mostly writes short messages (%(times)d of %(all)d)."),
    Prefers.VISIT: gettext_lazy("Mostly comes in person (%(times)d of %(all)d)."),
    Prefers.SOCIAL: gettext_lazy("Mostly writes on a social network (%(times)d of %(all)d)."),
    Prefers.LETTER: gettext_lazy("Mostly sends letters (%(times)d of %(all)d)."),
}
_BY_HOUR: list[tuple[range, Promise]] = [
    (range(5, 12), gettext_lazy("Mostly in the morning (%(times)d of %(all)d).")),
    (range(12, 17), gettext_lazy("Mostly in the afternoon (%(times)d of %(all)d).")),
    (range(17, 22), gettext_lazy("Mostly in the evening (%(times)d of %(all)d).")),
]

audit.register(audit.Action("reach.changed", gettext_lazy("How to reach them changed")))


def channel_habit(kinds: Iterable[str]) -> str:
    """How the customer mostly comes to us, in a sentence: what more than half of at least LEAST contacts have in common; else nothing."""
    channels = [_CHANNELS[Kind(kind)] for kind in kinds if kind in _CHANNELS]
    return _mostly(channels, len(channels), _BY_CHANNEL.__getitem__)


def hour_habit(moments: Iterable[datetime | None], zone: str) -> str:
    """When, likewise, by the hour in the business's zone; contacts without a moment tell nothing."""
    hours = [at.astimezone(ZoneInfo(zone)).hour for at in moments if at]
    bands = [place for hour in hours for place, (band, _words) in enumerate(_BY_HOUR) if hour in band]
    return _mostly(bands, len(hours), lambda place: _BY_HOUR[place][1])


def _mostly(found: list[Any], total: int, words: Callable[[Any], Promise]) -> str:
    if total < LEAST or not found:
        return ""
    key, times = Counter(found).most_common(1)[0]
    return str(words(key) % {"times": times, "all": total}) if times * 2 > total else ""


def hours_said(customer: Customer) -> str:
    """When they are best reached, as they have said."""
    begins, ends = customer.best_from, customer.best_until
    if begins is None and ends is None:
        return ""
    if ends is None:
        return _("after %(from)d:00") % {"from": begins}
    if begins is None:
        return _("before %(until)d:00") % {"until": ends}
    return _("from %(from)d:00 to %(until)d:00") % {"from": begins, "until": ends}


@dataclass(frozen=True)
class Reach:
    """`prefers` and `hours` are what they have said; `habits` what is seen, where they have not said it."""

    customer: Customer
    prefers: str
    hours: str
    habits: list[str]
    profiles: list[SocialProfile]

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "Reach | None":
        if figures.is_past:
            return None
        prefers, hours, seen = str(customer.get_prefers_display() or ""), hours_said(customer), list[str]()
        if not (prefers and hours):
            theirs = [each for each in latest_contacts(customer) if each.direction == Interaction.Direction.IN]
            by_channel = "" if prefers else channel_habit(each.kind for each in theirs)
            by_hour = "" if hours else hour_habit((each.happened_at for each in theirs), figures.business.zone)
            seen = [habit for habit in (by_channel, by_hour) if habit]
        profiles = list(customer.social_profiles.order_by("network", "pk")) if presence.is_there(customer, "profiles") else []
        return cls(customer, prefers, hours, seen, profiles)


_HOURS = [(hour, f"{hour}:00") for hour in range(25)]


class ReachForm(forms.Form):
    prefers = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("they have not said")), *Prefers.choices],
        label=gettext_lazy("Prefers"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("There is no such way; choose one of those shown.")},
    )
    best_from = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", gettext_lazy("any time")), *_HOURS[:24]],
        label=gettext_lazy("Best from"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("Choose a whole hour.")},
    )
    best_until = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", gettext_lazy("any time")), *_HOURS[1:]],
        label=gettext_lazy("Best until"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("Choose a whole hour.")},
    )

    def clean(self) -> None:
        begins, ends = self.cleaned_data.get("best_from"), self.cleaned_data.get("best_until")
        if begins is not None and ends is not None and begins >= ends:
            self.add_error("best_until", _("The best time ends after it begins: choose a later hour."))

    @classmethod
    def of(cls, customer: Customer) -> "ReachForm":
        return cls(initial={"prefers": customer.prefers, "best_from": customer.best_from, "best_until": customer.best_until})


@transaction.atomic
def save_reach(*, customer: Customer, said: dict[str, Any], by: User) -> bool:
    """Writes what a valid ReachForm says; False where it says what is in the record already."""
    here = hiding.locked(customer)[customer.pk]
    changes: audit.Changes = {name: [getattr(here, name), value] for name, value in said.items() if getattr(here, name) != value}
    if not changes:
        return False
    Customer.objects.filter(pk=here.pk).update(**said)
    audit.keep(what="reach.changed", by=by, of=here, customer=here, changes=changes)
    return True
