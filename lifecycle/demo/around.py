"""What is known of the demo's customers beside what they buy: who lives and works with whom, how they want to be reached, what they agreed
to, the owner's fields, and tags. As rows, set-based; the same ones for the same demo."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

from django.db import transaction

from crm import bulk
from crm.fold import fold
from crm.models import Consent, ConsentText, Customer, CustomerTag, CustomField, FieldValue, Household, SocialProfile, User
from crm.people.fields import make_field
from crm.tags.writing import tag_called
from lifecycle.demo.names import CZECH, POLISH

# Of so many customers one household, or one company with people.
TO_A_HOUSEHOLD, TO_A_COMPANY = 45, 75
SIZES = (2, 3, 2, 4, 2, 5, 3, 2)
POSITIONS = ("Buys the coffee", "Barista", "Pays the invoices")
TAGS = {"VIP": 0.02, "Comes to tastings": 0.06, "Drinks decaf": 0.04, "Press": 0.005, "Picks up in the shop": 0.1}
MACHINES = ("Espresso machine", "Moka pot", "Filter", "Cezve")
PREFERS = ("call", "email", "email", "text", "visit")
HOURS = ((8, 10), (9, 12), (12, 14), (16, 19), (None, None))
WORDS = "I agree that Dvě zrna sends me news and offers by e-mail. I can take it back at any time."
SURNAMES = {form: pair[0] for country in (CZECH, POLISH) for pair in country.surnames for form in pair}


@dataclass(frozen=True)
class Settling:
    """`people` and `companies` in the order in which they became known."""

    random: Random
    people: Sequence[Customer]
    companies: Sequence[Customer]
    by: User
    now: datetime
    zone: str

    def chosen(self, share: float) -> list[Customer]:
        return [one for one in self.people if self.random.random() < share]


@transaction.atomic
def settle(*, seed: int, now: datetime, zone: str, by: User) -> None:
    everyone = list(Customer.objects.order_by("external_id"))
    people = [one for one in everyone if one.entity == Customer.Entity.PERSON]
    companies = [one for one in everyone if one.entity == Customer.Entity.COMPANY]
    settling = Settling(Random(f"around {seed}"), people, companies, by, now, zone)
    at_home = _live_together(settling, max(1, len(everyone) // TO_A_HOUSEHOLD))
    _work(settling, max(1, len(everyone) // TO_A_COMPANY), at_home)
    _reach(settling)
    _agree(settling)
    _fill_fields(settling)
    _tag(settling)


def _live_together(settling: Settling, most: int) -> set[int]:
    """Who has one surname in one town; who lives with somebody now."""
    families: dict[tuple[str, str], list[Customer]] = defaultdict(list)
    for one in settling.people:
        if one.city and (surname := SURNAMES.get(one.name.split()[-1])):
            families[surname, one.city].append(one)
    found = [(surname, members) for (surname, _city), members in families.items() if len(members) > 1][:most]
    fields = {"made_by": settling.by, "made_at": settling.now}
    made = Household.objects.bulk_create(Household(name=surname, **fields) for surname, _members in found)
    rows = [
        (one.pk, household.pk)
        for number, (household, (_surname, members)) in enumerate(zip(made, found, strict=True))
        for one in members[: SIZES[number % len(SIZES)]]
    ]
    bulk.update(Customer, ["household"], rows)
    return {pk for pk, _household in rows}


def _work(settling: Settling, most: int, at_home: set[int]) -> None:
    free = (one for one in settling.people if one.pk not in at_home)
    rows = [
        (one.pk, company.pk, position)
        for number, company in enumerate(settling.companies[:most])
        for one, position in zip(islice(free, 1 + number % len(POSITIONS)), POSITIONS, strict=False)
    ]
    bulk.update(Customer, ["works_at", "position"], rows)


def _reach(settling: Settling) -> None:
    random = settling.random
    told = [(one.pk, random.choice(PREFERS), *random.choice(HOURS)) for one in settling.chosen(0.15)]
    bulk.update(Customer, ["prefers", "best_from", "best_until"], told)
    websites = [(one, SocialProfile.Network.WEBSITE, f"{_slug(one)}.example.com", "") for one in settling.companies[::4]]
    names = [
        (one, SocialProfile.Network.INSTAGRAM, f"{_slug(one)}.dvezrna{one.external_id[-3:]}", "www.instagram.com/")
        for one in settling.chosen(0.04)
    ]
    SocialProfile.objects.bulk_create(
        SocialProfile(customer=one, network=network, handle=handle, url=f"https://{at}{handle}/", added_at=settling.now)
        for one, network, handle, at in (*websites, *names)
    )


def _slug(customer: Customer) -> str:
    return "".join(letter for letter in fold(customer.name) if letter.isascii() and letter.isalnum())


def _agree(settling: Settling) -> None:
    """To news by e-mail on the day they came; some have had enough of it since, and a few do not want to be called."""
    text = ConsentText.objects.create(purpose=Consent.Purpose.MARKETING, version=1, text=WORDS, made_at=settling.now)
    zone, rows = ZoneInfo(settling.zone), list[Consent]()
    for one in settling.chosen(0.45):
        on = one.created.astimezone(zone).date()
        by = settling.by if settling.random.random() < 0.3 else None
        how = Consent.How.COUNTER if by else Consent.How.ESHOP
        told = {"customer": one, "purpose": Consent.Purpose.MARKETING, "recorded_at": settling.now}
        if one.email:
            rows.append(Consent(**told, channel=Consent.Channel.EMAIL, given=True, on=on, how=how, text=text, by=by))
        if settling.random.random() < 0.04:
            today = settling.now.astimezone(zone).date()
            rows.append(Consent(**told, channel=Consent.Channel.EMAIL, given=False, on=today, how=Consent.How.EMAIL, by=settling.by))
    Consent.objects.bulk_create(rows)


def _fill_fields(settling: Settling) -> None:
    random = settling.random
    machine = make_field(name="Coffee machine", kind=CustomField.Kind.CHOICE, options=MACHINES, by=settling.by)
    cups = make_field(name="Cups a day", kind=CustomField.Kind.NUMBER, by=settling.by)
    grinder = make_field(name="Has a grinder", kind=CustomField.Kind.YES_NO, by=settling.by)
    options = list(machine.options.all())
    values = [FieldValue(customer=one, field=machine, kind=machine.kind, option=random.choice(options)) for one in settling.chosen(0.3)]
    values += [FieldValue(customer=one, field=cups, kind=cups.kind, number=Decimal(random.randint(1, 6))) for one in settling.chosen(0.2)]
    values += [FieldValue(customer=one, field=grinder, kind=grinder.kind, yes=random.random() < 0.6) for one in settling.chosen(0.25)]
    FieldValue.objects.bulk_create(values)


def _tag(settling: Settling) -> None:
    CustomerTag.objects.bulk_create(_tagged(settling))


def _tagged(settling: Settling) -> Iterator[CustomerTag]:
    for name, share in TAGS.items():
        tag = tag_called(name=name, by=settling.by)
        # Somebody in any case, also of the few of a small demo.
        chosen = settling.chosen(share) or settling.people[:1]
        yield from (CustomerTag(customer=one, tag=tag, by=settling.by, at=settling.now) for one in chosen)
