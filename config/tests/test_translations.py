import os
import re
from gettext import c2py
from io import StringIO

import pytest
from django.core.management import call_command

from config import translations

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
LANGUAGES = translations.LANGUAGES
SOURCE = [message for message in translations.extracted() if message.id]


def forms(text) -> list[str]:
    return list(text) if isinstance(text, list | tuple) else [text or ""]


@pytest.fixture
def project(settings, tmp_path):
    """A project of one module and one template, and a catalogue of its own."""
    settings.BASE_DIR = tmp_path
    for folder in ("crm/tests", "templates/crm"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "crm" / "notes.py").write_text(
        "from django.utils.translation import gettext as _, ngettext, npgettext_lazy, pgettext_lazy\n"
        'A = _("One " "sentence.")\n'
        'B = ngettext("%(n)s order", "%(n)s orders", n)\n'
        'C = pgettext_lazy("verb", "Order")\n'
        'D = npgettext_lazy("goods", "Order", "Orders", "n")\n'
    )
    (tmp_path / "crm" / "tests" / "test_notes.py").write_text('_("Not for people")\n')
    (tmp_path / "templates" / "crm" / "page.html").write_text(
        '{% load i18n %}<h1 title="{% translate "Page" %}">It\'s "plain"</h1>{% translate "Order" context "verb" %}\n'
        "{% blocktranslate count n=n trimmed %}\n  {{ n }} customer of {{ all }}\n"
        "{% plural %}\n  {{ n }} customers of {{ all }}\n{% endblocktranslate %}\n"
    )
    return tmp_path


def test_every_way_to_mark_a_string_is_read_and_tests_are_not(project):
    found = {(message.context, message.id) for message in translations.extracted() if message.id}

    assert found == {
        (None, "One sentence."),
        (None, ("%(n)s order", "%(n)s orders")),
        ("verb", "Order"),
        ("goods", ("Order", "Orders")),
        (None, "Page"),
        (None, ("%(n)s customer of %(all)s", "%(n)s customers of %(all)s")),
    }


def test_extracting_keeps_what_is_translated_and_drops_what_is_gone(project):
    assert translations.extract_all() == {"cs": 6, "pl": 6}
    path = translations.po_path("cs")
    path.write_text(path.read_text().replace('msgid "Page"\nmsgstr ""', 'msgid "Page"\nmsgstr "Stránka"'))
    (project / "crm" / "notes.py").write_text('_("Pages")\n')

    assert translations.extract_all() == {"cs": 3, "pl": 4}

    text = path.read_text()
    assert 'msgstr "Stránka"' in text and "One sentence." not in text and "fuzzy" not in text
    assert 'msgid "Pages"\nmsgstr ""' in text


def test_extracting_twice_changes_nothing(project):
    translations.extract_all()
    before = {language: translations.po_path(language).read_bytes() for language in LANGUAGES}

    translations.extract_all()

    assert {language: translations.po_path(language).read_bytes() for language in LANGUAGES} == before
    assert [path.name for path in translations.po_path("cs").parent.iterdir()] == ["django.po"]


def test_only_a_catalogue_that_has_changed_is_compiled(project):
    assert translations.compile_all() == 0
    translations.extract_all()
    assert [translations.compile_all(), translations.compile_all()] == [2, 0]

    compiled = translations.po_path("pl").with_suffix(".mo")
    later = compiled.stat().st_mtime + 1
    os.utime(translations.po_path("pl"), (later, later))

    assert translations.compile_all() == 1


def test_the_command_says_what_it_did(project):
    said = StringIO()
    call_command("messages", "extract", stdout=said)
    call_command("messages", "compile", stdout=said)

    assert said.getvalue().splitlines() == [
        "cs: 6 strings wait for a translation.",
        "pl: 6 strings wait for a translation.",
        "2 catalogues compiled.",
    ]


@pytest.mark.parametrize(
    ("language", "examples"), [("cs", {1: 0, 2: 1, 4: 1, 5: 2, 0: 2, 22: 2}), ("pl", {1: 0, 2: 1, 4: 1, 5: 2, 12: 2, 22: 1, 0: 2})]
)
def test_plurals_follow_the_language(language, examples):
    catalog = translations.read(language)
    form = c2py(catalog.plural_expr)

    assert catalog.num_plurals == 3
    assert {count: form(count) for count in examples} == examples


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_of_the_source_is_translated(language):
    catalog = translations.read(language)
    kept = {(message.context, message.id): message for message in catalog}
    waiting = [message.id for message in SOURCE if not translations.is_translated(kept.get((message.context, message.id), message))]

    assert waiting == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_has_the_placeholders_of_its_string(language):
    catalog = translations.read(language)
    different = []
    for message in SOURCE:
        found = catalog.get(message.id, message.context)
        named = [set(PLACEHOLDER.findall(form)) for form in forms(message.id)]
        # Of a plural, what the English singular leaves out ("usually every day") another language may leave out too.
        least, most = set.intersection(*named), set.union(*named)
        for form in forms(found.string if found else ""):
            if form and not least <= set(PLACEHOLDER.findall(form)) <= most:
                different.append((message.id, form))

    assert different == []
