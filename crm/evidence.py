"""What somebody knows of a customer that no order says: recorded with its day and a name, shown as it holds now, taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator, RegexValidator
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import hiding, presence, record
from crm.models import Customer, Evidence, User
from crm.models.evidence import LONGEST_EVIDENCE

Kind = Evidence.Kind
EARLIEST = date(1970, 1, 1)
# The customer's own column that says whether, and since when, it holds.
COLUMNS = {
    Kind.ONLY_US: "only_us_on",
    Kind.PARTNER: "partner_on",
    Kind.DISQUALIFIED: "disqualified_on",
    Kind.LOST: "lost_marked_on",
    Kind.REFERRED: "referred_on",
}
# Enough for anyone; and so far up a chain of recommendations a loop is looked for.
MOST_READ, LONGEST_CHAIN = 200, 1_000
# No encoding has one for half of a surrogate pair.
whole_letters = RegexValidator("[\ud800-\udfff]", gettext_lazy("The text holds letters that are none: type it anew."), inverse_match=True)


class RecordedAlready(ValidationError):
    """The very same is in the record: the form was sent twice."""


@transaction.atomic
def record_evidence(
    *,
    customer: Customer,
    kind: str,
    holds: bool,
    happened_on: date,
    by: User,
    text: str,
    lost_reason: str = "",
    referrer: Customer | None = None,
    today: date,
) -> Evidence:
    """Writes that `kind` holds since `happened_on`, or holds no more, and the customer's own column with it; notes who has changed.

    `referrer` goes with a recommendation that holds, `lost_reason` with one who has left. Raises ValidationError for a day after `today` or
    before 1970, for a text that cannot be kept, and for a recommendation by nobody, by themselves or in a circle; RecordedAlready for what
    is in the record already, and for taking back what does not hold.
    """
    known = _kind(kind)
    _check(known, holds, happened_on, text, lost_reason, today)
    # Two sendings of one form wait for each other; so do two people who would each make the other the referrer.
    locked = hiding.locked(customer, *([referrer] if referrer else []))[customer.pk]
    if known == Kind.REFERRED:
        _check_referrer(locked, referrer, holds)
    made = Evidence(customer=locked, kind=known, holds=holds, happened_on=happened_on, lost_reason=lost_reason, text=text.strip(), by=by)
    _refuse_twice(locked, made, referrer)
    setattr(locked, COLUMNS[known], happened_on if holds else None)
    if known == Kind.REFERRED:
        locked.referred_by = referrer if holds else None
    record.save_customer(customer=locked, by=by)
    made.save()
    return made


def _kind(kind: str) -> Evidence.Kind:
    if kind not in Kind.values:
        raise ValidationError(_("That is none of the things that are recorded; choose one of those shown."))
    return Kind(kind)


def _check(kind: Evidence.Kind, holds: bool, happened_on: date, text: str, lost_reason: str, today: date) -> None:
    if happened_on > today:
        raise ValidationError(_("That day has not come yet: give today or a day that has been."))
    if happened_on < EARLIEST:
        raise ValidationError(_("Nothing is recorded of the time before 1970: give a later day."))
    for refuses in (ProhibitNullCharactersValidator(), MaxLengthValidator(LONGEST_EVIDENCE), whole_letters):
        refuses(text)
    if lost_reason and (kind != Kind.LOST or not holds):
        raise ValidationError(_("Why they left is said of those who have left us."))
    if lost_reason and lost_reason not in Evidence.LostReason.values:
        raise ValidationError(_("There is no such reason; choose one of those shown."))


def _check_referrer(customer: Customer, referrer: Customer | None, holds: bool) -> None:
    if not holds:
        return
    if referrer is None:
        raise ValidationError(_("Say who recommended them: part of a name, an e-mail or an id."))
    if referrer.pk == customer.pk:
        raise ValidationError(_("Nobody recommends themselves: name somebody else."))
    if is_above(customer, referrer):
        sentence = _("%(referrer)s came to us through %(customer)s, so it cannot have been the other way round as well.")
        raise ValidationError(sentence % {"referrer": referrer, "customer": customer})


def is_above(customer: Customer, referrer: Customer) -> bool:
    """Whether `referrer` was recommended by `customer`, or by whom they recommended, and so on."""
    seen, above = set[int](), referrer.referred_by_id
    while above and above not in seen and len(seen) < LONGEST_CHAIN:
        if above == customer.pk:
            return True
        seen.add(above)
        above = Customer.objects.filter(pk=above).values_list("referred_by", flat=True).first()
    return False


def _refuse_twice(customer: Customer, made: Evidence, referrer: Customer | None) -> None:
    held: date | None = getattr(customer, COLUMNS[Kind(made.kind)])
    if not made.holds:
        if held is None:
            raise RecordedAlready(_("That does not hold any more, so there is nothing to take back."))
        return
    if held != made.happened_on or (referrer and customer.referred_by_id != referrer.pk):
        return
    last = Evidence.objects.filter(customer=customer, kind=made.kind).order_by("-pk").first()
    if last and (last.holds, last.happened_on, last.lost_reason, last.text) == (True, made.happened_on, made.lost_reason, made.text):
        raise RecordedAlready(_("That is recorded already."))


@dataclass(frozen=True)
class Held:
    """What holds now of a customer. `evidence` is who recorded it and how it is known; None where an import or the panel brought it."""

    kind: Evidence.Kind
    since: date
    evidence: Evidence | None
    referrer: Customer | None = None
    # They have ordered since, so a mark of having left counts no more.
    is_outdated: bool = False


def evidence_of(customer: Customer) -> Sequence[Evidence]:
    """The latest by their day, at most MOST_READ."""

    def read() -> QuerySet[Evidence]:
        return Evidence.objects.filter(customer=customer).select_related("by").order_by("-happened_on", "-pk")[:MOST_READ]

    return presence.read_once(customer, "evidence", read)


def held(customer: Customer) -> list[Held]:
    """What the customer's own columns say holds now, each with the evidence of that very day."""
    found = []
    for kind, column in COLUMNS.items():
        since: date | None = getattr(customer, column)
        if since is None:
            continue
        of_it = [each for each in evidence_of(customer) if each.kind == kind and each.holds and each.happened_on == since]
        evidence = max(of_it, key=lambda each: each.pk, default=None)
        referrer = customer.referred_by if kind == Kind.REFERRED else None
        found.append(Held(kind, since, evidence, referrer, kind == Kind.LOST and _has_ordered_since(customer, since)))
    return found


def _has_ordered_since(customer: Customer, day: date) -> bool:
    facts = getattr(customer, "facts", None)
    return bool(facts and facts.last_order_on and facts.last_order_on >= day)
