"""Customers by parts of their texts. The only place where the engines differ in this: both look into an index of three letters at a time.

PostgreSQL's (pg_trgm, GIN on the search key) serves the plain condition. SQLite's is a table of its own (FTS5): asked first, it names the
few customers whom the condition is then tried on, and with them those whom triggers have noted as changed since; the worker catches up.
Without either index the condition reads everyone: slower, and alike.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import Error, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q

from crm.bulk import among
from crm.fold import fold
from crm.phones import FEWEST_DIGITS, digits_of, phone_key

TABLE, LATE, INDEX, LETTERS = "crm_customer_search", "crm_customer_search_late", "customer_search_trgm_idx", 3
# So many names of a table are read out of the index; a word that more have is found at once without it.
MOST_NAMED = 10_000
# Of a long word: what the index would let through besides, the condition does not.
MOST_THREES = 5
# Sign between the digits of a phone number.
BETWEEN_DIGITS = str.maketrans("", "", "+-()/.")
_NUMBER = re.compile(r"[\d\s+()/.-]+")

# Any of these ways to ask; of one way all parts; of a part any spelling. A spelling that begins with a space begins a word.
Part = tuple[str, ...]
Way = tuple[Part, ...]


def words_of(q: str) -> list[str]:
    """Folded, without those that are part of another and so ask nothing more."""
    words = sorted(set(fold(q).split()), key=len, reverse=True)
    return [word for place, word in enumerate(words) if not any(word in longer for longer in words[:place])]


def ways_of(q: str, home: str = "") -> list[Way]:
    """Every word somewhere; and, of what may be a phone number, its digits in one piece, as dialled at `home` or without zeros before."""
    words: Way = tuple(_spellings(word) for word in words_of(q))
    numbers = _numbers(q, home)
    return [words, *(((number,),) for number in numbers if ((number,),) != words)] if words else []


def _spellings(word: str) -> Part:
    digits = word.translate(BETWEEN_DIGITS)
    return (word, digits) if digits.isdigit() and digits != word else (word,)


def _numbers(q: str, home: str) -> list[str]:
    digits = digits_of(fold(q))
    if len(digits) < FEWEST_DIGITS or not _NUMBER.fullmatch(fold(q)):
        return []
    found = [phone_key(q, "", home), digits, digits.lstrip("0")]
    return list(dict.fromkeys(number for number in found if len(number) >= FEWEST_DIGITS))


def condition(ways: Iterable[Way], key: str) -> Q:
    """Said of every customer, by whichever engine."""
    found = Q()
    for way in ways:
        whole = Q()
        for part in way:
            any_of = Q()
            for text in part:
                any_of |= Q((f"{key}__contains", text))
                if text.startswith(" "):
                    any_of |= Q((f"{key}__startswith", text[1:]))
            whole &= any_of
        found |= whole
    return found


class Sought(NamedTuple):
    """`at_most` customers are meant; more than MOST_NAMED are any number, and None is not known."""

    condition: Q
    at_most: int | None


def sought(q: str, key: str = "search_key", home: str = "") -> Sought:
    """Customers with every word of `q` somewhere in their search key; a phone number is found however it is written."""
    ways = ways_of(q, home)
    found = condition(ways, key)
    named = names(ways, MOST_NAMED + 1)
    if named is not None and len(named) <= MOST_NAMED:
        found &= Q((f"{key.removesuffix('search_key')}pk__in", among(named)))
    return Sought(found, None if named is None else len(named))


def matching(q: str, key: str = "search_key", home: str = "") -> Q:
    return sought(q, key, home).condition


def names(ways: list[Way], most: int) -> list[int] | None:
    """On SQLite, primary keys among which are all who are meant, where those are fewer than `most`; None where the index cannot tell."""
    asked = [_asked(way) for way in ways]
    if connection.vendor != "sqlite" or not asked or not all(asked) or not _has_it(connection):
        return None
    found = f"SELECT * FROM (SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s LIMIT %s)"
    late = f"SELECT * FROM (SELECT id FROM {LATE} LIMIT %s)"
    with connection.cursor() as cursor:
        cursor.execute(f"{found} UNION ALL {late}", [" OR ".join(f"({one})" for one in asked), most, MOST_NAMED + 1])
        return [pk for (pk,) in cursor.fetchall()]


def _asked(way: Way) -> str:
    """In the language of FTS5; empty where some part is too short for it. Only in quotes: nothing that is written is an operator."""
    parts = [[_letters(text) for text in part] for part in way]
    return " AND ".join(f"({' OR '.join(part)})" for part in parts if all(part))


def _letters(text: str) -> str:
    """Its letters three by three, the last three too; empty for a shorter one, and for the sign that would end the question."""
    if len(text) < LETTERS or "\0" in text:
        return ""
    places = [*range(0, len(text) - LETTERS, LETTERS)[: MOST_THREES - 1], len(text) - LETTERS]
    threes = ['"' + text[place : place + LETTERS].replace('"', '""') + '"' for place in places]
    return f"({' AND '.join(threes)})"


# The databases that were seen to have it: who searches does not look again.
_SEEN: set[str] = set()


def _has_it(base: BaseDatabaseWrapper) -> bool:
    name = str(base.settings_dict["NAME"])
    if name not in _SEEN and _is_there(base):
        _SEEN.add(name)
    return name in _SEEN


def _is_there(base: BaseDatabaseWrapper) -> bool:
    with base.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_master WHERE name IN (%s, %s) OR name LIKE %s", [TABLE, LATE, f"{TABLE}_after_%"])
        return bool(cursor.fetchone()[0] == 2 + len(_TRIGGERS))


# Who has changed since, and which text of theirs the index holds: written into by a trigger, it would be flushed for each row.
_NOTE = f"INSERT INTO {LATE} (id, was) SELECT {{id}}, {{was}} WHERE NOT EXISTS (SELECT 1 FROM {LATE} WHERE id = {{id}});"
_TRIGGERS = {
    "insert": f"AFTER INSERT ON crm_customer BEGIN {_NOTE.format(id='new.id', was='NULL')} END",
    "delete": f"AFTER DELETE ON crm_customer BEGIN {_NOTE.format(id='old.id', was='old.search_key')} END",
    "update": "AFTER UPDATE OF search_key ON crm_customer WHEN old.search_key IS NOT new.search_key"
    f" BEGIN {_NOTE.format(id='old.id', was='old.search_key')} END",
}


def catch_up(at_once: int = 20_000) -> int:
    """Brings SQLite's index up to what has changed, some customers in a transaction, and says how many. Until then a search reads these."""
    if connection.vendor != "sqlite" or not _has_it(connection):
        return 0
    done = 0
    while some := _catch_up_some(at_once):
        done += some
    return done


