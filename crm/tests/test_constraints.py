"""Every named constraint of the record and of the nights, each with a write that it has to refuse. A constraint without one fails."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from crm.models import (
    Audit,
    BulkAction,
    BulkChange,
    Business,
    Candidate,
    Changed,
    Channel,
    Complaint,
    ComplaintPause,
    ComplaintStep,
    Consent,
    ConsentText,
    Customer,
    CustomerTag,
    CustomField,
    Enquiry,
    Evidence,
    Facts,
    FieldOption,
    FieldValue,
    Household,
    Import,
    Interaction,
    Invitation,
    Job,
    Merge,
    MergeMoved,
    Order,
    OrderLine,
    PastFacts,
    Pulse,
    ReplayFacts,
    SocialProfile,
    Tag,
    Task,
    UsedCode,
    User,
    UserSession,
)
from crm.tests.factories import make_complaint, make_customer, make_enquiry, make_interaction, make_order, make_owner, make_task
from lifecycle.kotler import install as ladder
from lifecycle.models import (
    Ladder,
    LadderNumbers,
    LadderVersion,
    NightlyRun,
    NightlyStep,
    NotNow,
    PinChange,
    Position,
    Replay,
    Stage,
    Transition,
)
from lifecycle.stages import place

pytestmark = pytest.mark.django_db
NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
DAY = date(2025, 1, 15)
EVE, LATER = date(2025, 1, 14), date(2025, 1, 20)
RUNNING = {"state": "running", "heartbeat": NOON, "started_at": NOON, "attempts": 1}


def customer(**values):
    make_customer(), Customer.objects.update(**values)


def order(**values):
    make_order(), Order.objects.update(**values)


def interaction(**values):
    make_interaction(), Interaction.objects.update(**values)


def evidence(**values):
    Evidence.objects.create(**({"customer": make_customer(), "kind": "only_us", "happened_on": DAY} | values))


def task(**values):
    make_task(), Task.objects.update(**values)


def two_that_follow_one():
    first = make_task()
    make_task(previous=first), make_task(previous=first)


def pin_change(**values):
    on = ladder()
    told = {"customer": make_customer(), "ladder": on, "stage": on.stages.first(), "kind": "pinned", "effective_on": DAY, "reason": "Met"}
    PinChange.objects.create(**(told | values))


def complaint(**values):
    make_complaint(), Complaint.objects.update(**values)


def step(**values):
    ComplaintStep.objects.create(**({"complaint": make_complaint(), "happened_on": DAY, "at": NOON} | values))


def enquiry(**values):
    make_enquiry(), Enquiry.objects.update(**values)


def follows_itself():
    made = make_complaint()
    Complaint.objects.filter(pk=made.pk).update(follows=made)


def answered_for_a_reason():
    enquiry(answered_at=NOON, answer=make_interaction(direction="out"), no_answer="Spam")


def consent(**values):
    said = {"purpose": "marketing", "channel": "email", "given": True, "how": "phone", "on": date(2026, 1, 1)}
    return Consent.objects.create(customer=make_customer(), **(said | values))


def consent_text(**values):
    return ConsentText.objects.create(**({"purpose": "marketing", "version": 1, "text": "May we?"} | values))


def two_texts_of_one_version():
    consent_text(), consent_text(text="Or may we not?")


def business(**values):
    Business.keep(**values)


def facts(**values):
    make_customer(), Facts.objects.update(**values)


def past_facts(**values):
    PastFacts.objects.create(customer=make_customer(), **values)


def replay_facts(**values):
    ReplayFacts.objects.create(customer=make_customer(), **values)


def replay(**values):
    Replay.objects.create(**({"first_on": DAY, "daily_from": DAY, "until": DAY, "moves": 0, "finished_at": NOON} | values))


def user(**values):
    make_owner(), User.objects.update(**values)


def invitation(**values):
    number = str(Invitation.objects.count())
    values = {"email": "eva@example.com", "role": "staff", "digest": number, "by": make_owner(), "expires_at": NOON} | values
    return Invitation.objects.create(**values)


def signed_in(**values):
    session = Session.objects.create(pk="k", session_data="", expire_date=NOON)
    return UserSession.objects.create(**({"session": session, "user": make_owner(), "began_at": NOON, "seen_at": NOON} | values))


def stage(**values):
    Stage.objects.create(**({"ladder": ladder(), "key": "new", "name": "New", "rank": 55, "rule": {"all": []}} | values))


def placed():
    make_customer(), place(ladder(), DAY)


def two_positions_on_one_ladder():
    placed()
    Position.objects.create(customer=Customer.objects.get(), ladder=ladder(), stage=Stage.objects.first(), since=DAY)


def job(**values):
    Job.objects.create(**({"kind": "night"} | values))


def night(**values):
    NightlyRun.objects.create(**({"as_of": DAY, "started_at": NOON, "state": "running"} | values))


def taking_in(**values):
    Import.objects.create(**({"source": "file", "file_name": "a.csv", "digest": "0" * 64, "started_at": NOON} | values))


def line(**values):
    OrderLine.objects.create(**({"order": make_order(), "position": 0, "amount": 1} | values))


def two_customers(**values):
    make_customer(**values), make_customer(**values)


def referred_by_self():
    pk = make_customer().pk
    Customer.objects.filter(pk=pk).update(referred_by=pk, referred_on=DAY)


def referred_without_a_date():
    pk = make_customer().pk
    Customer.objects.filter(pk=make_customer().pk).update(referred_by=pk)


def merged_into(other, **values):
    Customer.objects.filter(pk=make_customer().pk).update(merged_into=other, **values)


def merged_into_self():
    pk = make_customer().pk
    Customer.objects.filter(pk=pk).update(merged_into=pk)


def merged(**values):
    return Merge.objects.create(**({"into": make_customer(), "from_customer": make_customer(), "at": NOON} | values))


def merged_twice():
    first = merged()
    merged(from_customer=first.from_customer)


def moved_twice():
    MergeMoved.objects.bulk_create([MergeMoved(merge=merged(), relation="crm.Order.customer", row=1)] * 2)


def candidate(**values):
    one, two = make_customer(), make_customer()
    Candidate.objects.create(**({"first": one, "second": two, "why": "name", "score": 90, "found_at": NOON} | values))


def candidate_twice():
    candidate()
    found = Candidate.objects.get()
    candidate(first=found.first, second=found.second)


def two_orders_with_one_identity():
    make_order(source="file", key="7"), make_order(source="file", key="7")


def two_imports_of_one_file():
    taking_in(), taking_in(file_name="b.csv")


def two_lines_in_one_place():
    place = {"order": make_order(), "position": 1}
    line(**place), line(**place)


def works_at_self():
    pk = make_customer().pk
    Customer.objects.filter(pk=pk).update(works_at=pk)


def tag(**values):
    return Tag.objects.create(**({"key": "vip", "name": "VIP", "name_key": "vip"} | values))


def tagged_twice():
    row = CustomerTag.objects.create(customer=make_customer(), tag=tag())
    CustomerTag.objects.create(customer=row.customer, tag=row.tag)


def custom_field(**values):
    return CustomField.objects.create(**({"key": "note", "name": "Note", "name_key": "note", "kind": "text"} | values))


def field_option(**values):
    field = values.pop("field", None) or custom_field(kind="choice")
    return FieldOption.objects.create(**({"field": field, "key": "a", "name": "A"} | values))


def two_options_of_one_key():
    first = field_option()
    field_option(field=first.field)


def two_values_in_one_field():
    told = {"customer": make_customer(), "field": custom_field(kind="yes_no"), "kind": "yes_no"}
    FieldValue.objects.create(yes=True, **told), FieldValue.objects.create(yes=False, **told)


def field_value(**values):
    FieldValue.objects.create(customer=make_customer(), field=custom_field(), **values)


def social(**values):
    told = {"customer_id": make_customer().pk, "network": "x", "handle": "jan", "url": "https://x.com/jan"}
    SocialProfile.objects.create(**(told | values))


def one_profile_twice():
    pk = make_customer().pk
    social(customer_id=pk), social(customer_id=pk)


def two_steps_in_one_place():
    run = NightlyRun.objects.create(as_of=DAY, started_at=NOON, state="running")
    for name in ("facts", "pareto"):
        NightlyStep.objects.create(run=run, position=1, name=name, rows=0, seconds=0)


# Several writes for one constraint are as many ways around it.
def bulk_action(**fields):
    return BulkAction.objects.create(**({"kind": "owner", "form_key": uuid4()} | fields))


def changed_twice():
    action, customer = bulk_action(), make_customer()
    [BulkChange.objects.create(action=action, customer=customer) for _ in range(2)]


REFUSED = {
    "audit_says_what": [lambda: Audit.objects.create(what="", model="crm.Customer")],
    "audit_says_of_what": [lambda: Audit.objects.create(what="customer.added", model="")],
    "bulk_action_kind_not_empty": [lambda: bulk_action(kind="")],
    "bulk_action_ended_has_its_time": [lambda: bulk_action(state="done"), lambda: bulk_action(state="undone")],
    "bulk_change_once_per_customer": [changed_twice],
    "bulk_change_state_is_known": [lambda: BulkChange.objects.create(action=bulk_action(), customer=make_customer(), state="lost")],
    "business_is_one": [lambda: Business.objects.create(pk=2)],
    "business_country_is_upper": [lambda: business(country="cz"), lambda: business(country="")],
    "business_pareto_share_is_a_share": [lambda: business(pareto_share=0), lambda: business(pareto_share=Decimal("1.01"))],
    "business_gap_is_positive": [lambda: business(gap_days=0)],
    "channel_key_not_empty": [lambda: Channel.objects.create(key="", name="Shop")],
    "customer_external_id_unique": [lambda: two_customers(external_id="7")],
    "customer_email_unique": [lambda: two_customers(email="a@example.com")],
    "customer_card_unique": [lambda: two_customers(card="77")],
    "customer_card_has_no_space": [lambda: customer(card="7 7")],
    "customer_company_number_has_one_spelling": [lambda: customer(company_number="123 45"), lambda: customer(company_number="cz12345")],
    "customer_email_is_lower": [lambda: customer(email="A@example.com"), lambda: make_customer(email="a@EXAMPLE.com")],
    "customer_country_is_upper": [lambda: customer(country="cz")],
    "customer_language_is_lower": [lambda: customer(language="CS")],
    "customer_not_referred_by_self": [referred_by_self],
    "customer_referral_has_its_date": [referred_without_a_date, lambda: customer(referred_on=DAY)],
    "merge_of_two": [lambda: Merge.objects.filter(pk=merged().pk).update(from_customer=F("into"))],
    "merge_once_at_a_time": [merged_twice],
    "merge_moved_once": [moved_twice],
    "candidate_pair_once": [candidate_twice],
    "candidate_first_is_older": [lambda: (candidate(), Candidate.objects.update(first=F("second")))],
    "candidate_why_is_known": [lambda: candidate(why="dog")],
    "candidate_score_of_a_hundred": [lambda: candidate(score=101)],
    "customer_binned_or_merged_not_both": [lambda: merged_into(make_customer(), binned_at=NOON)],
    "customer_not_merged_into_self": [merged_into_self],
    "customer_entity_is_known": [lambda: customer(entity=""), lambda: customer(entity="Person")],
    "customer_market_is_known": [lambda: customer(market="b2g")],
    "customer_kind_is_known": [lambda: customer(kind="friend")],
    "business_complaint_days_in_range": [lambda: business(complaint_days=0), lambda: business(complaint_days=367)],
    "complaint_nature_is_known": [lambda: complaint(nature="whim")],
    "complaint_state_is_known": [lambda: complaint(state="lost"), lambda: complaint(state="")],
    "complaint_claim_has_its_deadline": [lambda: complaint(nature="claim")],
    "complaint_nothing_before_its_opening": [
        lambda: complaint(deadline_on=EVE, due_on=EVE),
        lambda: complaint(promised="Soon", promised_on=EVE, given_on=EVE, due_on=EVE),
        lambda: complaint(state="waiting", waiting_since=EVE),
        lambda: complaint(state="solved", solution="New one", ended_on=EVE),
    ],
    "complaint_waiting_has_its_day": [lambda: complaint(state="waiting"), lambda: complaint(waiting_since=DAY)],
    "complaint_ended_has_its_day": [
        lambda: complaint(state="solved", solution="New one"),
        lambda: complaint(state="closed", reason="Gone"),
        lambda: complaint(ended_on=DAY),
    ],
    "consent_purpose_is_known": [lambda: consent(purpose="spam")],
    "consent_channel_is_known": [lambda: consent(channel="pigeon")],
    "consent_how_is_known": [lambda: consent(how="hearsay")],
    "consent_text_is_of_one_given": [lambda: consent(given=False, text=consent_text())],
    "consent_text_version_unique": [two_texts_of_one_version],
    "consent_text_purpose_is_known": [lambda: consent_text(purpose="spam")],
    "consent_text_says_something": [lambda: consent_text(text="")],
    "consent_text_version_is_positive": [lambda: consent_text(version=0)],
    "complaint_solved_has_its_solution": [lambda: complaint(state="solved", ended_on=DAY)],
    "complaint_closed_has_its_reason": [lambda: complaint(state="closed", ended_on=DAY), lambda: complaint(reason="Gone")],
    "complaint_promise_has_its_words": [lambda: complaint(promised_on=DAY, given_on=DAY, due_on=DAY)],
    "complaint_promise_is_given_on_a_day": [lambda: complaint(promised="Soon", promised_on=DAY, due_on=DAY)],
    "complaint_cost_in_range": [lambda: complaint(cost=-1), lambda: complaint(cost=10**10)],
    "complaint_satisfaction_is_one_to_five": [lambda: complaint(satisfaction=0), lambda: complaint(satisfaction=6)],
    "complaint_due_is_the_earlier": [
        lambda: complaint(due_on=DAY),
        lambda: complaint(deadline_on=DAY),
        lambda: complaint(deadline_on=LATER, promised="Soon", promised_on=DAY, given_on=DAY, due_on=LATER),
        lambda: complaint(deadline_on=DAY, promised="Soon", promised_on=LATER, given_on=DAY, due_on=LATER),
        lambda: complaint(promised="Soon", promised_on=LATER, given_on=DAY, due_on=DAY),
    ],
    "complaint_follows_another": [follows_itself],
    "complaint_step_kind_is_known": [lambda: step(kind="jump")],
    "complaint_step_comes_back_in_a_reopening": [
        lambda: step(kind="note", contact=make_interaction()),
        lambda: step(kind="opened", ended_as={"state": "solved"}),
    ],
    "complaint_step_promises_in_a_promise": [lambda: step(kind="note", promised_on=DAY)],
    "complaint_pause_goes_forward": [lambda: ComplaintPause.objects.create(complaint=make_complaint(), since=DAY, until=EVE)],
    "enquiry_ends_at_a_moment": [lambda: enquiry(no_answer="Spam"), lambda: enquiry(answer=make_interaction(direction="out"))],
    "enquiry_is_answered_after_it_was_asked": [lambda: enquiry(answered_at=NOON - timedelta(minutes=1))],
    "enquiry_has_an_answer_or_a_reason": [answered_for_a_reason],
    "enquiry_is_taken_at_a_moment": [lambda: enquiry(taken_by=make_owner())],
    "interaction_topic_is_of_one_that_came_in": [
        lambda: interaction(topic="order", direction="out"),
        lambda: interaction(topic="whim", direction="in"),
    ],
    "customer_not_at_own_company": [works_at_self],
    "customer_prefers_is_known": [lambda: customer(prefers="fax")],
    "customer_best_from_is_an_hour": [lambda: customer(best_from=24)],
    "customer_best_until_is_an_hour": [lambda: customer(best_until=0), lambda: customer(best_until=25)],
    "customer_best_hours_in_order": [lambda: customer(best_from=9, best_until=9), lambda: customer(best_from=16, best_until=9)],
    "household_has_a_name": [lambda: Household.objects.create(name="")],
    "social_profile_once": [one_profile_twice],
    "social_network_is_known": [lambda: social(network="myspace")],
    "social_profile_is_https": [lambda: social(url="javascript:alert(1)"), lambda: social(url="http://x.com/")],
    "social_profile_has_a_name": [lambda: social(handle="")],
    "tag_key_unique": [lambda: (tag(), tag(name_key="other"))],
    "tag_name_unique": [lambda: (tag(), tag(key="other"))],
    "tag_has_a_name": [lambda: tag(key=""), lambda: tag(name_key="")],
    "customer_tag_once": [tagged_twice],
    "custom_field_key_unique": [lambda: (custom_field(), custom_field(name_key="other"))],
    "custom_field_name_unique": [lambda: (custom_field(), custom_field(key="other"))],
    "custom_field_has_a_name": [lambda: custom_field(key=""), lambda: custom_field(name_key="")],
    "custom_field_kind_is_known": [lambda: custom_field(kind="money")],
    "field_option_key_unique": [two_options_of_one_key],
    "field_option_has_a_name": [lambda: field_option(key=""), lambda: field_option(name="")],
    "field_value_one_per_customer": [two_values_in_one_field],
    "field_value_fits_its_kind": [
        lambda: field_value(kind="text"),
        lambda: field_value(kind="number", text="a", text_key="a"),
        lambda: field_value(kind="yes_no", yes=True, date=DAY),
    ],
    "evidence_kind_is_known": [lambda: evidence(kind="friend"), lambda: evidence(kind="")],
    "evidence_reason_is_of_one_who_left": [
        lambda: evidence(lost_reason="price"),
        lambda: evidence(kind="lost", holds=False, lost_reason="price"),
    ],
    "pin_change_has_its_reason": [lambda: pin_change(reason=""), lambda: pin_change(kind="moved")],
    "facts_pareto_class_is_known": [lambda: facts(pareto_class="few")],
    "facts_order_dates_stand_together": [
        lambda: facts(first_order_on=DAY),
        lambda: facts(first_order_on=DAY, last_order_on=DAY, due_on=DAY, inactive_on=DAY),
    ],
    "pastfacts_pareto_class_is_known": [lambda: past_facts(pareto_class="few")],
    "pastfacts_order_dates_stand_together": [lambda: past_facts(first_order_on=DAY)],
    "replayfacts_pareto_class_is_known": [lambda: replay_facts(pareto_class="few")],
    "replayfacts_order_dates_stand_together": [lambda: replay_facts(first_order_on=DAY)],
    "replay_dates_stand_in_order": [
        lambda: replay(first_on=date(2025, 1, 16)),
        lambda: replay(first_on=date(2025, 1, 1), until=date(2025, 1, 14)),
    ],
    "changed_why_is_known": [lambda: Changed.objects.create(customer=make_customer(), why="whim")],
    "import_one_running_per_file": [two_imports_of_one_file],
    "import_finished_has_its_time": [
        lambda: taking_in(state="finished"),
        lambda: taking_in(state="running", finished_at=NOON),
        lambda: taking_in(state="paused"),
    ],
    "interaction_kind_is_known": [lambda: interaction(kind="fax")],
    "interaction_direction_is_known": [lambda: interaction(direction="up")],
    "interaction_minutes_fit_a_day": [lambda: interaction(minutes=1441)],
    "interaction_incident_is_known": [lambda: interaction(incident="odd")],
    "interaction_cause_is_of_an_incident": [lambda: interaction(incident_cause="The courier")],
    "job_one_open_per_key": [lambda: (job(key="a"), job(key="a")), lambda: (job(key="a", **RUNNING), job(key="a"))],
    "job_kind_not_empty": [lambda: job(kind="")],
    "job_running_shows_life": [
        lambda: job(**RUNNING | {"heartbeat": None}),
        lambda: job(**RUNNING | {"started_at": None}),
        lambda: job(**RUNNING | {"attempts": 0}),
    ],
    "job_ended_has_its_time": [
        lambda: job(state="finished"),
        lambda: job(finished_at=NOON),
        lambda: job(state="paused"),
        lambda: job(state="paused", finished_at=NOON),
    ],
    "job_failed_has_a_reason": [lambda: job(state="failed", finished_at=NOON), lambda: job(reason="x")],
    "job_done_is_a_part": [lambda: job(done=3, total=2)],
    "not_now_once_a_day": [
        lambda: [NotNow.objects.create(customer=make_customer(pk=1), said_on=DAY), NotNow.objects.create(customer_id=1, said_on=DAY)]
    ],
    "pulse_name_not_empty": [lambda: Pulse.objects.create(name="", at=NOON)],
    "order_identity_unique": [two_orders_with_one_identity],
    "order_key_not_empty": [lambda: make_order(key="")],
    "order_status_is_known": [lambda: order(status=-1), lambda: order(status=4)],
    "order_amount_in_range": [lambda: order(amount=10**10), lambda: order(amount=-(10**10)), lambda: order(amount=10**15)],
    "order_refunded_is_a_part": [
        lambda: order(refunded=-1),
        lambda: order(amount=100, refunded=100),
        lambda: order(amount=100, refunded=101),
        lambda: order(amount=-5, refunded=-1),
        lambda: order(amount=-5, refunded=1),
    ],
    "order_cost_in_range": [lambda: order(cost=10**10), lambda: order(cost=-(10**10))],
    "order_line_position_unique": [two_lines_in_one_place],
    "order_line_amount_in_range": [lambda: line(amount=10**10), lambda: line(amount=-(10**10))],
    "task_says_what_to_do": [lambda: task(why="")],
    "task_closed_has_its_time": [
        lambda: task(state="half"),
        lambda: task(state="half", closed_on=DAY, closed_at=NOON),
        lambda: task(state="done"),
        lambda: task(state="cancelled", closed_on=DAY),
        lambda: task(state="done", closed_at=NOON),
        lambda: task(closed_on=DAY, closed_at=NOON),
        lambda: task(closed_by=make_owner()),
    ],
    "task_snoozed_has_its_reason": [
        lambda: task(due_on=date(2025, 1, 16)),
        lambda: task(due_on=date(2025, 1, 14)),
        lambda: task(due_on=date(2025, 1, 14), snoozed_because="Away"),
        lambda: task(snoozed_because="Away"),
    ],
    "task_repeats_at_a_pause": [
        lambda: task(repeats="weeks"),
        lambda: task(every=1),
        lambda: task(repeats="weeks", every=0),
        lambda: task(repeats="weeks", every=367),
        lambda: task(repeats="hours", every=1),
    ],
    "task_has_one_that_follows": [two_that_follow_one],
    "user_role_is_known": [lambda: user(role="admin"), lambda: user(role="")],
    "invitation_role_is_known": [lambda: invitation(role="admin"), lambda: invitation(role="")],
    "invitation_email_is_lower": [lambda: invitation(email="Eva@example.com")],
    "invitation_ends_once": [lambda: invitation(accepted_at=NOON, withdrawn_at=NOON)],
    "invitation_open_is_one": [lambda: (invitation(), invitation())],
    "session_seen_after_it_began": [lambda: signed_in(seen_at=NOON - timedelta(seconds=1))],
    "used_code_once": [lambda: (owner := make_owner(), [UsedCode.objects.create(user=owner, counter=1) for _ in range(2)])],
    "user_email_is_lower": [lambda: user(email="Owner@example.com")],
    "night_finished_has_its_time": [
        lambda: night(state="finished"),
        lambda: night(state="failed", finished_at=NOON, failed_at=NOON, reason="x"),
        lambda: night(state="skipped"),
    ],
    "night_failed_has_a_reason": [lambda: night(state="running", reason="x"), lambda: night(state="failed", failed_at=NOON)],
    "night_failed_has_its_time": [lambda: night(state="failed", reason="x")],
    "night_step_position_unique": [two_steps_in_one_place],
    "ladder_one_is_primary": [lambda: (ladder(), Ladder.objects.create(key="second", name="Second", is_primary=True))],
    "stage_rank_unique": [lambda: stage(rank=10)],
    "stage_key_unique": [lambda: stage(key="client")],
    "stage_rung_unique": [lambda: stage(rung=1)],
    "ladder_numbers_one_a_day": [lambda: [LadderNumbers.objects.create(ladder=ladder(), as_of=DAY, numbers={}) for _ in range(2)]],
    "position_one_per_ladder": [two_positions_on_one_ladder],
    "ladder_version_number_unique": [lambda: [LadderVersion.objects.create(ladder=ladder(), number=1, stages=[]) for _ in range(2)]],
    "position_pin_end_needs_a_pin": [lambda: (placed(), Position.objects.update(pinned=False, pinned_until=DAY))],
    "transition_goes_somewhere": [lambda: (placed(), Transition.objects.update(from_stage=F("to_stage")))],
    "transition_has_a_cause": [
        lambda: (placed(), Transition.objects.update(source="person", rule_version=None, reason="")),
        lambda: (placed(), Transition.objects.update(rule_version=None)),
        lambda: (placed(), Transition.objects.update(source="whim")),
    ],
}
NAMED = {
    constraint.name: model
    for app in ("crm", "lifecycle")
    for model in apps.get_app_config(app).get_models()
    for constraint in model._meta.constraints
}
CASES = [pytest.param(name, write, id=f"{name}-{place}") for name, writes in REFUSED.items() for place, write in enumerate(writes)]


def test_every_constraint_has_a_write_that_breaks_it():
    assert set(NAMED) == set(REFUSED)


def broken(error, name):
    """Whether the database names this constraint as the broken one; SQLite names the columns instead for a unique one."""
    said = str(error)
    if connection.vendor == "postgresql" or "UNIQUE" not in said:
        return name in said
    (constraint,) = (found for found in NAMED[name]._meta.constraints if found.name == name)
    columns = [NAMED[name]._meta.get_field(field).column for field in constraint.fields]
    table = NAMED[name]._meta.db_table
    return said.endswith(", ".join(f"{table}.{column}" for column in columns)) or name in said


@pytest.mark.parametrize(("name", "write"), CASES)
def test_the_database_refuses_a_write_that_breaks_it(name, write):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write()

    assert broken(caught.value, name)


def test_what_only_looks_like_a_breach_is_accepted():
    two_customers(external_id="", email="")
    make_order(source="a", key="7"), make_order(source="b", key="7")
    make_order(amount=Decimal("9999999999.99"), refunded=Decimal("9999999999.98"))
    make_order(amount=Decimal("-9999999999.99"), cost=Decimal("-9999999999.99"))
    make_order(amount=0)
    make_interaction(minutes=0), make_interaction(minutes=1440), make_interaction(minutes=None)
    taking_in(state="finished", finished_at=NOON), taking_in(state="finished", finished_at=NOON), taking_in()

    assert Customer.objects.filter(email="").count() == 10
