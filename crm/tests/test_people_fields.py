"""The owner's fields: making, naming, ordering and retiring them; the values of a customer, and two who write at once."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from config.tests import cast
from crm.models import Audit, Changed, CustomField, FieldValue
from crm.people.fields import MOST_FIELDS, archive_field, bring_back, change_field, delete_field, make_field, move_field
from crm.people.more import MoreForm
from crm.people.values import keep_values, values_of
from crm.tests.factories import make_customer, make_owner
from lifecycle.kotler import install
from lifecycle.models import Stage
from segments.saved import make_segment

pytestmark = pytest.mark.django_db


@pytest.fixture
def by():
    return make_owner()


def field(by, kind="text", name="Note", options=()):
    return make_field(name=name, kind=kind, options=options, by=by)


def posted(form, **typed):
    """What a browser would send of the form, with some of it typed anew, by the names of the fields."""
    sent = {}
    for row, own in zip(form.rows, form.by_name.values(), strict=True):
        sent |= {row.control.html_name: typed.get(own.name, row.control.value() or ""), row.seen_name: row.seen}
    return sent


class TestMakingAField:
    def test_its_key_is_of_its_first_name_and_stays(self, by):
        made = field(by, name="Žere psí  granule")

        change_field(field=made, name="Má psa", options={}, kept=[], more=[], by=by)

        made.refresh_from_db()
        assert (made.key, made.name, made.name_key) == ("zere_psi_granule", "Má psa", "ma psa")
        assert [entry.what for entry in Audit.objects.order_by("pk")] == ["field.made", "field.changed"]
        assert Audit.objects.last().changes == {"name": ["Žere psí granule", "Má psa"]}

    @pytest.mark.parametrize("name", ["", "  ", "\u0301", "a\0b", "\ud800", "x" * 61])
    def test_a_name_that_is_none_is_refused(self, by, name):
        with pytest.raises(ValidationError):
            field(by, name=name)

        assert not CustomField.objects.exists()

    def test_a_name_that_is_taken_is_refused_whatever_its_accents(self, by):
        field(by, name="Káva")

        with pytest.raises(ValidationError, match="Another field is called “KAVA”"):
            field(by, name="KAVA")

    def test_names_of_one_key_get_keys_of_their_own(self, by):
        assert [field(by, name=name).key for name in ("A b", "A-b", "…?")] == ["a_b", "a_b_2", "field"]

    def test_a_choice_needs_options(self, by):
        with pytest.raises(ValidationError, match="A choice needs something to choose from"):
            field(by, "choice", options=["", " "])

    def test_options_are_kept_once_each_and_in_order(self, by):
        made = field(by, "choice", options=["Mletá", "mleta", "", "Zrnková"])

        assert list(made.options.values_list("key", "name")) == [("mleta", "Mletá"), ("zrnkova", "Zrnková")]

    def test_there_is_an_end_of_them(self, by):
        CustomField.objects.bulk_create(
            CustomField(key=f"k{number}", name=f"K{number}", name_key=f"k{number}", kind="text") for number in range(MOST_FIELDS)
        )

        with pytest.raises(ValidationError, match="at most 50 fields"):
            field(by)

    def test_they_are_moved_one_place_at_a_time_and_not_over_the_end(self, by):
        first, second, third = (field(by, name=name) for name in "ABC")

        move_field(field=third, up=True, by=by)
        move_field(field=first, up=True, by=by)

        assert list(CustomField.objects.values_list("name", flat=True)) == ["A", "C", "B"]


class TestOptions:
    def test_one_that_is_taken_from_the_choice_stays_with_who_has_it(self, by):
        made, customer = field(by, "choice", options=["Mletá", "Zrnková"]), make_customer()
        keep_values(customer=customer, given={made: made.options.get(key="mleta")}, seen={}, by=by)

        change_field(field=made, name="Note", options={"zrnkova": "Celá"}, kept=["zrnkova"], more=["Obojí", "celá"], by=by)

        assert list(made.options.values_list("key", "name", "is_retired")) == [
            ("mleta", "Mletá", True),
            ("zrnkova", "Celá", False),
            ("oboji", "Obojí", False),
        ]
        assert [label for _key, label in MoreForm(customer).fields[f"f{made.pk}"].choices] == ["not known", "Mletá", "Celá", "Obojí"]
        assert [label for _key, label in MoreForm(make_customer()).fields[f"f{made.pk}"].choices] == ["not known", "Celá", "Obojí"]

    @pytest.mark.parametrize(
        ("options", "kept", "sentence"),
        [({"a": "B"}, ["a", "b"], "Two options have one name"), ({}, [], "A choice needs something to choose from")],
    )
    def test_what_would_leave_no_choice_is_refused_as_a_whole(self, by, options, kept, sentence):
        made = field(by, "choice", options=["A", "B"])

        with pytest.raises(ValidationError, match=sentence):
            change_field(field=made, name="Other", options=options, kept=kept, more=[], by=by)

        made.refresh_from_db()
        assert (made.name, list(made.options.values_list("name", "is_retired"))) == ("Note", [("A", False), ("B", False)])


class TestOneThatGoes:
    def test_it_is_archived_with_its_values_and_comes_back_with_them(self, by):
        made, customer = field(by), make_customer()
        keep_values(customer=customer, given={made: "Má psa"}, seen={}, by=by)

        assert archive_field(field=made, now=timezone.now(), by=by)
        assert not archive_field(field=made, now=timezone.now(), by=by)
        assert values_of(customer) == {}
        assert bring_back(field=made, by=by)
        assert not bring_back(field=made, by=by)
        assert [value.text for value in values_of(customer).values()] == ["Má psa"]

    def test_one_with_values_is_not_deleted(self, by):
        made = field(by)
        keep_values(customer=make_customer(), given={made: "Má psa"}, seen={}, by=by)

        with pytest.raises(ValidationError, match="“Note” holds values"):
            delete_field(field=made, by=by)

    def test_one_without_is(self, by):
        delete_field(field=field(by), by=by)

        assert not CustomField.objects.exists()

    @pytest.mark.parametrize(
        "go", [lambda made, by: archive_field(field=made, now=timezone.now(), by=by), lambda made, by: delete_field(field=made, by=by)]
    )
    def test_one_that_rules_ask_stays_and_the_sentence_names_them(self, by, go):
        made, rule = field(by), {"all": [{"not": {"fact": "field_note", "op": "=", "value": "a"}}]}
        make_segment(by=by, name="Dogs", rule=rule)
        ladder = install()
        stage = Stage.objects.filter(ladder=ladder).order_by("rank").first()
        Stage.objects.filter(pk=stage.pk).update(rule=rule)

        with pytest.raises(ValidationError) as refused:
            go(made, by)

        said = refused.value.messages[0]
        assert "“Note” cannot go while 2 rules ask it" in said
        assert "the segment “Dogs”" in said
        assert f"the stage “{stage}” of the ladder “{ladder}”" in said
        assert CustomField.objects.get().archived_at is None


class TestValues:
    def test_each_kind_is_kept_in_its_column_with_one_entry_of_the_audit(self, by):
        customer = make_customer()
        text, number, day, yes = (field(by, kind, name=kind) for kind in ("text", "number", "date", "yes_no"))
        choice = field(by, "choice", name="choice", options=["Mletá"])
        option = choice.options.get()
        given = {text: "Má psa", number: Decimal("2.50"), day: date(2026, 3, 1), yes: False, choice: option}

        assert keep_values(customer=customer, given=given, seen={}, by=by) == {}

        assert {value.field: value.value for value in FieldValue.objects.all()} == given
        entry = Audit.objects.get(what="values.changed")
        assert entry.changes == {
            "text": ["", "Má psa"],
            "number": ["", "2.5"],
            "date": ["", "2026-03-01"],
            "yes_no": ["", "false"],
            "choice": ["", "Mletá"],
        }
        assert (entry.customer_pk, entry.by_pk) == (customer.pk, by.pk)
        assert Changed.objects.filter(customer=customer).count() == 1

    def test_what_is_sent_twice_is_kept_once(self, by):
        made, customer = field(by), make_customer()
        for _turn in range(2):
            keep_values(customer=customer, given={made: "Má psa"}, seen={made.pk: ""}, by=by)

        assert (FieldValue.objects.count(), Audit.objects.filter(what="values.changed").count()) == (1, 1)

    def test_an_empty_one_takes_the_row_away(self, by):
        made, customer = field(by), make_customer()
        keep_values(customer=customer, given={made: "Má psa"}, seen={}, by=by)

        keep_values(customer=customer, given={made: None}, seen={made.pk: "Má psa"}, by=by)

        assert not FieldValue.objects.exists()

    def test_the_later_of_two_sees_the_value_of_the_first_and_nothing_of_theirs_is_written(self, by):
        note, cups, customer = field(by), field(by, "number", "Cups"), make_customer()
        keep_values(customer=customer, given={note: "a"}, seen={}, by=by)
        keep_values(customer=customer, given={note: "b"}, seen={note.pk: "a"}, by=by)

        clash = keep_values(customer=customer, given={note: "c", cups: Decimal(2)}, seen={note.pk: "a"}, by=by)

        assert {key: value.text for key, value in clash.items()} == {note.pk: "b"}
        assert {value.text for value in FieldValue.objects.all()} == {"b"}

    def test_who_left_a_field_as_it_was_does_not_overwrite_it(self, by):
        note, cups, customer = field(by), field(by, "number", "Cups"), make_customer()
        keep_values(customer=customer, given={note: "a"}, seen={}, by=by)
        keep_values(customer=customer, given={note: "b"}, seen={note.pk: "a"}, by=by)

        assert keep_values(customer=customer, given={note: "a", cups: Decimal(2)}, seen={note.pk: "a"}, by=by) == {}

        assert FieldValue.objects.get(field=note).text == "b"
        assert FieldValue.objects.get(field=cups).number == 2

    @pytest.mark.parametrize(
        "values",
        [
            {"kind": "text", "text": ""},
            {"kind": "text", "text": "a", "text_key": "a", "yes": True},
            {"kind": "number", "date": date(2026, 3, 1)},
            {"kind": "number", "number": 1, "text": "a"},
            {"kind": "yes_no"},
            {"kind": "other", "text": "a", "text_key": "a"},
        ],
    )
    def test_the_database_refuses_a_value_that_does_not_fit_its_kind(self, by, values):
        with pytest.raises(IntegrityError, match="field_value_fits_its_kind"), transaction.atomic():
            FieldValue.objects.create(customer=make_customer(), field=field(by), **values)


class TestTheForm:
    def test_two_editors_the_later_one_sees_both_and_saves_once_more(self, by):
        made, customer = field(by), make_customer()
        first, second = (posted(MoreForm(customer), Note=text) for text in ("mine", "theirs"))
        assert (one := MoreForm(customer, first)).is_valid()
        assert one.save(by)

        later = MoreForm(customer, second)
        assert later.is_valid()
        assert not later.save(by)
        assert later.errors == {f"f{made.pk}": ["Somebody wrote “mine” here while you were editing. Save once more to keep yours."]}
        again = MoreForm(customer, posted(later))
        assert again.is_valid()
        assert again.save(by)

        assert FieldValue.objects.get().text == "theirs"

    @pytest.mark.parametrize(
        ("kind", "typed", "sentence"),
        [
            ("number", "many", "Write a number of at most ten digits"),
            ("number", "1.234", "Write a number of at most ten digits"),
            ("number", "NaN", "Write a number of at most ten digits"),
            ("number", "1e99", "Write a number of at most ten digits"),
            ("date", "2026-02-30", "There is no such day"),
            ("yes_no", "perhaps", "Choose one of those shown."),
            ("choice", "other", "Choose one of those shown."),
            ("text", "x" * 501, "This is too long: 501 letters, and at most 500 are kept."),
            ("text", "\u0301", "Write something that can be read"),
            ("text", "a\ud800", "The text holds letters that are none"),
        ],
    )
    def test_what_cannot_be_kept_is_said_beside_its_control(self, by, kind, typed, sentence):
        made, customer = field(by, kind, options=["Mletá"]), make_customer()

        form = MoreForm(customer, posted(MoreForm(customer), Note=typed))

        assert not form.is_valid()
        assert sentence in form.errors[f"f{made.pk}"][0]

    def test_a_number_in_czech_has_a_comma(self, by):
        made, customer = field(by, "number"), make_customer()
        with translation.override("cs"):
            form = MoreForm(customer, posted(MoreForm(customer), Note="2,5"))
            assert form.is_valid()
            form.save(by)

            assert FieldValue.objects.get(field=made).number == Decimal("2.5")
            assert MoreForm(customer).rows[0].seen == "2.5"
            assert (again := MoreForm(customer, posted(MoreForm(customer)))).is_valid() and again.save(by)


class TestThePages:
    def test_the_list_stands_in_the_owners_order(self):
        user = cast.owner()
        for name in ("Zoo", "Ant", "Mouse"):
            field(user, name=name)

        page = cast.signed_in(user).get("/settings/fields/").content.decode()

        assert page.index("Move Zoo down") < page.index("Move Ant up") < page.index("Move Mouse up")
        assert "Move Zoo up" not in page
        assert "Move Mouse down" not in page

    def test_an_owner_makes_a_field_and_staff_fill_it_in(self):
        customer = make_customer(name="<script>alert(1)</script>")
        owner = cast.signed_in(cast.owner())

        assert owner.post("/settings/fields/", {"name": "<b>Dog</b>", "kind": "text"}).status_code == 302
        staff = cast.signed_in(cast.staff())
        page = staff.get(f"/customers/{customer.pk}/").content.decode()
        form = MoreForm(customer)
        answer = staff.post(
            f"/customers/{customer.pk}/more/", posted(form, **{"<b>Dog</b>": "Rex <i>🐶</i>"}), headers={"HX-Request": "true"}
        )

        assert "Nothing is filled in yet." in page
        assert "Rex &lt;i&gt;🐶&lt;/i&gt;" in answer.content.decode()
        assert "<b>Dog" not in answer.content.decode()

    def test_what_is_wrong_is_said_and_what_was_typed_is_kept(self):
        owner = cast.signed_in(cast.owner())

        answer = owner.post("/settings/fields/", {"name": "Coffee", "kind": "choice", "options": ""}).content.decode()

        assert "A choice needs something to choose from" in answer
        assert 'value="Coffee"' in answer

    def test_the_list_costs_the_same_however_many_fields_there_are(self, django_assert_max_num_queries):
        user = cast.owner()
        owner = cast.signed_in(user)
        for number in range(12):
            field(user, name=f"Field {number}")

        with django_assert_max_num_queries(12):
            owner.get("/settings/fields/")

    def test_a_field_is_changed_moved_archived_and_brought_back(self):
        user = cast.owner()
        owner, first, made = cast.signed_in(user), field(user), field(user, "choice", "Coffee", ["A", "B"])
        keep_values(customer=make_customer(), given={made: made.options.first()}, seen={}, by=user)

        assert owner.get(f"/settings/fields/{made.pk}/").status_code == 200
        owner.post(f"/settings/fields/{made.pk}/", {"name": "Káva", "name-a": "Aa", "kept-a": "1", "name-b": "B", "more": "C\r\nD"})
        owner.post(f"/settings/fields/{made.pk}/move/", {"way": "up"})
        owner.post(f"/settings/fields/{made.pk}/archive/")
        owner.post(f"/settings/fields/{made.pk}/back/")
        owner.post(f"/settings/fields/{first.pk}/delete/")

        made.refresh_from_db()
        assert (made.name, made.archived_at, made.rank) == ("Káva", None, 1)
        assert list(made.options.filter(is_retired=False).values_list("name", flat=True)) == ["Aa", "C", "D"]
        assert CustomField.objects.count() == 1
