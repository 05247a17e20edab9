from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Business, Changed, Channel, Customer, Facts, Import, Interaction, Job, Order, OrderLine, User
from crm.tests.factories import PASSWORD, make_customer, make_interaction, make_order, make_owner, make_user
from lifecycle.models import NightlyRun

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"
NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
NO_LINES = {"lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0"}
CUSTOMER = {"entity": "person", "market": "b2c", "kind": "external", "name": "Jan Žižka", "email": "Jan@Example.com"}
ORDER = NO_LINES | {"status": "0", "ordered_on": "2025-01-15", "amount": "12.50", "refunded": "0", "number": "N1"}
CONTACT = {"kind": "call", "direction": "in", "happened_on": "2025-01-15", "minutes": "5"}
PERSON = {
    "email": "New@Example.com",
    "name": "New",
    "role": "staff",
    "usable_password": "true",
    "password1": PASSWORD,
    "password2": PASSWORD,
}


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def owner():
    return make_owner(email="owner@example.com", name="Olga")


@pytest.fixture
def client(owner):
    """The owner's."""
    return signed_in(owner)


def address(model, action, *arguments):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=arguments)


def a_business():
    return Business.objects.get_or_create(pk=Business.ONLY)[0]


def errors(response):
    """What the page says is wrong, by field; a form that is shown again has to say something."""
    assert response.status_code == 200
    return dict(response.context["adminform"].form.errors)


def noted():
    return sorted(Changed.objects.values_list("customer", "why"))


def make_night():
    return NightlyRun.objects.create(as_of=date(2025, 1, 15), state="running", started_at=NOON)


def make_import():
    return Import.objects.create(source="file", file_name="a.csv", digest="0", started_at=NOON)


def make_channel():
    return Channel.objects.create(key="e-shop", name="E-shop")


EDITABLE = {Channel: make_channel, Customer: make_customer, Order: make_order, Interaction: make_interaction, User: make_user}
DERIVED = {
    Facts: lambda: make_customer().facts,
    Changed: lambda: Changed.objects.create(customer=make_customer(), why="order"),
    Import: make_import,
    Job: lambda: Job.objects.create(kind="night"),
    NightlyRun: make_night,
}
SENT = {
    Channel: {"name": "Žluté pultíky"},
    Customer: CUSTOMER,
    Order: ORDER,
    Interaction: CONTACT,
    User: PERSON,
}


