"""Who agreed to be written to, for what and which way; and who may be. The one place that says whether a message may go.

The rows are only ever added to: of each customer, purpose and channel the latest is what holds. Messages about their orders need none;
whatever else needs one that was given and not withdrawn. There is no exception for existing customers (docs/development.md).
"""

from collections.abc import Collection, Iterable
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, hiding, record
from crm.bulk import among
from crm.evidence import EARLIEST, whole_letters
from crm.models import Changed, Consent, ConsentText, Customer, Merge, User
from crm.models.consent import LONGEST_CONSENT_TEXT

Purpose, Channel, How = Consent.Purpose, Consent.Channel, Consent.How
# What somebody objects to who objects to marketing (GDPR, article 21).
OBJECTED = (Purpose.MARKETING, Purpose.PROFILING)
# Messages about an order that was placed need no consent: they may go until somebody withdraws.
NEEDS_NONE = {Purpose.SERVICE}
# As a merge calls the column by which a consent is somebody's.
NAMES_CUSTOMER = f"{Consent._meta.label}.customer"

audit.register(
    audit.Action("consent.given", gettext_lazy("Consent given")),
    audit.Action("consent.withdrawn", gettext_lazy("Consent withdrawn")),
    audit.Action("consent.text", gettext_lazy("Text of a consent written")),
    audit.Action("consent.gone_back", gettext_lazy("Refusal gone back with the merge that had brought it")),
)


class SaidAlready(ValidationError):
    """The very same holds already."""


@transaction.atomic
def record_consent(
    *, customer: Customer, purpose: str, channel: str, given: bool, how: str, on: date, by: User, today: date, text: str = ""
) -> Consent:
    """Writes that they agreed, by `text` where it is given, or agree no more.

    Raises ValidationError for what is none of the purposes, channels and ways, for a day to come or before 1970, and for a text that cannot
    be kept; SaidAlready where that holds already.
    """
    _check(purpose, channel, how, on, today)
    # Two sendings of one form wait for each other.
    locked = hiding.locked(customer)[customer.pk]
    last = _latest(locked, purpose, channel)
    if last and last.given == given and _adds_nothing(last, text) and (given or not of_one_alone(locked, [last])):
        raise SaidAlready(_("That is recorded already."))
    words = _text(purpose, text, by) if given and text.strip() else None
    made = Consent.objects.create(customer=locked, purpose=purpose, channel=channel, given=given, on=on, how=how, text=words, by=by)
    audit.keep(
        what="consent.given" if given else "consent.withdrawn",
        by=by,
        of=made,
        customer=locked,
        changes=audit.differences(audit.values(last) if last else {}, audit.values(made)),
    )
    record.note_changed(Changed.Why.CUSTOMER, locked.pk)
    return made


def _adds_nothing(last: Consent, text: str) -> bool:
    """Who agrees to other words than before agrees anew."""
    return not text.strip() or (last.text is not None and last.text.text == text.strip())


def of_one_alone(customer: Customer, refused: Iterable[Consent]) -> set[int]:
    """The keys of those noes that were said before the last merge, or that a merge has written: they go back to the one who said them, and
    a no that is said now is said for both. One query."""
    last = Merge.objects.filter(into=customer, undone_at=None).order_by("-pk").first()
    if last is None:
        return set()
    newest, brought = last.newest.get(NAMES_CUSTOMER, 0), last.changes.get("refusals", [])
    return {one.pk for one in refused if one.pk <= newest or one.pk in brought}


def _check(purpose: str, channel: str, how: str, on: date, today: date) -> None:
    if purpose not in Purpose.values or channel not in Channel.values or how not in How.values:
        raise ValidationError(_("That is none of the consents that are recorded; choose one of those shown."))
    if on > today:
        raise ValidationError(_("That day has not come yet: give today or a day that has been."))
    if on < EARLIEST:
        raise ValidationError(_("Nothing is recorded of the time before 1970: give a later day."))


def _latest(customer: Customer, purpose: str, channel: str) -> Consent | None:
    return Consent.objects.filter(customer=customer, purpose=purpose, channel=channel).order_by("-pk").first()


