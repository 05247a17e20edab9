import pytest
from django.core.exceptions import ValidationError

from crm.models import Customer
from crm.models.customer import Texts, search_key
from crm.tests.factories import make_customer

pytestmark = pytest.mark.django_db


def stored_key(customer):
    return Customer.objects.values_list("search_key", flat=True).get(pk=customer.pk)


def test_the_search_key_holds_the_folded_texts_and_the_bare_digits_of_the_phone():
    texts = Texts("Jan Žižka", "jan@example.com", "+420 601-234-567", "420601234567", "Č7", "12345678", "K-9", "Tábor")

    assert search_key(texts) == "jan zizka jan@example.com +420 601-234-567 420601234567 c7 12345678 k-9 tabor"
    assert search_key(Texts("Jan", phone="linka 12")) == "jan linka 12 12"


def test_the_search_key_follows_a_save():
    customer = make_customer(name="Łódź")

    customer.name = "Žižka"
    customer.save()

    assert stored_key(customer) == "zizka"


@pytest.mark.parametrize("fields", [["name"], ("name",), {"name"}, frozenset({"name", "phone"})])
def test_the_search_key_follows_a_save_of_some_fields(fields):
    customer = make_customer(name="Before")

    customer.name = "After"
    customer.save(update_fields=fields)

    assert stored_key(customer) == "after"


def test_the_search_key_follows_a_row_that_was_read_in_part():
    make_customer(name="Before", email="a@example.com", external_id="X1")

    customer = Customer.objects.only("name").get()
    customer.name = "After"
    customer.save()

    assert stored_key(customer) == "after a@example.com x1"


def test_a_save_of_some_fields_leaves_the_others_as_stored():
    customer = make_customer(name="Stored", city="Plzeň")

    customer.city, customer.name = "Brno", "New"
    customer.save(update_fields=["name"])

    customer.refresh_from_db()
    assert (customer.name, customer.city) == ("New", "Plzeň")


def test_checking_takes_the_email_in_small_letters_and_without_spaces():
    customer = Customer(name="A", email="  Jan.Novak@Example.COM ")

    customer.clean()

    assert customer.email == "jan.novak@example.com"


def test_it_rejects_a_second_customer_with_the_same_email_in_other_letters():
    make_customer(email="jan@example.com")

    with pytest.raises(ValidationError) as caught:
        Customer(email="JAN@example.com").full_clean()

    assert caught.value.messages == ["Another customer has this e-mail already."]


def test_it_rejects_a_second_customer_with_the_same_id():
    make_customer(external_id="7")

    with pytest.raises(ValidationError, match="Another customer has this id already"):
        Customer(external_id="7").full_clean()


def test_any_number_of_customers_have_neither_email_nor_id():
    make_customer()

    Customer(name="Another").full_clean()

    assert Customer.objects.count() == 1


def test_it_rejects_a_customer_who_refers_themselves_with_a_sentence():
    customer = make_customer()
    customer.referred_by, customer.referred_on = customer, "2025-01-01"

    with pytest.raises(ValidationError, match="Nobody refers themselves"):
        customer.full_clean()


def test_it_rejects_a_referral_without_its_date_with_a_sentence():
    customer = make_customer()
    customer.referred_by = make_customer()

    with pytest.raises(ValidationError, match="A referral needs both"):
        customer.full_clean()


def test_it_is_called_by_the_best_name_there_is():
    customer = Customer(pk=7)
    called = [str(customer)]
    for field, value in (("external_id", "X1"), ("email", "a@example.com"), ("name", "Jan")):
        setattr(customer, field, value)
        called.append(str(customer))

    assert called == ["#7", "X1", "a@example.com", "Jan"]