class TestOwner:
    @pytest.mark.parametrize("model", EDITABLE)
    def test_lists_and_opens_each_table_of_the_record(self, client, model):
        row = EDITABLE[model]()

        pages = [address(model, "changelist"), address(model, "add"), address(model, "change", row.pk), address(model, "history", row.pk)]

        assert [client.get(page).status_code for page in pages] == [200] * 4

    @pytest.mark.parametrize("model", EDITABLE)
    def test_adds_a_row(self, client, model):
        sent = SENT[model] | ({"customer": make_customer().pk} if model in (Order, Interaction) else {})
        before = model.objects.count()

        response = client.post(address(model, "add"), sent)

        assert response.status_code == 302, errors(response)
        assert model.objects.count() == before + 1

    @pytest.mark.parametrize(
        ("model", "field", "value"),
        [
            (Channel, "name", "Counter"),
            (Customer, "city", "Plzeň"),
            (Order, "number", "N2"),
            (Interaction, "text", "Asked."),
            (User, "name", "X"),
        ],
    )
    def test_changes_a_row(self, client, model, field, value):
        row = EDITABLE[model]()
        sent = SENT[model] | {"customer": getattr(row, "customer_id", ""), "is_active": "on", field: value}

        response = client.post(address(model, "change", row.pk), sent)

        assert response.status_code == 302, errors(response)
        row.refresh_from_db()
        assert getattr(row, field) == value

    @pytest.mark.parametrize("model", DERIVED)
    def test_looks_at_what_is_derived(self, client, model):
        row = DERIVED[model]()

        assert client.get(address(model, "changelist")).status_code == 200
        assert client.get(address(model, "change", row.pk)).status_code == 200

    @pytest.mark.parametrize("model", DERIVED)
    def test_changes_nothing_that_is_derived(self, client, model):
        row = DERIVED[model]()
        pages = [address(model, "add"), address(model, "delete", row.pk)]
        posts = [*pages, address(model, "change", row.pk)]

        assert [client.get(page).status_code for page in pages] == [403, 403]
        assert [client.post(page, {"post": "yes"}).status_code for page in posts] == [403, 403, 403]
        client.post(address(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
        assert model.objects.filter(pk=row.pk).exists()


class TestStaff:
    @pytest.mark.parametrize("model", [*EDITABLE, *DERIVED, Business])
    def test_get_nothing(self, model):
        client = signed_in(make_user())
        row = (EDITABLE | DERIVED | {Business: a_business})[model]()
        pages = [address(model, "changelist"), address(model, "add"), address(model, "change", row.pk), address(model, "delete", row.pk)]

        answers = [getattr(client, method)(page, follow=True) for page in pages for method in ("get", "post")]

        assert {answer.status_code for answer in answers} <= {403, 405}
        assert model.objects.filter(pk=row.pk).exists()

    def test_an_owner_who_may_not_sign_in_any_more_gets_nothing_either(self, client, owner):
        User.objects.filter(pk=owner.pk).update(is_active=False)

        assert client.get(address(Customer, "changelist"), follow=True).redirect_chain

    def test_a_stranger_is_sent_to_sign_in(self):
        response = Client().get(address(Customer, "changelist"))

        assert response.status_code == 302 and "login" in response["Location"]


class TestCustomers:
    def test_a_new_one_has_facts_a_search_key_and_a_note(self, client):
        client.post(address(Customer, "add"), CUSTOMER)

        customer = Customer.objects.get()
        assert (customer.email, customer.search_key) == ("jan@example.com", "jan zizka jan@example.com")
        assert Facts.objects.get().pk == customer.pk
        assert noted() == [(customer.pk, "customer")]

    def test_one_with_the_email_of_another_is_refused_with_a_sentence(self, client):
        make_customer(email="jan@example.com")

        found = errors(client.post(address(Customer, "add"), CUSTOMER | {"email": " JAN@example.com "}))

        assert list(found.values()) == [["Another customer has this e-mail already."]]

    @pytest.mark.parametrize("name", ["a\0b", "n" * 201])
    def test_a_name_that_one_engine_would_refuse_is_refused_by_both(self, client, name):
        assert "name" in errors(client.post(address(Customer, "add"), CUSTOMER | {"name": name}))

    def test_a_deleted_one_waits_in_the_bin_without_what_is_derived(self, client):
        customer = make_customer()

        client.post(address(Customer, "delete", customer.pk), {"post": "yes"})

        customer.refresh_from_db()
        assert customer.binned_at is not None and not Facts.objects.exists()
        assert not client.get(address(Customer, "changelist")).context["cl"].result_list

    def test_the_orders_of_a_deleted_one_are_kept(self, client):
        order = make_order()

        response = client.post(address(Customer, "delete", order.customer.pk), {"post": "yes"})

        order.refresh_from_db()
        assert response.status_code == 302 and order.customer.binned_at is not None

    def test_a_script_in_a_name_is_shown_as_text(self, client):
        customer = make_customer(name=SCRIPT, city=SCRIPT, external_id=SCRIPT)
        order = make_order(customer, number=SCRIPT)
        contact = make_interaction(customer, text=SCRIPT)
        pages = [address(model, "changelist") for model in (Customer, Order, Interaction, Facts)]
        pages += [address(row, "change", row.pk) for row in (customer, order, contact, customer.facts)]
        pages.append(address(Customer, "delete", customer.pk))

        shown = [client.get(page).content.decode() for page in pages]

        assert not [page for page, text in zip(pages, shown, strict=True) if SCRIPT in text]
        assert all("&lt;script&gt;" in text for text in shown)


class TestOrders:
    def test_a_new_one_is_noted_and_comes_from_a_hand(self, client):
        customer = make_customer()

        client.post(address(Order, "add"), ORDER | {"customer": customer.pk})

        order = Order.objects.get()
        assert (order.amount, order.source, len(order.key)) == (Decimal("12.50"), "manual", 32)
        assert noted() == [(customer.pk, "order")]

    def test_one_that_moves_is_noted_for_both(self, client):
        order, other = make_order(), make_customer()

        client.post(address(Order, "change", order.pk), ORDER | {"customer": other.pk})

        assert noted() == sorted([(order.customer_id, "order"), (other.pk, "order")])

    def test_one_that_is_deleted_is_noted(self, client):
        first, second = make_order(), make_order()

        client.post(address(Order, "delete", first.pk), {"post": "yes"})
        client.post(address(Order, "changelist"), {"action": "delete_selected", "_selected_action": [second.pk], "post": "yes"})

        assert Order.objects.count() == 0
        assert noted() == [(first.customer_id, "order"), (second.customer_id, "order")]

    def test_its_source_and_key_stay(self, client):
        order = make_order(source="file", key="7")

        client.post(address(Order, "change", order.pk), ORDER | {"customer": order.customer_id, "source": "x", "key": "8"})

        assert Order.objects.values_list("source", "key", "number").get() == ("file", "7", "N1")

    def test_a_line_is_saved_with_it(self, client):
        line = {"lines-TOTAL_FORMS": "1", "lines-0-position": "1", "lines-0-product": "Tea", "lines-0-amount": "12,50"}

        response = client.post(address(Order, "add"), ORDER | line, headers={"accept-language": "cs"})

        assert response.status_code == 302
        assert OrderLine.objects.values_list("product", "amount").get() == ("Tea", Decimal("12.50"))

    @pytest.mark.parametrize(("language", "amount"), [("en", "12.50"), ("cs", "12,50"), ("cs", "12.50"), ("pl", "12,5")])
    def test_the_amount_is_taken_as_the_language_writes_it(self, client, language, amount):
        response = client.post(address(Order, "add"), ORDER | {"amount": amount}, headers={"accept-language": language})

        assert response.status_code == 302, errors(response)
        assert Order.objects.get().amount == Decimal("12.50")

    def test_the_amount_is_shown_as_it_would_be_taken(self, client):
        order = make_order(amount=Decimal("1234.50"))

        page = client.get(address(Order, "change", order.pk), headers={"accept-language": "cs"}).content.decode()

        assert '<input type="text" name="amount" value="1234,50"' in page

    @pytest.mark.parametrize("amount", ["abc", "NaN", "Infinity", "1e20", "100000000000000000000", "12.505", ""])
    def test_what_is_no_amount_is_refused_with_a_sentence(self, client, amount):
        found = errors(client.post(address(Order, "add"), ORDER | {"amount": amount}))

        assert found["amount"][0].endswith(".")
        assert Order.objects.count() == 0

    def test_a_part_that_is_the_whole_is_refused_with_a_sentence(self, client):
        found = errors(client.post(address(Order, "add"), ORDER | {"refunded": "12.50"}))

        assert "The refunded part is less than the amount" in str(found)

    def test_a_contact_longer_than_a_day_is_refused_with_a_sentence(self, client):
        found = errors(client.post(address(Interaction, "add"), CONTACT | {"customer": make_customer().pk, "minutes": "1441"}))

        assert found == {"minutes": ["Ensure this value is less than or equal to 1440."]}


class TestInteractions:
    def test_it_says_who_logged_it_and_keeps_that(self, client, owner):
        customer = make_customer()

        client.post(address(Interaction, "add"), CONTACT | {"customer": customer.pk})
        contact = Interaction.objects.get()
        other = signed_in(make_owner())
        other.post(address(Interaction, "change", contact.pk), CONTACT | {"customer": customer.pk, "text": "More."})

        contact.refresh_from_db()
        assert (contact.by, contact.text) == (owner, "More.")
        assert noted() == [(customer.pk, "interaction")] * 2

    def test_one_that_is_deleted_is_noted(self, client):
        first, second = make_interaction(), make_interaction()

        client.post(address(Interaction, "delete", first.pk), {"post": "yes"})
        client.post(address(Interaction, "changelist"), {"action": "delete_selected", "_selected_action": [second.pk], "post": "yes"})

        assert Interaction.objects.count() == 0
        assert noted() == [(first.customer_id, "interaction"), (second.customer_id, "interaction")]


class TestChannels:
    def test_the_key_is_the_folded_name_and_stays(self, client):
        client.post(address(Channel, "add"), {"name": "Žluté Pultíky"})
        channel = Channel.objects.get()
        assert channel.key == "zlute pultiky"

        client.post(address(Channel, "change", channel.pk), {"name": "Yellow", "key": "other"})

        assert Channel.objects.values_list("key", "name").get() == ("zlute pultiky", "Yellow")

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("E-SHOP", "Another channel has this name already."),
            ("É-shop ", "Another channel has this name already."),
            ("´", "A name has a letter or a digit."),
            ("ß" * 26, "This name is too long."),
        ],
    )
    def test_a_name_that_gives_no_key_of_its_own_is_refused_with_a_sentence(self, client, name, sentence):
        make_channel()

        found = errors(client.post(address(Channel, "add"), {"name": name}))

        assert found == {"name": [sentence]}