def _text(purpose: str, text: str, by: User) -> ConsentText:
    """The version of these words: the same words are the same version, others the next."""
    text = text.strip()
    for refuses in (ProhibitNullCharactersValidator(), MaxLengthValidator(LONGEST_CONSENT_TEXT), whole_letters):
        refuses(text)
    versions = ConsentText.objects.select_for_update().filter(purpose=purpose).order_by("-version")
    known = versions.filter(text=text).first()
    if known:
        return known
    newest = versions.first()
    made = ConsentText.objects.create(purpose=purpose, text=text, version=newest.version + 1 if newest else 1)
    audit.keep(what="consent.text", by=by, of=made, changes=audit.differences({}, audit.values(made)))
    return made


@transaction.atomic
def object_to_marketing(*, customer: Customer, how: str, on: date, by: User, today: date) -> list[Consent]:
    """Withdraws all marketing and profiling, whichever way: also what was never given, so that it is known that they said no."""
    locked = hiding.locked(customer)[customer.pk]
    said_no = [one for one in standing(locked) if not one.given]
    alone = of_one_alone(locked, said_no)
    known = {(one.purpose, one.channel) for one in said_no if one.pk not in alone}
    return [
        record_consent(customer=locked, purpose=purpose, channel=channel, given=False, how=how, on=on, by=by, today=today)
        for purpose in OBJECTED
        for channel in Channel
        if (purpose.value, channel.value) not in known
    ]


def standing(customer: Customer) -> list[Consent]:
    """The latest of each purpose and channel: what holds now. One query."""
    return list(Consent.objects.filter(_IS_LATEST, customer=customer).select_related("by", "text").order_by("pk"))


_LATER = Consent.objects.filter(
    customer=OuterRef("customer"), purpose=OuterRef("purpose"), channel=OuterRef("channel"), pk__gt=OuterRef("pk")
)
_IS_LATEST = ~Exists(_LATER)


def refused_by(*customers: Customer) -> list[Consent]:
    """What holds of each of them and is a no."""
    return [one for customer in customers for one in standing(customer) if not one.given]


def keep_refusals(*, customer: Customer, refused: Iterable[Consent], by: User) -> list[int]:
    """Of two who became one: a no of either still holds where no later day has a yes. It is written once more, for the latest row of all
    holds; the keys of what was written, for the day on which they come apart."""
    here = {(one.purpose, one.channel): one for one in standing(customer)}
    written = []
    for one in refused:
        holds = here.get((one.purpose, one.channel))
        if holds and holds.given and holds.on <= one.on:
            here[one.purpose, one.channel] = again = _said_of(customer, one, holds, by)
            written.append(again.pk)
    return written


def release_refusals(*, keys: Iterable[int], by: User) -> list[Consent]:
    """Of two who come apart: what `keep_refusals` has written goes, to be deleted by who called; an entry tells of each."""
    released = list(Consent.objects.filter(pk__in=list(keys)).order_by("pk"))
    for one in released:
        gone = {name: [value, None] for name, value in audit.values(one).items() if value is not None}
        audit.keep(what="consent.gone_back", by=by, of=one, customer=one.customer_id, changes=gone)
    return released


def hand_refusals(*, customer: Customer, refused: Iterable[Consent], by: User) -> list[Consent]:
    """Of two who come apart: what was refused while they were one is refused by both, whichever of them said it. What was written."""
    here = {(one.purpose, one.channel): one for one in standing(customer)}
    holds = [(one, here.get((one.purpose, one.channel))) for one in refused]
    return [_said_of(customer, one, before, by) for one, before in holds if before is None or before.given]


def _said_of(customer: Customer, one: Consent, before: Consent | None, by: User) -> Consent:
    """The same once more, of another customer."""
    said = {"purpose": one.purpose, "channel": one.channel, "given": one.given, "on": one.on, "how": one.how, "by": one.by}
    again = Consent.objects.create(customer=customer, **said)
    changes = audit.differences(audit.values(before) if before else {}, audit.values(again))
    audit.keep(what="consent.withdrawn", by=by, of=again, customer=customer, changes=changes)
    return again


