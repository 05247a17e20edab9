"""Text, e-mails, statuses, channels and currencies."""

import pytest
from django.utils import translation

from crm.fold import fold
from crm.importing import words
from crm.importing.errors import BadCell, shown
from crm.importing.words import CANCELLED, PAID, REFUNDED, UNPAID

read_status = words.status_reader()
read_email = words.email_reader(254)
read_text = words.text_reader(200)


def complaint(read, cell: str) -> str:
    with pytest.raises(BadCell) as bad:
        read(cell)
    return str(bad.value)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        *((" Jana  Nováková ", "Jana  Nováková"), ("\xa0Jana\u2009", "Jana"), ("\ufeff\u200bJana", "Jana"), ("", None), ("\xa0", None)),
        *(
            ("'=1+1", "=1+1"),
            ("'+420 601", "+420 601"),
            ("'-15", "-15"),
            ("'@x", "@x"),
            ("''=x", "'=x"),
            ("'7000", "7000"),
            ("'\tx", "\tx"),
        ),
        *(
            ("'Neill", "'Neill"),
            ("'", "'"),
            ("=1+1", "=1+1"),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("two\nlines", "two\nlines"),
        ),
    ],
)
def test_text_is_kept_as_it_is_but_for_spaces_and_the_quote_of_a_spreadsheet(cell, text):
    assert read_text(cell) == text


@pytest.mark.parametrize("cell", ["a\0b", "a\x1bb", "a\x7fb", "a\x86b", "a\ud800b"])
def test_what_is_no_text_is_an_error(cell):
    assert complaint(read_text, cell) == "“a�b” holds characters that are not text."


def test_text_beyond_the_limit_is_an_error_with_both_lengths():
    assert read_text("x" * 200) == "x" * 200
    assert complaint(read_text, "x" * 300) == "The text is 300 characters long; the limit is 200."


def test_emails_are_trimmed_and_lowered():
    assert read_email(" JANA@Example.COM\xa0") == "jana@example.com"
    assert read_email(" ") is None


@pytest.mark.parametrize(
    "cell", ["jana", "jana@", "@example.com", "a@b@c.cz", "jana@example", "jana nováková@example.com", "a@x.cz;b@x.cz"]
)
def test_what_is_no_email_is_an_error(cell):
    assert "is not an e-mail address" in complaint(read_email, cell)


def test_an_email_beyond_the_limit_is_an_error():
    assert "the limit is 254" in complaint(read_email, "x" * 250 + "@example.com")


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        *(
            ("", None),
            ("paid", PAID),
            ("PAID", PAID),
            ("Completed", PAID),
            ("zaplaceno", PAID),
            ("Vyřízená", PAID),
            ("opłacone", PAID),
            ("partially_refunded", PAID),
            *((word, PAID) for word in ("Expedována", "expedováno", "expedován", "odeslána", "odesláno", "doručena", "doručeno")),
            *((word, PAID) for word in ("vyřízen", "vyřízeno", "k vyzvednutí", "čeká na vyzvednutí", "připraveno k odběru", "v přípravě")),
            *((word, PAID) for word in ("ve výrobě", "vyřizuje se", "reklamace vyřízena", "wysłane", "wysłano", "dostarczone")),
            *((word, PAID) for word in ("zrealizowane", "w realizacji", "shipped", "delivered", "processing", "partially refunded")),
        ),
        *(
            ("Unpaid", UNPAID),
            ("on-hold", UNPAID),
            ("Nezaplaceno", UNPAID),
            ("Nevyřízená", UNPAID),
            ("WAITING_FOR_PAYMENT", UNPAID),
            *((word, UNPAID) for word in ("čeká na platbu", "nezaplacena", "oczekuje na płatność", "pending")),
            ("nieopłacone", UNPAID),
        ),
        *(
            ("refunded", REFUNDED),
            ("Vráceno", REFUNDED),
            ("zwrócone", REFUNDED),
            *((word, REFUNDED) for word in ("vrácena", "zwrot", "zwrócona")),
            *((word, CANCELLED) for word in ("stornováno", "zrušena", "zrušeno", "failed", "voided", "canceled", "anulowano")),
            ("cancelled", CANCELLED),
            ("Stornována", CANCELLED),
            ("anulowane", CANCELLED),
        ),
    ],
)
def test_statuses_are_known_in_three_languages(cell, status):
    assert read_status(cell) == status


@pytest.mark.parametrize("cell", ["not paid yet", "prepaid", "Nevyřízená část", "?"])
def test_an_unknown_status_is_an_error_that_quotes_it_and_lists_some(cell):
    assert complaint(read_status, cell) == f"“{cell}” is not a status; accepted are, for example, paid, unpaid, refunded, cancelled."


@pytest.mark.parametrize("language", ["en", "cs", "pl"])
def test_the_statuses_given_as_examples_are_in_the_readers_language_and_accepted(language):
    with translation.override(language):
        examples = complaint(words.status_reader(), "?").rstrip(".").replace(",", "").split()[-4:]

    assert [words.STATUSES.get(fold(word)) for word in examples] == [PAID, UNPAID, REFUNDED, CANCELLED]
    assert ("paid" in examples) == (language == "en")


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("czk", "CZK"),
        ("CZK", "CZK"),
        ("Kč", "CZK"),
        ("zł", "PLN"),
        ("€", "EUR"),
        ("$", "USD"),
        ("£", "GBP"),
        ("nil", None),
        ("pcs", None),
        ("bad", None),
        ("koruna", None),
        ("1", None),
        ("", None),
    ],
)
def test_currencies_are_known_by_code_sign_and_word(word, code):
    assert words.currency(word) == code


def test_another_currency_is_an_error():
    read = words.currency_reader("CZK")

    assert [read(cell) for cell in ("CZK", "Kč", "")] == [None, None, None]
    assert complaint(read, "EUR") == "The currency is EUR; this business keeps its record in CZK."
    assert complaint(read, "koruna") == "“koruna” is not a currency."


def test_a_channel_is_a_short_name():
    read = words.channel_reader()

    assert read(" E-shop ") == "E-shop"
    assert read("") is None
    assert "the limit is 50" in complaint(read, "x" * 51)
    assert "not a name for a channel" in complaint(read, "\u0301")
    assert "not a name for a channel" in complaint(read, "ß" * 30)


def test_a_column_of_thousands_of_channels_is_none():
    read = words.channel_reader()
    for number in range(words.CHANNELS):
        read(f"c{number}")

    assert "more than 1000 channels" in complaint(read, "one more")
    assert read("C0") == "C0"


def test_an_order_id_may_not_look_like_a_key_of_our_own():
    assert words.order_reader(100)("12@shop") == "12@shop"
    assert "cannot be told" in complaint(words.order_reader(100), "5@2026-01-01#1")


def test_a_cell_is_shown_short_and_printable():
    assert shown("x" * 100) == f"“{'x' * 59}…”"
    assert shown("a\nb\ud800") == "“a b�”"