class TestBusiness:
    SENT = {"name": "Tea", "zone": "Europe/Warsaw", "currency": "PLN", "pareto_share": "0.75", "complaint_days": "30", "country": "PL"}

    def save(self, client, **changes):
        return client.post(address(Business, "change", a_business().pk), self.SENT | changes)

    def test_it_is_one_page_that_makes_the_row(self, client):
        response = client.get(address(Business, "changelist"), follow=True)

        assert response.redirect_chain == [(address(Business, "change", 1), 302)] and response.status_code == 200
        assert client.get(address(Business, "add")).status_code == client.get(address(Business, "delete", 1)).status_code == 403

    def test_everything_may_be_set_before_the_first_order(self, client):
        make_customer()

        assert self.save(client).status_code == 302

        assert Business.objects.values_list("name", "zone", "currency", "pareto_share").get() == (
            "Tea",
            "Europe/Warsaw",
            "PLN",
            Decimal("0.75"),
        )

    def test_zone_and_currency_are_fixed_at_the_first_order(self, client):
        make_order(customer_id=None)

        assert self.save(client).status_code == 302

        assert Business.objects.values_list("name", "zone", "currency").get() == ("Tea", "Europe/Prague", "CZK")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("zone", "Mars/Olympus"),
            ("zone", "../etc"),
            ("currency", "czk"),
            ("pareto_share", "0"),
            ("pareto_share", "1.01"),
            ("pareto_share", "NaN"),
        ],
    )
    def test_a_wrong_setting_is_refused_with_a_sentence(self, client, field, value):
        found = errors(self.save(client, **{field: value}))

        assert list(found) == [field] and found[field][0].endswith(".")

    def test_the_live_date_and_the_gap_are_not_to_be_set(self, client):
        self.save(client, as_of="2030-01-01", gap_days="5")

        assert Business.objects.values_list("as_of", "gap_days").get() == (None, 90)


