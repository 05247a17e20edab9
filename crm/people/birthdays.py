"""The next birthdays of a few people, in one list. In a common year 29 February is kept on the 28th, as windows do (DEFINITIONS)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from crm.models import Customer


@dataclass(frozen=True)
class Birthday:
    """`turns` is how old they become on that day."""

    customer: Customer
    on: date
    days: int

    @property
    def turns(self) -> int:
        assert self.customer.birthday
        return self.on.year - self.customer.birthday.year


def next_birthday(born: date, today: date) -> date:
    """Today, where it is today."""
    this_year = _kept(born, today.year)
    return this_year if this_year >= today else _kept(born, today.year + 1)


def _kept(born: date, year: int) -> date:
    try:
        return born.replace(year=year)
    except ValueError:
        return born.replace(year=year, day=28)


def upcoming(people: Iterable[Customer], today: date) -> list[Birthday]:
    """The soonest first, by their keys where they fall on one day; without those not born yet, or whose birthday is not known."""
    dated = [(next_birthday(one.birthday, today), one) for one in people if one.birthday and one.birthday <= today]
    return [Birthday(one, on, (on - today).days) for on, one in sorted(dated, key=lambda pair: (pair[0], pair[1].pk))]