def may_send_q(purpose: str, channel: str | None = None, on: date | None = None, customer: str = "pk") -> Q:
    """Who may be sent a message for `purpose` by `channel`, by any way where that is None, on that day, now where there is none.

    A condition on rows whose path to the customer's key is `customer`: an Exists, whose `not` is its exact complement.
    """
    if channel is None:
        return Q(any_of([may_send_q(purpose, each, on, customer) for each in Channel.values]))
    said = Consent.objects.filter(customer=OuterRef(customer), purpose=purpose, channel=channel)
    said = said.filter(on__lte=on) if on else said
    last = said.filter(pk=Subquery(_last_of(purpose, channel, on, customer)))
    if purpose in NEEDS_NONE:
        return ~Q(Exists(last.filter(given=False)))
    return Q(Exists(last.filter(given=True)))


def _last_of(purpose: str, channel: str, on: date | None, customer: str) -> "models.QuerySet[Consent, int]":
    said = Consent.objects.filter(customer=OuterRef("customer"), purpose=purpose, channel=channel)
    said = said.filter(on__lte=on) if on else said
    return said.order_by("-pk").values_list("pk", flat=True)[:1]


def any_of(parts: list[Q]) -> Q:
    found = Q(pk__isnull=True)
    for part in parts:
        found |= part
    return found


def may_send(customers: Iterable[Customer | int], purpose: str, channel: str, on: date | None = None) -> set[int]:
    """The keys of those among `customers` who may be sent such a message: nobody who is in the bin or merged away. One query."""
    keys = [one.pk if isinstance(one, Customer) else one for one in customers]
    if not keys:
        return set()
    may = Customer.objects.present().filter(may_send_q(purpose, channel, on), pk__in=among(keys))
    return set(may.values_list("pk", flat=True))


# What a page says of somebody who does not want to hear from us that way.
_REFUSALS = {
    Channel.EMAIL: gettext_lazy("No marketing e-mails"),
    Channel.PHONE: gettext_lazy("No marketing calls"),
    Channel.SMS: gettext_lazy("No marketing messages"),
}


def refusals(standing: Iterable[Consent]) -> list[str]:
    """In words, of rows that hold now, the ways by which somebody wants no news and offers. Who never said is not marked."""
    return [str(_REFUSALS[Channel(one.channel)]) for one in standing if _is_refusal(one)]


def _is_refusal(one: Consent) -> bool:
    return not one.given and one.purpose == Purpose.MARKETING and one.channel in _REFUSALS


def refused(customers: Collection[int]) -> dict[int, list[str]]:
    """As `refusals`, by the key of each customer who has any: one query, whatever their number."""
    rows = Consent.objects.filter(_IS_LATEST, customer__in=among(customers), purpose=Purpose.MARKETING, given=False)
    found: dict[int, list[str]] = {}
    for one in rows.order_by("customer", "pk"):
        found.setdefault(one.customer_id, []).extend(refusals([one]))
    return found


@transaction.atomic
def put_back(*, customer: Customer, made: Iterable[int], on: date, by: User) -> int:
    """Undoes what rows `made` have written, with rows of their own: as it was before each. How many were undone."""
    rows = Consent.objects.filter(_IS_LATEST, customer=customer, pk__in=list(made)).order_by("pk")
    undone = [row for row in rows if _put_back(row, on, by)]
    record.note_changed(Changed.Why.CUSTOMER, customer.pk)
    return len(undone)


def _put_back(row: Consent, on: date, by: User) -> bool:
    """Whether anything was there to put back."""
    earlier = Consent.objects.filter(customer=row.customer_id, purpose=row.purpose, channel=row.channel, pk__lt=row.pk)
    before = earlier.order_by("-pk").first()
    given = before.given if before else row.purpose in NEEDS_NONE
    if given == row.given:
        return False
    same = {"customer_id": row.customer_id, "purpose": row.purpose, "channel": row.channel, "given": given, "by": by}
    said = {"on": before.on, "how": before.how, "text_id": before.text_id} if before else {"on": on, "how": row.how}
    again = Consent.objects.create(**same, **said)
    changes = audit.differences(audit.values(row), audit.values(again))
    audit.keep(what="consent.given" if given else "consent.withdrawn", by=by, of=again, customer=row.customer_id, changes=changes)
    return True
