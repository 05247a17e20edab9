"""A tag put on many customers at once and taken off them, and a field of our own set for many; and each taken back."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config import worker
from config.tests import cast
from crm.bin import put_in_bin
from crm.bulk_actions import doing
from crm.bulk_actions.page import Outcome
from crm.bulk_actions.selection import Selection
from crm.merging import merge
from crm.models import Audit, BulkAction, Changed, Customer, CustomerTag, FieldValue, Tag
from crm.people.fields import archive_field, make_field
from crm.people.values import keep_values
from crm.tags import writing
from crm.tags.page import tags_of
from crm.tags.writing import put_tag, remove_tag, take_tag
from crm.tests.factories import make_customer
from crm.tests.test_bulk_actions import states, text, work

pytestmark = pytest.mark.django_db


def ask(by, kind, said, customers):
    selection = Selection(tuple(one.pk for one in customers))
    return doing.ask(kind=kind, said=said, selection=selection, people=len(customers), by=by, form_key=uuid4())


def taken_back(action, by):
    assert doing.ask_undo(action=action, by=by)
    return work(action)


def tags():
    return {one.name: tags_of([one.pk]).get(one.pk, []) for one in Customer.objects.present()}


class TestATag:
    def test_each_gets_it_once_and_it_is_taken_back_where_this_put_it_on(self, jana):
        anna, eva = make_customer(name="Anna"), make_customer(name="Eva")
        put_tag(customer=eva, name="VIP", by=jana)
        action = work(ask(jana, "tag", {"name": "vip"}, [anna, eva]))

        assert tags() == {"Anna": ["VIP"], "Eva": ["VIP"]}
        assert states(action) == {"Anna": "changed", "Eva": "same"}
        assert Audit.objects.get(what="bulk.changed").changes == {"tag": ["", "VIP"]}
        assert Changed.objects.filter(customer=anna).exists()
        taken_back(action, jana)
        assert tags() == {"Anna": [], "Eva": ["VIP"]}

    def test_one_that_somebody_took_off_and_put_on_again_stays_theirs(self, jana):
        anna = make_customer(name="Anna")
        action = work(ask(jana, "tag", {"name": "VIP"}, [anna]))
        take_tag(customer=anna, tag=Tag.objects.get().pk, by=jana)
        put_tag(customer=anna, name="VIP", by=jana)

        assert states(taken_back(action, jana)) == {"Anna": "kept"}
        assert tags() == {"Anna": ["VIP"]}

    def test_taken_off_it_comes_back_by_whom_and_when_it_was_put_on(self, jana):
        anna, eva = make_customer(name="Anna"), make_customer(name="Eva")
        row = put_tag(customer=anna, name="VIP", by=cast.staff())
        row.refresh_from_db()
        action = work(ask(jana, "untag", {"tag": row.tag_id, "name": "VIP"}, [anna, eva]))

        assert tags() == {"Anna": [], "Eva": []} and states(action) == {"Anna": "changed", "Eva": "same"}
        taken_back(action, jana)
        back = CustomerTag.objects.get()
        assert (back.customer, back.tag, back.by, back.at) == (anna, row.tag, row.by, row.at)

    def test_who_is_gone_when_their_turn_comes_is_counted_as_gone(self, jana):
        anna, binned, merged = (make_customer(name=name) for name in ("Anna", "Binned", "Merged"))
        action = ask(jana, "tag", {"name": "VIP"}, [anna, binned, merged])
        doing.choose(BulkAction.objects.get())
        put_in_bin(customer=binned, now=timezone.now(), by=jana)
        merge(into=anna, from_=merged, fields={}, by=jana, now=timezone.now())
        action = work(action)

        assert states(action) == {"Anna": "changed", "Binned": "gone", "Merged": "gone"}
        assert Outcome.of(action, timezone.now()).words == "Done for 1 customer. 2 are not there any more."
        put_in_bin(customer=anna, now=timezone.now(), by=jana)
        action = taken_back(action, jana)
        assert states(action)["Anna"] == "gone"
        assert Outcome.of(action, timezone.now()).words == "Taken back for 0 customers. 3 are not there any more."

    def test_one_who_is_somebody_else_by_now_gets_it_as_who_they_are(self, jana):
        merged, into = make_customer(name="Merged"), make_customer(name="Into")
        action = ask(jana, "tag", {"name": "VIP"}, [merged])
        doing.choose(BulkAction.objects.get())
        merge(into=into, from_=merged, fields={}, by=jana, now=timezone.now())

        assert states(work(action)) == {"Into": "changed"} and tags() == {"Into": ["VIP"]}

    def test_it_is_taken_off_all_whom_the_list_is_asked_for_by_it_and_nobody_by_one_that_is_none(self, jana):
        anna, _eva = make_customer(name="Anna"), make_customer(name="Eva")
        tag = put_tag(customer=anna, name="VIP", by=jana).tag
        for asked, states_of in (("nothing", {}), ("vip", {"Anna": "changed"})):
            form = {"all": "1", "tag": asked, "kind": "untag", "untag-tag": tag.pk, "key": uuid4()}
            answer = cast.signed_in(jana).post(reverse("bulk_action"), form)
            assert answer.url == (
                reverse("customers") if not states_of else reverse("bulk_action_result", args=[BulkAction.objects.get().pk])
            )

        assert states(work(BulkAction.objects.get())) == {"Anna": "changed"} and tags() == {"Anna": [], "Eva": []}

    def test_one_that_was_removed_meanwhile_ends_it_with_a_sentence(self, jana):
        action = ask(jana, "tag", {"name": "VIP"}, [make_customer()])
        remove_tag(tag=Tag.objects.get(), now=timezone.now(), by=jana)
        with pytest.raises(LookupError, match="removed meanwhile"):
            work(action)

        action.refresh_from_db()
        assert Outcome.of(action, timezone.now()).words == "The tag “VIP” was removed meanwhile."

    def test_one_tag_too_many_is_said_and_nothing_is_asked_for(self, jana, monkeypatch):
        monkeypatch.setattr(writing, "MOST_TAGS", 0)
        form = {"customer": make_customer().pk, "kind": "tag", "tag-name": "VIP", "key": uuid4()}

        assert "There can be at most 0 tags" in text(cast.signed_in(jana).post(reverse("bulk_action"), form))
        assert not BulkAction.objects.exists() and not Tag.objects.exists()

    def test_the_page_asks_for_it_and_says_it(self, jana):
        owner, anna = cast.signed_in(jana), make_customer(name="Anna")
        form = {"customer": anna.pk, "kind": "tag", "tag-name": "", "key": uuid4()}

        assert "Take a tag off" not in text(owner.get(reverse("bulk_action"), {"customer": anna.pk}))
        assert "Say which tag; a new name makes a new one." in text(owner.post(reverse("bulk_action"), form))
        answers = [owner.post(reverse("bulk_action"), form | {"tag-name": "<b>VIP"}) for _ in range(2)]
        action = work(BulkAction.objects.get())
        assert answers[0].url == answers[1].url == reverse("bulk_action_result", args=[action.pk])
        assert "Tag added: <b>VIP" in text(owner.get(answers[0].url))
        page = owner.get(reverse("bulk_action"), {"customer": anna.pk}).content.decode()
        assert '<option value="&lt;b&gt;VIP">' in page and "<b>VIP" not in page and "Take a tag off" in page

    def test_staff_cannot(self):
        form = {"customer": make_customer().pk, "kind": "tag", "tag-name": "VIP", "key": uuid4()}

        assert cast.signed_in(cast.staff()).post(reverse("bulk_action"), form).status_code == 403
        assert not Tag.objects.exists()

    @pytest.mark.parametrize("kind", ["tag", "untag", "field"])
    def test_a_stretch_costs_the_same_however_many_are_in_it(self, jana, kind):
        field = make_field(name="Note", kind="text", by=jana)
        tag = put_tag(customer=make_customer(), name="VIP", by=jana).tag
        said = {
            "tag": {"name": "VIP"},
            "untag": {"tag": tag.pk, "name": "VIP"},
            "field": {"field": field.pk, "name": "Note", "value": "x", "said": "x"},
        }
        costs = []
        for many in (2, 40):
            people = [make_customer() for _ in range(many)]
            if kind == "untag":
                CustomerTag.objects.bulk_create(CustomerTag(customer=one, tag=tag, at=timezone.now()) for one in people)
            action = ask(jana, kind, said[kind], people)
            with CaptureQueriesContext(connection) as done:
                work(action)
            taken = CaptureQueriesContext(connection)
            with taken:
                taken_back(action, jana)
            costs.append((len(done), len(taken)))

        assert costs[0] == costs[1]


VALUES = {
    "text": ("Má psa", "Kočku", "Má psa"),
    "number": ("2.5", Decimal("7"), "2.5"),
    "date": ("2026-03-04", date(2025, 1, 1), "2026-03-04"),
}


class TestAFieldOfOurOwn:
    @pytest.mark.parametrize("kind", list(VALUES))
    def test_what_is_typed_is_set_and_each_gets_back_what_they_had(self, jana, kind):
        typed, had, plain = VALUES[kind]
        owner, field = cast.signed_in(jana), make_field(name="Field", kind=kind, by=jana)
        people = anna, eva, same = [make_customer(name=name) for name in ("Anna", "Eva", "Same")]
        keep_values(customer=eva, given={field: had}, seen={}, by=jana)
        form = {"customer": [one.pk for one in people], "kind": "field", "field-what": f"{field.pk}+", "field-value": typed, "key": uuid4()}
        owner.post(reverse("bulk_action"), form)
        action = BulkAction.objects.get()
        assert action.arguments["value"] == plain
        value = {"text": typed, "number": Decimal("2.5"), "date": date(2026, 3, 4)}[kind]
        keep_values(customer=same, given={field: value}, seen={}, by=jana)
        action = work(action)

        assert states(action) == {"Anna": "changed", "Eva": "changed", "Same": "same"}
        assert {row.customer_id: row.value for row in FieldValue.objects.all()} == dict.fromkeys([one.pk for one in people], value)
        assert {row.text_key for row in FieldValue.objects.all()} == {"ma psa" if kind == "text" else ""}
        taken_back(action, jana)
        assert {row.customer_id: row.value for row in FieldValue.objects.all()} == {eva.pk: had, same.pk: value}
        assert anna.pk in set(Changed.objects.values_list("customer", flat=True))

    def test_an_option_is_set_and_a_field_is_emptied(self, jana):
        owner, anna = cast.signed_in(jana), make_customer(name="Anna")
        field = make_field(name="Coffee", kind="choice", options=["Ground", "Beans"], by=jana)
        form = {"customer": anna.pk, "kind": "field"}
        page = owner.get(reverse("bulk_action"), {"customer": anna.pk}).content.decode()
        assert f'value="{field.pk}=ground"' in page and "Coffee: nothing, emptied" in page
        owner.post(reverse("bulk_action"), form | {"field-what": f"{field.pk}=beans", "key": uuid4()})
        first = work(BulkAction.objects.get())
        assert FieldValue.objects.get().option.name == "Beans"
        assert "Coffee: Beans" in text(owner.get(reverse("bulk_action_result", args=[first.pk])))
        owner.post(reverse("bulk_action"), form | {"field-what": f"{field.pk}-", "key": uuid4()})
        second = work(BulkAction.objects.latest("pk"))
        assert not FieldValue.objects.exists()
        assert Audit.objects.filter(what="bulk.changed").latest("pk").changes == {"Coffee": ["Beans", ""]}
        # Emptied since, so it is not as the first one left it.
        assert states(taken_back(first, jana)) == {"Anna": "kept"}
        taken_back(second, jana)
        assert FieldValue.objects.get().option.name == "Beans"

    def test_yes_and_no_are_two_values(self, jana):
        field, anna = make_field(name="Machine", kind="yes_no", by=jana), make_customer()
        for value, is_yes in (("false", False), ("true", True)):
            work(ask(jana, "field", {"field": field.pk, "name": "Machine", "value": value, "said": value}, [anna]))
            assert FieldValue.objects.get().yes is is_yes

    @pytest.mark.parametrize(
        ("kind", "what", "value", "sentence"),
        [
            ("text", "", "x", "Say which field."),
            ("text", "999999+", "x", "There is no such field or option any more"),
            ("text", "{}+", "", "Write what “Field” is to hold, or choose to empty it."),
            ("text", "{}+", "\u0301", "Write something that can be read"),
            ("text", "{}+", "x" * 501, "This is too long: 501 letters, and at most 500 are kept."),
            ("number", "{}+", "a lot", "Write a number of at most ten digits"),
            ("number", "{}+", "1e99", "Write a number of at most ten digits"),
            ("date", "{}+", "2026-02-30", "There is no such day"),
        ],
    )
    def test_what_does_not_fit_is_said_and_kept_in_the_form(self, jana, kind, what, value, sentence):
        field, owner = make_field(name="Field", kind=kind, by=jana), cast.signed_in(jana)
        form = {"customer": make_customer().pk, "kind": "field", "field-what": what.format(field.pk), "field-value": value, "key": uuid4()}
        answer = owner.post(reverse("bulk_action"), form)

        assert sentence in text(answer) and (not value or value in answer.content.decode())
        assert not BulkAction.objects.exists()

    def test_a_field_that_was_archived_meanwhile_ends_it_with_a_sentence(self, jana):
        field = make_field(name="Note", kind="text", by=jana)
        action = ask(jana, "field", {"field": field.pk, "name": "Note", "value": "x", "said": "x"}, [make_customer()])
        archive_field(field=field, now=timezone.now(), by=jana)

        with pytest.raises(LookupError, match="archived or deleted meanwhile"):
            worker.run_job(action.job_id)

    def test_where_there_is_no_field_it_is_not_offered(self, jana):
        owner, anna = cast.signed_in(jana), make_customer()

        assert "A field of our own" not in text(owner.get(reverse("bulk_action"), {"customer": anna.pk}))
        # Said all the same, it is refused.
        form = {"customer": anna.pk, "kind": "field", "field-what": "1-", "key": uuid4()}
        owner.post(reverse("bulk_action"), form)
        assert not BulkAction.objects.exists()
