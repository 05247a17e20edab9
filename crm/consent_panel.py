"""What a customer agreed to, on their page: what holds, with its dates, and the form to record it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django import forms
from django.core import signing
from django.db.models import OuterRef
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import panels, presence
from crm.consents import NEEDS_NONE, OBJECTED, of_one_alone, refusals, standing
from crm.evidence import EARLIEST
from crm.figures import Figures
from crm.form_fields import TOO_LONG, day_field
from crm.models import Consent, ConsentText, Customer
from crm.models.consent import LONGEST_CONSENT_TEXT
from crm.money import day
from crm.printed import printed

_SALT, UNDONE_WITHIN = "crm.consents", 3600
# What is shown though nobody has said anything of it: what is asked for most.
USUAL = [
    (Consent.Purpose.MARKETING, Consent.Channel.EMAIL),
    (Consent.Purpose.MARKETING, Consent.Channel.PHONE),
    (Consent.Purpose.SURVEYS, Consent.Channel.EMAIL),
]


def _choice(choices: Any, label: Any) -> forms.ChoiceField:
    wrong = gettext_lazy("That is none of the consents that are recorded; choose one of those shown.")
    errors = {"invalid_choice": wrong, "required": wrong}
    return forms.ChoiceField(choices=choices, label=label, widget=forms.Select({"class": "form-select"}), error_messages=errors)


class ConsentForm(forms.Form):
    purpose = _choice(Consent.Purpose.choices, gettext_lazy("What for"))
    channel = _choice(Consent.Channel.choices, gettext_lazy("Which way"))
    given = forms.TypedChoiceField(
        choices=[("yes", gettext_lazy("They agree")), ("no", gettext_lazy("They do not agree, or not any more"))],
        coerce=lambda value: value == "yes",
        label=gettext_lazy("What they said"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={"required": gettext_lazy("Say whether they agree."), "invalid_choice": gettext_lazy("They agree, or they do not.")},
    )
    how = _choice(Consent.How.choices, gettext_lazy("How they said it"))
    on = day_field(gettext_lazy("On"), gettext_lazy("Say on which day; today will do."))
    text = forms.CharField(
        required=False,
        max_length=LONGEST_CONSENT_TEXT,
        label=gettext_lazy("By which words"),
        widget=forms.Textarea({"rows": 2, "class": "form-control", "dir": "auto"}),
        error_messages=TOO_LONG,
        help_text=gettext_lazy("What they were asked, word by word. The same words are kept once, with their version."),
    )

    def __init__(self, asked: Mapping[str, Any] | None, today: date) -> None:
        super().__init__(asked, initial={"on": today, "given": "yes", "how": Consent.How.COUNTER}, auto_id="consent_%s")
        self.fields["on"].widget.attrs |= {"min": EARLIEST.isoformat(), "max": today.isoformat()}


class Said(NamedTuple):
    """A purpose and a channel, as the panel prints it. `holds` is None where nobody has said anything."""

    purpose: str
    channel: str
    title: str
    reason: str
    holds: bool | None
    text: str = ""


def _said(one: Consent) -> Said:
    text = _("Version %(version)d: %(text)s") % {"version": one.text.version, "text": one.text.text} if one.text else ""
    return Said(one.purpose, one.channel, title(one.purpose, one.channel), _reason(one), one.given, text)


def _nothing(purpose: ConsentText.Purpose, channel: Consent.Channel) -> Said:
    return Said(purpose.value, channel.value, title(purpose, channel), _("Never asked."), None)


def title(purpose: str, channel: str) -> str:
    words = {"purpose": Consent.Purpose(purpose).label, "channel": Consent.Channel(channel).label}
    return _("%(purpose)s: %(channel)s") % words


def _reason(one: Consent) -> str:
    words = {"day": day(one.on), "how": one.get_how_display(), "by": one.by}
    if one.given:
        return (_("Agreed on %(day)s, %(how)s; recorded by %(by)s.") if one.by else _("Agreed on %(day)s, %(how)s.")) % words
    return (_("Said no on %(day)s, %(how)s; recorded by %(by)s.") if one.by else _("Said no on %(day)s, %(how)s.")) % words


def _empty(today: date) -> dict[str, object]:
    return {"form": ConsentForm(None, today)}


@dataclass(frozen=True)
class ConsentPanel:
    customer: Customer
    said: list[Said]
    today: date
    # Whether they have objected to all marketing; and whether there is any left to object to, for one of those whom they were made of.
    wants_none: bool
    may_object: bool

    @property
    def fields(self) -> SafeString:
        return printed("crm/_consent_fields.html", _empty, self.today)

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "ConsentPanel | None":
        """Not in the past: nobody may be written to by what held then."""
        if figures.is_past:
            return None
        today, held = figures.business.today(), _standing(customer)
        known = {(one.purpose, one.channel) for one in held}
        never = [_nothing(*pair) for pair in USUAL if pair not in known]
        no = {(one.purpose, one.channel) for one in held if not one.given}
        wants_none = all((purpose.value, channel.value) in no for purpose in OBJECTED for channel in Consent.Channel)
        is_merged = wants_none and presence.is_there(customer, "merges")
        of_marketing = [one for one in held if one.purpose in OBJECTED]
        may_object = not wants_none or (is_merged and bool(of_one_alone(customer, of_marketing)))
        order = list(Consent.Purpose.values)
        said = sorted([*map(_said, held), *never], key=lambda one: (order.index(one.purpose), one.channel))
        # A message about an order needs no consent, and that nobody withdrew it says nothing.
        said = [one for one in said if not (one.purpose in NEEDS_NONE and one.holds)]
        if wants_none:
            # One sentence says it of all ways; those most asked for stay, each with its press.
            said = [one for one in said if one.purpose not in OBJECTED or (one.purpose, one.channel) in USUAL]
        return cls(customer, said, today, wants_none, may_object)


def undo_address(customer: Customer, made: Iterable[Consent]) -> str:
    """Where what these rows have written is put back: signed, for it comes back from outside."""
    return f"{reverse('consent_undo', args=[customer.pk])}?made={signing.dumps([customer.pk, *(one.pk for one in made)], salt=_SALT)}"


def read_undo(customer: Customer, text: str) -> list[int]:
    """Raises signing.BadSignature for another address, an old one or one of somebody else."""
    pk, *made = signing.loads(text, salt=_SALT, max_age=UNDONE_WITHIN)
    if pk != customer.pk:
        raise signing.BadSignature
    return list(made)


def _standing(customer: Customer) -> Sequence[Consent]:
    return presence.read_once(customer, "consents", lambda: standing(customer))


def marks_of(customer: Customer, figures: Figures) -> list[str] | None:
    """What stands in the head of the page of somebody who said no to marketing: about their orders they may still be written to."""
    return None if figures.is_past else refusals(_standing(customer)) or None


presence.register("consents", Consent.objects.filter(customer=OuterRef("pk")))
panels.register(panels.Panel("crm/_consents.html", ConsentPanel.of, order=60))
panels.register(panels.Panel("crm/_refusals.html", marks_of, order=-50))
