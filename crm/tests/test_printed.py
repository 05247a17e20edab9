"""What of a page is the same for everyone is printed once, in each language; and Django's tag for words looks each sentence up once."""

from datetime import date
from typing import ClassVar

import pytest
from django.template import Context, Template
from django.template.defaultfilters import linebreaksbr
from django.utils.translation import override

from crm.consent_panel import ConsentPanel
from crm.models import Customer
from crm.printed import filled, printed

TODAY = date(2026, 11, 24)


def rendered(text, **shown):
    return Template("{% load i18n regulars %}" + text).render(Context(shown))


class TestPrinted:
    def test_it_is_printed_once_for_what_it_is_made_of(self):
        made = []

        def shown(word):
            made.append(word)
            return {"contact": word}

        first = [printed("crm/_said.html", shown, word) for word in ("a", "a", "b")]

        assert made == ["a", "b"] and first[0] is first[1]

    def test_each_language_has_its_own(self):
        with override("en"):
            english = printed("crm/logging/_modal.html")
        with override("cs"):
            czech = printed("crm/logging/_modal.html")

        assert "Log an interaction" in english and "Log an interaction" not in czech

    def test_an_empty_form_is_of_its_day(self):
        forms = [ConsentPanel(Customer(pk=1), [], day, False, True).fields for day in (TODAY, date(2026, 11, 25), TODAY)]

        assert 'max="2026-11-24"' in forms[0] and 'max="2026-11-25"' in forms[1]
        assert forms[0] == forms[2]


class TestFilled:
    CONTACT: ClassVar = {"kind": "Call", "name": "Petra", "number": "5"}

    def test_words_are_text_and_marks_stay_marks(self):
        said = filled("crm/_contact.html", self.CONTACT | {"cause": "<b>50%s</b> & %(kind)s", "text": linebreaksbr("a\n<i>")})

        assert "&lt;b&gt;50%s&lt;/b&gt; &amp; %(kind)s" in said and "a<br>&lt;i&gt;" in said
        assert "Call" in said and "Petra, 5 min" in said

    def test_an_empty_word_is_as_good_as_none(self):
        assert filled("crm/_contact.html", self.CONTACT | {"cause": ""}) == filled("crm/_contact.html", self.CONTACT)
        assert "tl-change" not in filled("crm/_contact.html", self.CONTACT)

    def test_what_is_so_or_not_is_asked_and_never_printed(self, tmp_path, settings):
        (tmp_path / "asks.html").write_text("{% if is_new %}new {% endif %}{{ name }}")
        (tmp_path / "prints.html").write_text("{{ is_new }}")
        settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path], "APP_DIRS": False}]

        assert [filled("asks.html", {"name": "Ann", "is_new": is_new}) for is_new in (True, False)] == ["new Ann", "Ann"]
        with pytest.raises(KeyError, match="is_new"):
            filled("prints.html", {"is_new": True})

    def test_each_language_has_its_own(self):
        said = []
        for language in ("en", "cs"):
            with override(language):
                said.append(filled("crm/_contact.html", self.CONTACT | {"cause": "Rain"}))

        assert "Caused by:" in said[0] and "Caused by:" not in said[1]

    def test_a_row_is_gone_through_once_for_all_with_the_same_words(self, monkeypatch):
        gone_through = []
        monkeypatch.setattr("crm.printed.render_to_string", lambda template, gaps: gone_through.append(set(gaps)) or "".join(gaps.values()))

        rows = [filled("once.html", {"name": name, "city": city}) for name, city in (("Ann", ""), ("Bob", ""), ("Cid", "Brno"))]

        assert rows == ["Ann", "Bob", "CidBrno"] and gone_through == [{"name"}, {"name", "city"}]

    def test_a_row_that_does_more_to_a_word_than_print_it_is_refused(self, tmp_path, settings):
        (tmp_path / "row.html").write_text("{{ name|upper }}")
        settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path], "APP_DIRS": False}]

        with pytest.raises(ValueError, match=r"row\.html does more to a word than print it"):
            filled("row.html", {"name": "ann"})


class TestWords:
    @pytest.mark.parametrize("text", ["{% translate 'Customers' %}", "{% translate 'Customers' as it %}{{ it }}"])
    def test_a_sentence_is_in_the_language_of_each_reader(self, text):
        template = Template("{% load i18n regulars %}" + text)
        said = []
        for language in ("en", "cs", "en"):
            with override(language):
                said.append(template.render(Context()))

        assert said == ["Customers", "Zákazníci", "Customers"]

    def test_what_the_page_brings_is_looked_up_each_time(self):
        template = Template("{% load i18n regulars %}{% translate word %}")

        with override("cs"):
            assert [template.render(Context({"word": word})) for word in ("Customers", "Tags")] == ["Zákazníci", "Štítky"]

    def test_a_context_holds_and_a_sign_of_per_cent_is_one(self):
        with override("cs"):
            assert rendered('{% translate "Record" context "a button" %}') == "Zapsat"
        assert rendered('{% translate "100%" %}') == "100%"


class TestTags:
    def test_an_icon_is_drawn_whether_its_name_stands_there_or_is_brought(self):
        assert rendered('{% icon "add" %}') == rendered("{% icon name %}", name="add")
        assert rendered('{% icon "add" %}').startswith("<svg")

    def test_facts_are_text(self):
        assert rendered("{{ lines|facts }}", lines=[("<b>", "1 & 2", "/more/")]) == '<dt>&lt;b&gt;</dt><dd class="num">1 &amp; 2</dd>'

    def test_a_day_is_dated_in_the_language_of_its_reader(self):
        with override("cs"):
            assert rendered('{{ day|dated:"F Y" }}', day=TODAY) == "listopad 2026"
        with override("en"):
            assert rendered('{{ day|dated:"F Y" }}, {{ none|dated:"F Y" }}', day=TODAY, none=None) == "November 2026, "
