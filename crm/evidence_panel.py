"""What is known of a customer beside their orders, on their page: what holds now, the form to record it, and its place in the timeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core import signing
from django.db.models import OuterRef, Q
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import evidence_words, panels, presence, timeline
from crm.evidence import EARLIEST, Held, evidence_of, held
from crm.figures import Figures
from crm.form_fields import TOO_LONG, day_field
from crm.models import Customer, Evidence
from crm.models.evidence import LONGEST_EVIDENCE
from crm.printed import printed
from crm.timeline import Before, Entry, before_it
from crm.whom import Whom

# The first number of an entry's key: above the orders and contacts of its day (crm/happened.py).
EVIDENCE = 3
_SALT, UNDONE_WITHIN = "crm.evidence", 3600


class EvidenceForm(forms.Form):
    """One thing that is known. Of one who has left us it is asked why, and of one who was recommended by whom."""

    kind = forms.ChoiceField(
        choices=Evidence.Kind.choices,
        label=gettext_lazy("What you know"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={
            "required": gettext_lazy("Say what it is that you know."),
            "invalid_choice": gettext_lazy("That is none of the things that are recorded; choose one of those shown."),
        },
    )
    happened_on = day_field(gettext_lazy("Since"), gettext_lazy("Say since when; today will do."))
    lost_reason = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("Choose a reason")), *Evidence.LostReason.choices],
        label=gettext_lazy("Why they left"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("There is no such reason; choose one of those shown.")},
    )
    who = forms.CharField(
        required=False,
        label=gettext_lazy("Who recommended them"),
        widget=forms.TextInput({"class": "form-control", "type": "search", "autocomplete": "off", "dir": "auto", "maxlength": 200}),
    )
    referrer = forms.CharField(required=False)
    text = forms.CharField(
        required=False,
        max_length=LONGEST_EVIDENCE,
        label=gettext_lazy("How we know"),
        widget=forms.Textarea({"rows": 2, "class": "form-control", "dir": "auto"}),
        error_messages=TOO_LONG,
    )

    def __init__(self, asked: Mapping[str, Any] | None, today: date) -> None:
        super().__init__(asked, initial={"happened_on": today}, auto_id="evidence_%s")
        self.fields["happened_on"].widget.attrs |= {"min": EARLIEST.isoformat(), "max": today.isoformat()}
        self.whom = Whom()

    def clean(self) -> None:
        kind, read = self.cleaned_data.get("kind"), self.cleaned_data
        if kind == Evidence.Kind.LOST and not read.get("lost_reason") and "lost_reason" not in self.errors:
            self.add_error("lost_reason", _("Say why they left; another reason will do."))
        if kind == Evidence.Kind.REFERRED and "who" not in self.errors:
            self._find(read.get("who", ""), read.get("referrer", ""))

    def _find(self, words: str, chosen: str) -> None:
        # By an id or an e-mail it is clear who, though others may hold it as a part.
        exact = list(Customer.objects.present().filter(Q(external_id=words) | Q(email=words.lower()))[:2]) if words else []
        if len(exact) == 1 and not chosen:
            self.whom = Whom(words, exact, exact[0])
        elif words or chosen:
            self.whom = Whom.asked({"who": words, "customer": chosen})
        if self.whom.found is None:
            unclear = _("Several fit “%(words)s”: choose who it was.") % {"words": words}
            nobody = self.whom.problem if words else _("Say who recommended them: part of a name, an e-mail or an id.")
            self.add_error("who", unclear if self.whom.offered else nobody)

    @property
    def evidence(self) -> dict[str, Any]:
        """What record_evidence takes, of a valid form: what does not belong to the kind is left out."""
        read = self.cleaned_data
        return {
            "kind": read["kind"],
            "happened_on": read["happened_on"],
            "text": read["text"],
            "lost_reason": read["lost_reason"] if read["kind"] == Evidence.Kind.LOST else "",
            "referrer": self.whom.found if read["kind"] == Evidence.Kind.REFERRED else None,
        }

    @property
    def problems(self) -> list[str]:
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]


@dataclass(frozen=True)
class Known:
    """A thing that holds, as the page prints it; `back` is where one click takes it back."""

    words: str
    reason: str
    text: str
    is_outdated: bool
    kind: str

    @classmethod
    def of(cls, one: Held) -> "Known":
        text = one.evidence.text if one.evidence else ""
        return cls(evidence_words.sentence(one), evidence_words.reason(one.evidence), text, one.is_outdated, one.kind.value)


def _empty(today: date) -> dict[str, object]:
    return {"form": EvidenceForm(None, today)}


@dataclass(frozen=True)
class EvidencePanel:
    customer: Customer
    known: list[Known]
    today: date

    @property
    def fields(self) -> SafeString:
        return printed("crm/_evidence_fields.html", _empty, self.today)

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "EvidencePanel | None":
        """Not in the past: what holds now did not hold then, and nothing is recorded there."""
        if figures.is_past:
            return None
        return cls(customer, [Known.of(one) for one in held(customer)], figures.business.today())


def undo_address(customer: Customer, taken_back: Held) -> str:
    """Where to record once more what was taken back: signed, for it comes back from outside."""
    evidence, referrer = taken_back.evidence, taken_back.referrer
    said = [taken_back.kind.value, taken_back.since.isoformat(), evidence.pk if evidence else None, referrer.pk if referrer else None]
    return f"{reverse('evidence_again', args=[customer.pk])}?was={signing.dumps([customer.pk, *said], salt=_SALT)}"


def read_undo(customer: Customer, text: str) -> dict[str, Any]:
    """What record_evidence takes, of such an address. Raises signing.BadSignature for another, an old one or one of somebody else."""
    pk, kind, since, evidence, referrer = signing.loads(text, salt=_SALT, max_age=UNDONE_WITHIN)
    if pk != customer.pk:
        raise signing.BadSignature
    was = Evidence.objects.filter(pk=evidence, customer=customer).first()
    told = {"text": was.text, "lost_reason": was.lost_reason} if was else {"text": "", "lost_reason": ""}
    return {
        "kind": kind,
        "happened_on": date.fromisoformat(since),
        "referrer": Customer.objects.present().filter(pk=referrer).first(),
        **told,
    }


@dataclass(frozen=True)
class Recorded:
    title: str
    reason: str
    text: str
    by: str


def recorded(customer: Customer, before: Before, limit: int) -> list[Entry]:
    """The latest may have been read for the panel already."""
    if before is None:
        found = list(evidence_of(customer)[:limit])
    else:
        older = Evidence.objects.filter(before_it("happened_on", EVIDENCE, before), customer=customer).select_related("by")
        found = list(older.order_by("-happened_on", "-pk")[:limit])
    return [_entry(each) for each in found]


def _entry(evidence: Evidence) -> Entry:
    words = Recorded(evidence_words.title(evidence), evidence_words.reason(evidence), evidence.text, str(evidence.by or ""))
    icon = "evidence" if evidence.holds else "undo"
    return Entry(evidence.happened_on, (EVIDENCE, evidence.pk), icon, "crm/_recorded.html", words)


presence.register("evidence", Evidence.objects.filter(customer=OuterRef("pk")))
timeline.register(recorded)
panels.register(panels.Panel("crm/_evidence.html", EvidencePanel.of, order=20))
