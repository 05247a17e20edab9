"""The demo's people, orders and contacts as rows, written set-based and a stretch of days at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, models, transaction

from crm import bulk
from crm.fold import fold
from crm.models import Changed, Customer, Evidence, Facts, Interaction, Order, OrderLine
from crm.models.customer import Texts, search_key
from crm.phones import phone_key
from lifecycle.demo.people import Contact, Person, Purchase
from lifecycle.demo.shop import FAREWELLS

SOURCE = "demo"
MIDNIGHT = 0
MARKS = {"disqualified_on": "disqualified", "lost_marked_on": "marked_lost", "partner_on": "partner", "only_us_on": "only_us"}
KINDS = {"disqualified_on": "disqualified", "lost_marked_on": "lost", "partner_on": "partner", "only_us_on": "only_us"}


def _number(place: int) -> str:
    return f"DZ-{place + 1:05d}"


def _insert(model: type[models.Model], rows: Sequence[dict[str, Any]]) -> None:
    """Rows by field, as stored; what a row does not say is the field's default."""
    if not rows:
        return
    fields = [field for field in model._meta.concrete_fields if field.name in rows[0] or not field.primary_key]
    blank = {field.name: field.get_db_prep_save(field.get_default(), connection) for field in fields if field.name not in rows[0]}
    bulk.insert(model, [*rows[0], *blank], [(*row.values(), *blank.values()) for row in rows])


