import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.models import Customer
from crm.phones import phone_key
from crm.searching import matching
from crm.tests.factories import make_customer

KEYS = {
    "CZ": ("420602118337", ["602118337", "602 118 337", "+420 602 118 337", "00420602118337", "(602) 118-337", "+420-602-118-337"]),
    "PL": ("48601234567", ["601234567", "601 234 567", "+48 601 234 567", "0048601234567", "601-234-567"]),
    "SK": ("421902123456", ["0902123456", "0902 123 456", "+421 902 123 456", "00421902123456", "0902/123 456"]),
    "DE": ("4915123456789", ["015123456789", "0151 23456789", "+49 151 23456789", "004915123456789", "0151/23456789"]),
    "US": ("12025550123", ["2025550123", "(202) 555-0123", "+1 202 555 0123", "1-202-555-0123", "202.555.0123"]),
}
WRITTEN = [(country, key, phone) for country, (key, phones) in KEYS.items() for phone in phones]


@pytest.mark.parametrize(("country", "key", "phone"), WRITTEN)
def test_however_it_is_written_a_number_has_one_key(country, key, phone):
    assert phone_key(phone, country, "CZ") == key
    assert phone_key(phone, "", country) == key


@pytest.mark.django_db
@pytest.mark.parametrize(("country", "key", "phone"), WRITTEN)
def test_however_it_is_kept_any_way_to_write_it_finds_its_customer(country, key, phone):
    wanted = make_customer(name="Eva", phone=phone, country=country)
    make_customer(name="Jan", phone="777 000 111", country="CZ")

    for asked in [*KEYS[country][1], key, key[-7:]]:
        assert list(Customer.objects.filter(matching(asked, home=country))) == [wanted], asked


@pytest.mark.parametrize(
    "phone",
    ["602118337 Eva", "Eva: 602 118 337 (mobile)", "602118337 práce", "602118337 ext. 12", "602118337x12"],
)
def test_words_beside_it_are_no_part_of_a_number(phone):
    assert phone_key(phone, "", "CZ") == "420602118337"


@pytest.mark.parametrize("phone", ["", "call the shop", "ext. 12", "1", "9" * 40, "+", "☎", "602118337, 603118338 and 604118339", "‮602"])
def test_what_is_no_number_has_no_key(phone):
    assert phone_key(phone, "CZ", "CZ") == ""


@pytest.mark.parametrize("country", ["", "XX", "ZZ"])
def test_an_unknown_country_leaves_it_to_the_business(country):
    assert phone_key("602118337", country, "CZ") == "420602118337"


@given(st.text(max_size=40))
def test_no_text_is_an_error(phone):
    key = phone_key(phone, "CZ", "PL")

    assert key == "" or key.isdigit() and len(key) <= 20


@pytest.mark.django_db
def test_a_phone_that_is_no_phone_is_found_as_typed():
    wanted = make_customer(name="Eva", phone="reception, line 12")

    assert (wanted.phone, wanted.phone_key) == ("reception, line 12", "")
    assert list(Customer.objects.filter(matching("line 12"))) == [wanted]


@pytest.mark.django_db
def test_the_key_follows_a_save_of_the_phone_alone():
    customer = make_customer(phone="602118337")

    customer.phone = "603 000 111"
    customer.save(update_fields=["phone"])

    customer.refresh_from_db()
    assert customer.phone_key == "420603000111"
    assert "420603000111" in customer.search_key and "602118337" not in customer.search_key