class TestPeople:
    def test_a_new_one_signs_in_by_the_email_in_small_letters(self, client):
        client.post(address(User, "add"), PERSON)

        user = User.objects.get(email="new@example.com")
        assert (user.role, user.is_staff, user.check_password(PASSWORD)) == ("staff", False, True)

    def test_one_with_the_email_of_another_in_other_letters_is_refused_with_a_sentence(self, client):
        found = errors(client.post(address(User, "add"), PERSON | {"email": "OWNER@example.com"}))

        assert found == {"email": ["User with this E-mail already exists."]}

    def test_a_short_password_is_refused(self, client):
        assert "password2" in errors(client.post(address(User, "add"), PERSON | {"password1": "short", "password2": "short"}))


class TestSearch:
    @pytest.mark.parametrize("term", ["žižka", "ZIZKA", "Žiž", "zizka jan", "601 234", "601234567"])
    @pytest.mark.parametrize("model", [Customer, Order, Interaction, Facts])
    def test_it_folds_what_is_sought(self, client, model, term):
        wanted, other = make_customer(name="Jan Žižka", phone="+420 601-234-567"), make_customer(name="Jan Hus")
        for customer in (wanted, other):
            make_order(customer), make_interaction(customer)

        response = client.get(address(model, "changelist") + "?" + urlencode({"q": term}))

        assert [getattr(row, "customer", row) for row in response.context["cl"].queryset] == [wanted]

    @pytest.mark.parametrize("term", ["Č-7", "7/2025", "c-7"])
    def test_an_order_is_found_by_its_number_as_written(self, client, term):
        wanted = make_order(number="C-7/2025" if term == "c-7" else "Č-7/2025")
        make_order(number="Č-8")

        response = client.get(address(Order, "changelist") + "?" + urlencode({"q": term}))

        assert list(response.context["cl"].queryset) == [wanted]

    def test_the_customer_of_an_order_is_found_in_the_form_as_well(self, client):
        wanted = make_customer(name="Łódź")
        field = {"app_label": "crm", "model_name": "order", "field_name": "customer", "term": "łódź"}

        found = client.get(reverse("admin:autocomplete") + "?" + urlencode(field)).json()

        assert [entry["id"] for entry in found["results"]] == [str(wanted.pk)]


@pytest.mark.parametrize("model", [*EDITABLE, *DERIVED])
def test_the_queries_of_a_list_do_not_grow_with_its_rows(client, model):
    make = (EDITABLE | DERIVED)[model]
    several = {
        Channel: lambda place: Channel.objects.create(key=f"{place}", name=f"{place}"),
        Import: lambda place: Import.objects.create(source="file", file_name="a.csv", digest=f"{place}", started_at=NOON),
        NightlyRun: lambda place: NightlyRun.objects.create(as_of=date(2024, 1, place), state="running", started_at=NOON),
        Order: lambda place: make_order(channel=Channel.objects.create(key=f"{place}", name=f"{place}")),
        Interaction: lambda place: make_interaction(by=make_user()),
    }
    (several[model](1) if model in several else make()), (several[model](2) if model in several else make())

    def queries():
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address(model, "changelist")).status_code == 200
        return len(seen)

    queries()  # the first one fills caches
    few = queries()
    for place in range(3, 13):
        several[model](place) if model in several else make()

    assert queries() == few <= 12


def test_moments_are_read_in_the_business_zone(client):
    sent = {
        "kind": "call",
        "direction": "in",
        "happened_on": "2026-07-01",
        "happened_at_0": "2026-07-01",
        "happened_at_1": "23:30",
        "text": "",
    }

    response = client.post(address(Interaction, "add"), sent | {"customer": make_customer().pk})

    assert response.status_code == 302
    made = Interaction.objects.get()
    assert (made.happened_on.isoformat(), made.happened_at.isoformat()) == ("2026-07-01", "2026-07-01T21:30:00+00:00")
