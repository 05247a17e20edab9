"""Finding anyone while somebody types: at most ten answers, the likeliest first.

Each look is bounded, whatever the business has grown to: those whose number or address it is, those whose name begins so, and a sample of
those who hold the words, in which whole words' beginnings come first.
"""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from crm.bulk import among
from crm.customer_search import LONGEST_SEARCH, check_words
from crm.fold import fold
from crm.models import Customer
from crm.models.customer import KEY_START, key_start
from crm.phones import FEWEST_DIGITS, digits_of, phone_key
from crm.searching import Part, Way, condition, names, ways_of

MOST_ANSWERS = 10
# Enough to put the likeliest first where there are not many; where there are more, so many stand for them.
SAMPLE = 200
# Shorter words are looked for where a word begins.
SHORT = 3
_LAST_LETTER = "\U0010ffff"


@dataclass(frozen=True)
class Answer:
    """`matched` is what the words were found in, where that is not the name, and `label` what that is."""

    customer: Customer
    label: str = ""
    matched: str = ""

    @property
    def stage(self) -> str:
        facts = getattr(self.customer, "facts", None)
        return facts.stage if facts else ""


@dataclass(frozen=True)
class Answers:
    """`problem` says in a sentence why nothing was looked for."""

    q: str
    found: tuple[Answer, ...] = ()
    has_more: bool = False
    problem: str = ""


def found(q: str, home: str) -> Answers:
    """`home` is the country of numbers that do not say theirs."""
    q = q.replace("\0", "").strip()
    if len(q) > LONGEST_SEARCH:
        return Answers(q[:LONGEST_SEARCH], problem=_("A search has at most %(most)d letters.") % {"most": LONGEST_SEARCH})
    try:
        check_words(q)
    except ValidationError as wrong:
        return Answers(q, problem=wrong.messages[0])
    if not fold(q):
        return Answers(q)
    ranked = _ranked(q, home)
    return Answers(q, tuple(_answer(one, q, home) for one in ranked[:MOST_ANSWERS]), len(ranked) > MOST_ANSWERS)


def _ranked(q: str, home: str) -> list[Customer]:
    """Each look only where those before it have not brought enough."""
    ranked: dict[int, Customer] = {}
    for look in (_of_that_number, _named_so, _holding):
        for one in look(q, home):
            ranked.setdefault(one.pk, one)
        if len(ranked) > MOST_ANSWERS or ranked and look is _of_that_number and _is_whole(q):
            break
    return list(ranked.values())


def _is_whole(q: str) -> bool:
    """Whether it is an address or a number that says whose it is: then nobody else is meant."""
    return "@" in q or len(digits_of(q)) >= FEWEST_DIGITS


def _everyone() -> QuerySet[Customer]:
    return (
        Customer.objects.present()
        .select_related("facts")
        .only("name", "email", "phone", "phone_key", "city", "external_id", "company_number", "card", "search_key", "facts__stage")
    )


def _of_that_number(q: str, home: str) -> list[Customer]:
    """Says what the conditions of the indexes say, without which neither database would use them."""
    text = "".join(q.split())
    if not any(letter.isdigit() or letter == "@" for letter in text):
        return []
    exact = {"email": text.lower(), "external_id": q, "card": text, "company_number": text.upper(), "phone_key": phone_key(q, "", home)}
    looks = [Customer.objects.filter(**{name: value}).exclude(**{name: ""}).values("pk") for name, value in exact.items() if value]
    return list(_everyone().filter(pk__in=looks[0].union(*looks[1:], all=True))[: MOST_ANSWERS + 1])


def _named_so(q: str, home: str) -> list[Customer]:
    """A range of the index of names."""
    start = fold(q)
    first = start[:KEY_START]
    begun = _everyone().annotate(start=key_start()).filter(start__gte=first, start__lt=first + _LAST_LETTER)
    return list(begun.filter(search_key__startswith=start).order_by("start", "pk")[: MOST_ANSWERS + 1])


def _holding(q: str, home: str) -> list[Customer]:
    ways = [tuple(_from_a_start(part) for part in way) for way in ways_of(q, home)]
    sought = any(len(text) >= SHORT for way in ways for part in way for text in part)
    return sorted(_sample(ways), key=lambda one: (not _begins_words(one, q), one.search_key[:KEY_START], one.pk)) if sought else []


def _begins_words(customer: Customer, q: str) -> bool:
    return all(f" {word}" in f" {customer.search_key}" for word in fold(q).split())


def _from_a_start(part: Part) -> Part:
    return tuple(text if len(text) >= SHORT else f" {text}" for text in part)


def _sample(ways: list[Way]) -> list[Customer]:
    named = names(ways, SAMPLE)
    those = _everyone() if named is None else _everyone().filter(pk__in=among(named))
    return list(those.filter(condition(ways, "search_key"))[:SAMPLE])


def _answer(customer: Customer, q: str, home: str) -> Answer:
    """With the first text that holds a word of it, where the name does not hold them all."""
    words = fold(q).split()
    if all(word in fold(customer.name) for word in words):
        return Answer(customer)
    number, digits = phone_key(q, "", home), digits_of(q).lstrip("0")
    if number and number == customer.phone_key or len(digits) >= SHORT and digits in customer.phone_key:
        return Answer(customer, _("Phone"), customer.phone)
    asked = [word for word in (*words, "".join(words)) if len(word) > 1]
    holding = ((label, text) for label, text in _texts(customer) if any(word in fold(text) for word in asked))
    return Answer(customer, *next(holding, ("", "")))


def _texts(customer: Customer) -> list[tuple[str, str]]:
    return [
        (_("Phone"), customer.phone),
        (_("E-mail"), customer.email),
        (_("Loyalty card"), customer.card),
        (_("Company number"), customer.company_number),
        (_("Id elsewhere"), customer.external_id),
    ]
