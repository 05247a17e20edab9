"""Who may be one and the same: pure, names and numbers in, pairs out. Only the worker loads it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rapidfuzz import fuzz

from crm.phones import FEWEST_DIGITS, digits_of

# Of a hundred: so alike are two names that may be one person's.
ALIKE = 88
# In a larger block everybody would be compared with everybody: what so many share tells nobody apart.
MOST_IN_A_BLOCK = 200
_VOWELS = re.compile(r"[^bcdfghjklmnpqrstvxz]")
_SIGNS = re.compile(r"[./-]")
_SOUNDS = str.maketrans({"z": "s", "c": "k", "q": "k", "v": "w", "d": "t", "b": "p", "g": "k"})


class Known(NamedTuple):
    """What is compared of a customer; the name and the town folded. `works_at` is the company they work at."""

    pk: int
    name: str
    email: str
    phone_key: str
    phone: str
    company_number: str
    works_at: int | None
    city: str


class Pair(NamedTuple):
    first: int
    second: int
    why: str
    score: int


class Found(NamedTuple):
    """`cut` says how many blocks were too large to compare."""

    pairs: list[Pair]
    cut: int


def find_alike(people: Iterable[Known]) -> Found:
    """Each pair once, by the strongest reason: e-mail, company number, phone, name with town."""
    everyone = list(people)
    pairs: dict[tuple[int, int], Pair] = {}
    cut = 0
    reasons = (("email", 100, _emails), ("company", 98, _company_numbers), ("phone", 95, _phones), ("name", 0, _names))
    for why, score, block_keys in reasons:
        blocks: dict[str, list[Known]] = defaultdict(list)
        for one in everyone:
            for key in block_keys(one):
                blocks[key].append(one)
        for block in blocks.values():
            if len(block) > MOST_IN_A_BLOCK:
                cut += 1
                continue
            for first, second, alike in _compared(block, score):
                pairs.setdefault((first, second), Pair(first, second, why, alike))
    return Found(list(pairs.values()), cut)


def _compared(block: list[Known], score: int) -> Iterator[tuple[int, int, int]]:
    """A given score is that of the block; 0 has the names compared."""
    for place, one in enumerate(block):
        for other in block[place + 1 :]:
            alike = score or int(fuzz.token_sort_ratio(one.name, other.name, score_cutoff=ALIKE))
            if alike and one.pk != other.pk:
                yield min(one.pk, other.pk), max(one.pk, other.pk), alike


def _emails(one: Known) -> list[str]:
    """Without what stands behind a plus, which the server does not look at."""
    local, at, domain = one.email.lower().partition("@")
    return [f"{local.split('+')[0]}@{domain}"] if at and local.split("+")[0] else []


def _company_numbers(one: Known) -> list[str]:
    """Without signs, and without the zeros before it that a spreadsheet drops. Of who works at a company it is that one's."""
    number = _SIGNS.sub("", one.company_number).lstrip("0")
    return [number] if number and one.works_at is None else []


def _phones(one: Known) -> list[str]:
    """What is no number of the network, a line within a house or one with a slip of the pen, by its digits as they stand."""
    number = one.phone_key or digits_of(one.phone)
    return [number] if len(number) >= FEWEST_DIGITS else []


def _names(one: Known) -> list[str]:
    """The town with how the name begins, and with how it sounds: a slip of the pen changes one of them and seldom both."""
    words = sorted(one.name.split())
    if not one.city or len("".join(words)) < 5:
        return []
    begins = " ".join(word[:2] for word in words)
    sounds = " ".join(_VOWELS.sub("", word).translate(_SOUNDS)[:4] for word in words)
    return [f"{one.city}|{begins}", f"{one.city}~{sounds}"]
