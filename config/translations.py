"""Translations without the gettext programs: Babel finds the strings and compiles the catalogues, Django's templatize() reads templates."""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import templatize

PACKAGES = ("config", "crm", "lifecycle", "segments", "surveys")
# Which arguments of a call are the message, its plural and its context ("c").
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# Without the dates and names of Babel's own, which would change at every run.
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def po_path(language: str) -> Path:
    return settings.BASE_DIR / "locale" / language / "LC_MESSAGES" / "django.po"


def sources() -> Iterator[tuple[Path, str]]:
    """Every file with strings for people, as text in which Babel finds calls of Python."""
    for package in PACKAGES:
        for path in sorted((settings.BASE_DIR / package).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.parts):
                yield path, path.read_text(encoding="utf-8")
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        yield path, templatize(path.read_text(encoding="utf-8"), origin=str(path))


def extracted() -> Catalog:
    """Every string of the source, untranslated."""
    catalog = Catalog(fuzzy=False)
    for path, text in sources():
        name = path.relative_to(settings.BASE_DIR).as_posix()
        for line, message, comments, context in extract("python", BytesIO(text.encode()), KEYWORDS, ["Translators:"]):
            catalog.add(message, None, [(name, line)], auto_comments=comments, context=context)
    return catalog


def read(language: str) -> Catalog:
    """The translations kept so far; none for a language that has just been added."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def replace(path: Path, content: bytes) -> None:
    """At once, so that nobody ever reads half a catalogue."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


def extract_all() -> dict[str, int]:
    """Brings every catalogue up to the source, keeping its translations; says how many strings each still lacks."""
    template, lacking = extracted(), {}
    for language in LANGUAGES:
        catalog = read(language)
        catalog.update(template, no_fuzzy_matching=True)
        content = BytesIO()
        # Sorted and without line numbers: a catalogue changes only where a string does.
        content.write(HEADER.format(language=language, plural=catalog.plural_forms).encode())
        write_po(content, catalog, width=120, omit_header=True, sort_output=True, include_lineno=False, ignore_obsolete=True)
        po_path(language).parent.mkdir(parents=True, exist_ok=True)
        replace(po_path(language), content.getvalue())
        lacking[language] = sum(bool(message.id) and not is_translated(message) for message in catalog)
    return lacking


def is_translated(message: Message) -> bool:
    """Whether there is a text for every plural form."""
    forms = message.string if isinstance(message.string, tuple | list) else [message.string]
    return all(forms) and not message.fuzzy


def compile_all() -> int:
    """Compiles the catalogues that have changed since they were last compiled; says how many."""
    count = 0
    for language in LANGUAGES:
        source = po_path(language)
        target = source.with_suffix(".mo")
        if not source.exists() or (target.exists() and target.stat().st_mtime >= source.stat().st_mtime):
            continue
        content = BytesIO()
        write_mo(content, read(language))
        replace(target, content.getvalue())
        count += 1
    return count
