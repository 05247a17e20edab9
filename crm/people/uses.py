"""Which rules ask a field, or a tag: each floor above says it for what it has (`register`, in AppConfig.ready)."""

from collections.abc import Callable, Iterable
from typing import Any

# Gives each of its rules, as JSON, with the words for what asks it, such as 'the segment “Regulars”'.
Source = Callable[[], Iterable[tuple[str, Any]]]
SOURCES: list[Source] = []


def register(source: Source) -> None:
    SOURCES.append(source)


def rules() -> list[tuple[str, Any]]:
    return [pair for source in SOURCES for pair in source()]


def uses_of(fact: str, among: Iterable[tuple[str, Any]] | None = None, value: str | None = None) -> list[str]:
    """What asks the fact of that name, or compares it with `value`, of the rules that there are, or of those read already."""
    return [words for words, rule in (rules() if among is None else among) if asks(rule, fact, value)]


def asks(rule: Any, fact: str, value: str | None = None) -> bool:
    """Whether a rule, as JSON, asks the fact of that name, or compares it with `value`."""
    match rule:
        case {"fact": str(name)}:
            asked = rule.get("value")
            return name == fact and (value is None or value in (asked if isinstance(asked, list) else [asked]))
        case {"not": part}:
            return asks(part, fact, value)
        case {"all": [*parts]} | {"any": [*parts]}:
            return any(asks(part, fact, value) for part in parts)
    return False