@dataclass
class Writing:
    """How far it is written. `first` is day 0, `logged_by` the colleague and the owner, `keys` the primary keys by place in the crowd."""

    first: date
    zone: str
    channels: dict[str, int]
    logged_by: Sequence[int | None]
    done: int = -1
    keys: dict[int, int] = field(default_factory=dict)
    numbers: int = 0

    @transaction.atomic
    def write(self, crowd: Sequence[Person], *, upto: date) -> None:
        """The days after those written last, to `upto`: who became known, what they bought and said; all of them noted as changed."""
        day = (upto - self.first).days
        new = [place for place, person in enumerate(crowd) if self._falls(person.arrived, day)]
        purchases = [(place, one) for place, person in enumerate(crowd) for one in person.purchases if self._falls(one.on, day)]
        contacts = [(place, one) for place, person in enumerate(crowd) for one in person.contacts if self._falls(one.on, day)]
        self._write_people(crowd, new)
        marked = [place for field, mark in MARKS.items() for place in self._write_mark(crowd, field, mark, day)]
        self._write_purchases(sorted(purchases, key=lambda pair: pair[1].on))
        _insert(Interaction, [self._interaction(place, one) for place, one in sorted(contacts, key=lambda pair: pair[1].on)])
        touched = {"customer": {*new, *marked}, "order": {place for place, _ in purchases}, "interaction": {place for place, _ in contacts}}
        bulk.insert(Changed, ["customer", "why"], [(self.keys[place], why) for why, places in touched.items() for place in sorted(places)])
        self.done = day

    def _falls(self, on: int, day: int) -> bool:
        return self.done < on <= day

    def _write_people(self, crowd: Sequence[Person], places: Sequence[int]) -> None:
        named = {id(person): place for place, person in enumerate(crowd)} if places else {}
        _insert(Customer, [self._customer(crowd[place], place) for place in places])
        numbers = {_number(place): place for place in places}
        found = Customer.objects.filter(external_id__in=bulk.among(list(numbers))).exclude(external_id="").values_list("external_id", "pk")
        self.keys |= {numbers[number]: pk for number, pk in found}
        _insert(Facts, [{"customer": self.keys[place]} for place in places])
        sent = [(place, named[id(sender)]) for place in places if (sender := crowd[place].referred_by)]
        rows = [(self.keys[place], self.keys[sender], self._date(crowd[place].arrived)) for place, sender in sent]
        bulk.update(Customer, ["referred_by", "referred_on"], rows)
        colleague = self.logged_by[0]
        self._write_evidence([(key, "referred", on, "", colleague) for key, _sender, on in rows])

    def _customer(self, person: Person, place: int) -> dict[str, Any]:
        key = phone_key(person.phone, person.country, "")
        texts = Texts(person.name, person.email, person.phone, key, _number(place), city=person.city)
        return {
            "entity": (Customer.Entity.COMPANY if person.is_trade else Customer.Entity.PERSON).value,
            "market": person.market,
            "kind": person.kind,
            "name": person.name,
            "email": person.email,
            "phone": person.phone,
            "city": person.city,
            "country": person.country,
            "language": person.language,
            "birthday": person.birthday and person.birthday.isoformat(),
            "source": person.source,
            "owner": self.logged_by[place % 3 == 0] if person.is_trade else None,
            "external_id": _number(place),
            "created": self._instant(person.arrived, MIDNIGHT),
            "phone_key": key,
            "search_key": search_key(texts),
            "city_key": fold(person.city),
            "source_key": fold(person.source),
        }

    def _write_mark(self, crowd: Sequence[Person], field: str, mark: str, day: int) -> list[int]:
        """On its day: a mark that lies ahead would have each night look at the customer again."""
        days = {place: on for place, person in enumerate(crowd) if (on := getattr(person, mark)) is not None and self._falls(on, day)}
        bulk.update(Customer, [field], [(self.keys[place], self._date(on)) for place, on in days.items()])
        self._write_evidence([self._evidence(self.keys[place], KINDS[field], on, crowd[place].noted(on)) for place, on in days.items()])
        return list(days)

    def _evidence(self, customer: int, kind: str, on: int, note: Contact | None) -> tuple[Any, ...]:
        """What somebody said is in the contact of that day; this is recorded by who logged it."""
        reason = FAREWELLS.get(note.text, "") if note and kind == "lost" else ""
        return (customer, kind, self._date(on), reason, self.logged_by[bool(note and note.by_owner)])

    def _write_evidence(self, rows: Sequence[tuple[Any, ...]]) -> None:
        columns = ["customer", "kind", "happened_on", "lost_reason", "by", "holds", "text"]
        bulk.insert(Evidence, columns, [(*row, True, "") for row in rows])

    def _write_purchases(self, purchases: Sequence[tuple[int, Purchase]]) -> None:
        numbers = [f"{self._date(one.on):.4}-{self.numbers + n:05d}" for n, (_, one) in enumerate(purchases, start=1)]
        self.numbers += len(purchases)
        _insert(Order, [self._order(place, one, number) for (place, one), number in zip(purchases, numbers, strict=True)])
        found = Order.objects.filter(source=SOURCE, key__in=bulk.among(numbers)).values_list("key", "pk")
        keys = dict(found)
        names = ["order", "position", "product", "quantity", "amount"]
        rows = [
            (keys[number], position, *line)
            for (_, one), number in zip(purchases, numbers, strict=True)
            for position, line in enumerate(one.lines, start=1)
        ]
        bulk.insert(OrderLine, names, rows)

    def _order(self, place: int, one: Purchase, number: str) -> dict[str, Any]:
        return {
            "customer": self.keys[place],
            "number": number,
            "status": one.status,
            "ordered_on": self._date(one.on),
            "ordered_at": None if one.at is None else self._instant(one.on, one.at),
            "amount": one.amount,
            "refunded": one.refunded,
            "cost": one.cost,
            "channel": self.channels[one.channel],
            "source": SOURCE,
            "key": number,
        }

    def _interaction(self, place: int, one: Contact) -> dict[str, Any]:
        at = self._instant(one.on, one.at)
        return {
            "customer": self.keys[place],
            "kind": one.kind,
            "direction": one.direction,
            "happened_on": self._date(one.on),
            "happened_at": at,
            "minutes": min(one.minutes, 240),
            "text": one.text,
            "by": self.logged_by[one.by_owner],
            "created": at,
        }

    def _date(self, day: int | None) -> str | None:
        return None if day is None else (self.first + timedelta(days=day)).isoformat()

    def _instant(self, day: int, minute: int) -> str:
        local = datetime.combine(self.first + timedelta(days=day), time(minute // 60, minute % 60), tzinfo=ZoneInfo(self.zone))
        return local.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
