"""One change to many at once: whom it concerns, done once however often it is begun, and taken back where nobody has changed it since."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from config import worker
from config.tests import cast
from crm import jobs
from crm.bulk_actions import doing
from crm.bulk_actions.kinds import KINDS
from crm.bulk_actions.page import Outcome
from crm.bulk_actions.selection import Selection
from crm.models import Audit, BulkAction, Business, Customer, Job, User
from crm.tests.answers import text
from crm.tests.factories import make_customer, make_user

pytestmark = pytest.mark.django_db


def ask(by, customers, owner, **fields):
    selection = fields.pop("selection", None) or Selection(tuple(one.pk for one in customers))
    said = {"owner": owner.pk if owner else None}
    return doing.ask(kind="owner", said=said, selection=selection, people=len(customers), by=by, form_key=fields.pop("form_key", uuid4()))


def work(action):
    """What the worker does with its job."""
    action.refresh_from_db()
    worker.run_job(action.job_id)
    action.refresh_from_db()
    return action


def owners():
    return dict(Customer.objects.order_by("pk").values_list("name", "owner__name"))


def states(action):
    return dict(action.changes.values_list("customer__name", "state"))


class TestDoing:
    def test_those_who_were_chosen_get_it_and_nobody_else(self, jana, petr):
        anna, eva, _other = (make_customer(name=name) for name in ("Anna", "Eva", "Other"))
        action = work(ask(jana, [anna, eva], petr))

        assert owners() == {"Anna": "Petr Malý", "Eva": "Petr Malý", "Other": None}
        assert (action.state, action.ended_at is not None) == ("done", True)

    def test_who_had_it_is_counted_apart(self, jana, petr):
        anna, eva = make_customer(name="Anna", owner=petr), make_customer(name="Eva")
        action = work(ask(jana, [anna, eva], petr))

        assert states(action) == {"Anna": "same", "Eva": "changed"}
        assert Outcome.of(action, timezone.now()).words == "Done for 1 customer. 1 had it already."

    def test_more_than_one_stretch_is_done_to_its_end(self, jana, petr, monkeypatch):
        monkeypatch.setattr(doing, "AT_ONCE", 3)
        action = work(ask(jana, [make_customer() for _ in range(8)], petr))

        assert Customer.objects.filter(owner=petr).count() == 8
        assert action.changes.filter(state="changed").count() == 8

    def test_cut_off_in_the_middle_it_goes_on_where_it_was(self, jana, petr, monkeypatch):
        monkeypatch.setattr(doing, "AT_ONCE", 3)
        action = ask(jana, [make_customer() for _ in range(8)], petr)
        told = []

        def die(done, total, what):
            told.append(done)
            if done == 3:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            doing.do(BulkAction.objects.get(), die)
        assert action.changes.filter(state="changed").count() == 3

        monkeypatch.setattr("crm.bulk_actions.kinds.Customer.save", None)
        action = work(action)
        assert (action.state, action.changes.filter(state="changed").count()) == ("done", 8)
        assert Audit.objects.filter(what="bulk.changed").count() == 8

    def test_who_is_no_owner_any_more_changes_nobody(self, jana, petr):
        action = ask(jana, [make_customer(name="Anna")], petr)
        User.objects.filter(pk=jana.pk).update(role=User.Role.STAFF)
        with pytest.raises(PermissionDenied):
            work(action)

        assert owners() == {"Anna": None}

    def test_whom_it_concerns_is_written_down_once(self, jana, petr):
        anna = make_customer(name="Anna")
        action = ask(jana, [anna], petr, selection=Selection(asked={"q": "ann"}))
        doing.choose(BulkAction.objects.get())
        make_customer(name="Annabel")

        assert states(work(action)) == {"Anna": "changed"}

    def test_a_whole_filter_is_done(self, jana, petr):
        for name in ("Anna Žižková", "Eva Žižková", "Petr Malý"):
            make_customer(name=name)
        action = work(ask(jana, [1, 2], petr, selection=Selection(asked={"q": "zizk"})))

        assert states(action) == {"Anna Žižková": "changed", "Eva Žižková": "changed"}

    @pytest.mark.parametrize("asked", [{"stage": "nonsense"}, {"rule": "{"}, {"q": "x" * 300}, {"group": "nobody-knows"}])
    def test_a_filter_that_is_not_understood_concerns_nobody(self, jana, petr, asked):
        make_customer()

        assert states(work(ask(jana, [1], petr, selection=Selection(asked=asked)))) == {}

    def test_each_change_is_in_the_audit_of_its_customer(self, jana, petr):
        anna = make_customer(name="Anna")
        action = work(ask(jana, [anna], petr))

        entry = Audit.objects.get(what="bulk.changed")
        assert (entry.customer_pk, entry.by_name, entry.changes) == (anna.pk, "Jana Horáková", {"owner": [None, petr.pk]})
        assert Audit.objects.get(what="bulk.asked").row == action.pk

    def test_one_form_sent_twice_is_one_action(self, jana, petr):
        anna, key = make_customer(), uuid4()

        assert ask(jana, [anna], petr, form_key=key) == ask(jana, [anna], petr, form_key=key)
        assert (BulkAction.objects.count(), Job.objects.count()) == (1, 1)


class TestUndoing:
    def test_each_gets_back_what_they_had(self, jana, petr):
        anna, eva = make_customer(name="Anna", owner=jana), make_customer(name="Eva")
        action = work(ask(jana, [anna, eva], petr))

        assert doing.ask_undo(action=action, by=jana)
        assert work(action).state == "undone"
        assert owners() == {"Anna": "Jana Horáková", "Eva": None}

    def test_what_somebody_changed_since_stays(self, jana, petr):
        anna, eva = make_customer(name="Anna"), make_customer(name="Eva")
        action = work(ask(jana, [anna, eva], petr))
        Customer.objects.filter(name="Eva").update(owner=jana)
        doing.ask_undo(action=action, by=jana)
        work(action)

        assert owners() == {"Anna": None, "Eva": "Jana Horáková"}
        said = Outcome.of(BulkAction.objects.get(), timezone.now()).words
        assert said == "Taken back for 1 customer. 1 was changed since, and stays so."

    def test_it_is_taken_back_once(self, jana, petr):
        action = work(ask(jana, [make_customer()], petr))

        assert [doing.ask_undo(action=action, by=jana) for _ in range(3)] == [True, False, False]
        assert Job.objects.filter(kind=doing.UNDO).count() == 1

    def test_what_is_not_at_its_end_is_not_taken_back(self, jana, petr):
        assert not doing.ask_undo(action=ask(jana, [make_customer()], petr), by=jana)

    def test_one_whose_former_owner_is_gone_is_left_to_nobody(self, jana, petr):
        gone = make_user(name="Gone")
        action = work(ask(jana, [make_customer(name="Anna", owner=gone)], petr))
        User.objects.filter(pk=gone.pk).delete()
        doing.ask_undo(action=action, by=jana)
        work(action)

        assert owners() == {"Anna": None}


class TestThePage:
    def test_it_says_whom_it_concerns(self, owner):
        keys = [make_customer(name=f"Customer {number:02}").pk for number in range(12)]
        page = text(owner.get(reverse("bulk_action"), {"customer": keys}))

        assert "12 customers" in page and "Customer 00" in page and "and 2 more" in page and "Do it for 12 customers" in page

    def test_names_are_text(self, owner):
        one = make_customer(name="<script>alert(1)</script>")

        assert b"<script>alert" not in owner.get(reverse("bulk_action"), {"customer": one.pk}).content

    def test_it_is_asked_for_and_done(self, owner, petr):
        anna = make_customer(name="Anna")
        form = {"customer": anna.pk, "kind": "owner", "owner-owner": petr.pk, "key": uuid4()}
        answers = [owner.post(reverse("bulk_action"), form) for _ in range(2)]
        action = BulkAction.objects.get()

        assert {answer.url for answer in answers} == {reverse("bulk_action_result", args=[action.pk])}
        work(action)
        page = text(owner.get(answers[0].url))
        assert "Looked after by Petr Malý" in page and "Done for 1 customer." in page

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"kind": ""}, "Choose what is to be done with them."),
            ({"kind": "sell"}, "That cannot be done with many"),
            ({"owner-owner": "999999"}, "There is nobody of that name here"),
            ({"key": ""}, "This form is out of date"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_done(self, owner, petr, fields, sentence):
        form = {"customer": make_customer().pk, "kind": "owner", "owner-owner": petr.pk, "key": uuid4()} | fields

        assert sentence in text(owner.post(reverse("bulk_action"), form))
        assert not BulkAction.objects.exists()

    @pytest.mark.parametrize(
        "query", [{}, {"customer": "0"}, {"customer": "1e9"}, {"customer": "9" * 30}, {"all": "1", "stage": "nonsense"}]
    )
    def test_nobody_chosen_leads_back_to_the_list(self, owner, query):
        assert owner.get(reverse("bulk_action"), query).url == reverse("customers")

    def test_the_whole_list_goes_by_what_it_was_asked_for(self, owner):
        for name in ("Anna", "Annabel", "Eva"):
            make_customer(name=name)

        assert "2 customers" in text(owner.get(reverse("bulk_action"), {"all": "1", "q": "anna"}))

    def test_one_that_failed_says_why_and_goes_on(self, owner, jana, petr, monkeypatch):
        action = ask(jana, [make_customer()], petr)
        monkeypatch.setitem(KINDS, "owner", None)
        with pytest.raises(AttributeError):
            work(action)
        monkeypatch.undo()

        assert "Go on" in text(owner.get(reverse("bulk_action_result", args=[action.pk])))
        owner.post(reverse("bulk_action_again", args=[action.pk]))
        assert work(action).state == "done"

    def test_while_it_works_it_says_how_far_it_is(self, owner, jana, petr):
        action = ask(jana, [make_customer()], petr)
        jobs.show_life("tick", timezone.now())
        page = reverse("bulk_action_progress", args=[action.pk])

        assert "Waiting for its turn." in text(owner.get(page, headers={"HX-Request": "true"}))
        job = jobs.claim(action.job_id, timezone.now())
        jobs.progress(job, timezone.now(), done=500, total=1200, doing="")
        assert "500 of 1,200 customers are done." in text(owner.get(page, headers={"HX-Request": "true"}))


class TestTheFile:
    def test_the_chosen_are_in_it_and_word_of_it_is_left(self, owner):
        anna, _eva = make_customer(name="Anna", phone="+420 602 118 337", city="=1+1"), make_customer(name="Eva")
        answer = owner.post(reverse("customers_export"), {"customer": anna.pk})
        head, line = b"".join(answer.streaming_content).decode().splitlines()

        assert head.startswith("external_id,email,name,phone,city,country,orders,")
        # No cell is a formula.
        assert line.startswith(",,Anna,'+420 602 118 337,'=1+1,,0,")
        entry = Audit.objects.get(what="export.customers")
        assert (entry.by_name, entry.changes["people"]) == ("Jana Horáková", [None, 1])

    def test_staff_take_nobody_out(self, petr):
        answer = cast.signed_in(petr).post(reverse("customers_export"), {"customer": make_customer().pk})

        assert answer.status_code == 403
        assert not Audit.objects.exists()

    def test_all_of_a_filter_are_in_it(self, owner):
        for name in ("Anna", "Annabel", "Eva"):
            make_customer(name=name)
        answer = owner.post(reverse("customers_export"), {"all": "1", "q": "anna"})

        assert len(b"".join(answer.streaming_content).decode().splitlines()) == 3


def test_the_list_lets_an_owner_choose_and_nobody_else(owner, petr):
    make_customer(name="Anna")
    Business.keep(as_of=timezone.localdate())

    assert b"data-row-check" in owner.get(reverse("customers")).content
    assert b"data-row-check" not in cast.signed_in(petr).get(reverse("customers")).content