@transaction.atomic
def _catch_up_some(at_once: int) -> int:
    """Statements of many rows: each flushes the index once."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), max(id) FROM (SELECT id FROM {LATE} ORDER BY id LIMIT %s)", [at_once])
        count, last = cursor.fetchone()
        if count:
            those = f"FROM {LATE} late {{join}} WHERE late.id <= %s"
            cursor.execute(
                f"INSERT INTO {TABLE} ({TABLE}, rowid, search_key) SELECT 'delete', late.id, ' ' || was {those.format(join='')}"
                " AND was IS NOT NULL ORDER BY late.id",
                [last],
            )
            cursor.execute(
                f"INSERT INTO {TABLE} (rowid, search_key) SELECT late.id, ' ' || search_key"
                f" {those.format(join='JOIN crm_customer who ON who.id = late.id')} ORDER BY late.id",
                [last],
            )
            cursor.execute(f"DELETE FROM {LATE} WHERE id <= %s", [last])
    return int(count)


def keep(base: Any = connection) -> None:
    """Makes the index where it is not whole. A migration that makes the table of customers anew drops SQLite's triggers, so every
    `migrate` ends with this."""
    if base.vendor == "postgresql":
        _make_on_postgresql(base)
    elif not _is_there(base):
        _make_on_sqlite(base)


def _make_on_postgresql(base: Any) -> None:
    """A role without the right to it goes without."""
    try:
        with transaction.atomic(using=base.alias), base.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(f"CREATE INDEX IF NOT EXISTS {INDEX} ON crm_customer USING gin (search_key gin_trgm_ops)")
    except Error:
        return


def _make_on_sqlite(base: Any) -> None:
    """An SQLite without FTS5 or its trigrams (before 3.34) goes without."""
    try:
        with transaction.atomic(using=base.alias), base.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
            cursor.execute(f"DROP TABLE IF EXISTS {LATE}")
            cursor.execute(f"CREATE TABLE {LATE} (id integer PRIMARY KEY, was text)")
            how = "content='', detail=none, columnsize=0, tokenize='trigram case_sensitive 1'"
            cursor.execute(f"CREATE VIRTUAL TABLE {TABLE} USING fts5(search_key, {how})")
            cursor.execute(f"INSERT INTO {TABLE} (rowid, search_key) SELECT id, ' ' || search_key FROM crm_customer")
            for name, does in _TRIGGERS.items():
                cursor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_after_{name}")
                cursor.execute(f"CREATE TRIGGER {TABLE}_after_{name} {does}")
    except Error:
        return


def drop(base: Any = connection) -> None:
    _SEEN.discard(str(base.settings_dict["NAME"]))
    with base.cursor() as cursor:
        if base.vendor == "postgresql":
            cursor.execute(f"DROP INDEX IF EXISTS {INDEX}")
            return
        for name in _TRIGGERS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_after_{name}")
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(f"DROP TABLE IF EXISTS {LATE}")
