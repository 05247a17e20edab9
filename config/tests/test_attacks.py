"""The attacks of RELIABILITY.md, sections I to III: which test holds each, and those that no other test tells."""

import re
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config import worker
from config.tests import cast
from config.tests.test_access import ROUTES, address, record, some_rows  # noqa: F401 (a fixture)
from crm import consents, demo_jobs, jobs
from crm.bulk_actions import doing
from crm.models import Audit, BulkAction, Business, Complaint, Consent, Customer, Job, SocialProfile, Task, User
from crm.people.profiles import add_profile
from crm.tests.factories import make_customer, make_order, make_owner, make_task

ROOT = Path(__file__).parents[2]
HERE = "config/tests/test_attacks.py"
HELD = {
    "B01": "config/tests/test_access.py::test_a_page_answers_each_as_its_line_says",
    "B03": f"{HERE}::test_b03_what_belongs_to_another_is_not_reached_through_the_number_of_one_s_own",
    "B04": "config/tests/test_access.py::test_a_page_answers_each_as_its_line_says",
    "B05": f"{HERE}::test_b05_nothing_is_learnt_by_sorting_and_filtering_by_what_no_list_shows",
    "B07": "config/tests/test_team.py::test_nobody_but_owners_moves_the_team",
    "B08": f"{HERE}::test_b08_a_job_of_somebody_who_is_gone_is_refused",
    "B09": "config/tests/test_team.py::test_one_of_two_who_use_a_link_at_once_joins",
    "B10": "config/tests/test_readers.py::test_whatever_a_reader_sends_of_work_is_refused_and_changes_nothing",
    "B12": "config/tests/test_access.py::test_a_bent_address_gets_nobody_in_elsewhere",
    "B13": "config/tests/test_guard.py::test_a_header_made_up_for_each_guess_is_no_way_round",
    "B14": f"{HERE}::test_b14_an_unknown_name_costs_the_work_of_a_known_one",
    "B15": f"{HERE}::test_b15_a_host_made_up_is_refused_or_stays_out_of_every_link",
    "B16": "config/tests/test_login_link.py::test_every_bad_link_reads_the_same",
    "B17": "config/tests/test_account.py::test_a_new_password_signs_out_everywhere_else_and_gives_this_one_a_new_key",
    "B18": "config/tests/test_two_factor.py::test_five_wrong_codes_make_one_wait_wherever_they_come_from",
    "B19": f"{HERE}::test_b19_no_form_is_taken_without_its_token",
    "B20": "config/tests/test_login.py::test_the_way_never_leads_off_the_site",
    "B21": f"{HERE}::test_b21_b22_every_answer_carries_the_headers_and_stays_in_no_cache",
    "B22": f"{HERE}::test_b21_b22_every_answer_carries_the_headers_and_stays_in_no_cache",
    "B23": "config/tests/test_account.py::test_any_long_password_is_taken_letter_by_letter",
    "B24": "crm/tests/test_rules_refused.py::test_an_unknown_fact_is_refused",
    "B25": f"{HERE}::test_b05_nothing_is_learnt_by_sorting_and_filtering_by_what_no_list_shows",
    "B26": "config/tests/test_pages.py::test_nonsense_in_an_address_is_no_error_of_ours",
    "B27": "crm/tests/test_rules_refused.py::test_a_huge_rule_is_refused_in_no_time",
    "B28": "crm/tests/test_rules_edges.py::test_a_text_is_compared_without_accents_and_case_and_each_sign_means_itself",
    "B30": "segments/tests/test_membership.py::test_a_rule_that_cannot_be_read_any_more_leaves_its_members",
}
# What there is nothing to attack of yet, or what is measured and not tested.
NOT_HERE = {
    "B02": "an installation is of one business",
    "B06": "there are no templates of messages yet",
    "B11": "there is no page for the public, and no API",
    "B29": "a matter of bench/",
}


def test_each_attack_is_held_by_a_test_that_there_is():
    assert set(HELD) | set(NOT_HERE) == {f"B{number:02}" for number in range(1, 31)}
    for held in HELD.values():
        path, name = held.split("::")
        assert f"def {name}(" in (ROOT / path).read_text(), held


def test_b03_what_belongs_to_another_is_not_reached_through_the_number_of_one_s_own(db):
    petr = cast.staff()
    client, eva, other = cast.signed_in(petr), make_customer(), make_customer()
    profile = add_profile(customer=other, network="facebook", text="other", by=petr)
    said = {"purpose": "marketing", "channel": "email", "how": "phone", "given": True}
    consent = consents.record_consent(customer=other, on=date(2025, 1, 1), today=date(2025, 1, 1), by=petr, **said)
    mine, theirs = make_task(petr, customer=eva), make_task(petr, customer=other)
    snoozed = client.post(f"/tasks/{mine.pk}/snooze/", {"until": "week", "reason": "x"}, follow=True)
    undo = re.search(r'action="/tasks/\d+/snooze/undo/(\?was=[^"]+)"', snoozed.text)[1]
    form = {"nature": "claim", "what": "x", "owner": petr.pk, "order": make_order(other).pk, "key": "0" * 32}

    def rows():
        return [list(model.objects.order_by("pk").values()) for model in (SocialProfile, Consent, Task, Complaint)]

    before = rows()

    client.post(reverse("profile_remove", args=[eva.pk, profile.pk]))
    client.post(f"{reverse('consent_undo', args=[eva.pk])}?made={consent.pk}")
    client.post(f"/tasks/{theirs.pk}/snooze/undo/{undo}")
    client.post(reverse("complaint_open", args=[eva.pk]), form)

    assert rows() == before


@pytest.mark.parametrize(
    "asked", ["sort=owner__password", "sort=-owner__password", "sort=id); DROP TABLE crm_user --", "sort=?", "sort=referred_by__phone"]
)
def test_b05_nothing_is_learnt_by_sorting_and_filtering_by_what_no_list_shows(db, asked):
    """And B25: only what the list offers sorts it, whatever the secret is."""
    client = cast.signed_in(cast.staff())
    Business.keep(as_of=date(2026, 11, 23))
    boss = make_owner(password="zzz-first-in-no-order")
    for number in range(3):
        make_customer(name=f"Customer {number}", owner=boss if number == 1 else None, facts={"revenue": 100 - number})
    names = re.compile(r"Customer \d")

    def listed(question):
        answer = client.get(f"/customers/?{question}")
        assert answer.status_code == 200
        return list(dict.fromkeys(names.findall(answer.text.partition("<main")[2])))

    assert listed(asked) == listed("") and len(listed("")) == 3
    rule = '{"fact": "owner__password", "op": "contains", "value": "md5"}'
    assert listed(f"rule={rule}") == listed(f"rule={rule.replace('md5', 'nothing')}") == listed("")


# Asked for by a person, and done with their rights; the others compute what everybody sees.
IN_A_NAME = {doing.DO, doing.UNDO, demo_jobs.FILL, demo_jobs.REMOVE, "import"}
OF_NOBODY = {"night", "lookback", "replay", "segment", "duplicates", "phone_keys"}


def test_b08_each_kind_of_job_is_done_in_a_name_or_is_of_nobody():
    assert set(worker.KINDS) == IN_A_NAME | OF_NOBODY


@pytest.mark.parametrize("gone", [{"is_active": False}, {"role": "staff"}, {"role": "reader"}, None])
@pytest.mark.parametrize("kind", sorted(IN_A_NAME - {"import"}))
def test_b08_a_job_of_somebody_who_is_gone_is_refused(db, kind, gone):
    """It waits; whoever asked for it leaves, or is no owner any more; nothing is done. Of imports crm/tests/test_import_job.py tells."""
    owner = make_owner()
    make_customer(), Business.keep(is_demo=True)
    action = BulkAction.objects.create(kind="task", arguments={}, selection={}, people=1, by=owner, form_key="0" * 32)
    job = jobs.enqueue(kind, {"by": owner.pk, "action": action.pk})
    User.objects.filter(pk=owner.pk).update(**gone) if gone else owner.delete()
    before = record() | {"crm.Job": []}

    with pytest.raises(Exception, match="Only an owner of the business may open it"):
        worker.run_job(job.pk)

    job.refresh_from_db()
    assert (job.state, job.reason) == (Job.State.FAILED, "Only an owner of the business may open it. If you need it, ask one of them.")
    assert record() | {"crm.Job": []} == before


def test_b08_whoever_leaves_is_out_everywhere_at_once(db):
    """The page, a form that was open, an export, and the link by which they invited somebody."""
    boss, jana = cast.owner(), make_owner(email="leaves@example.com")
    eva = make_customer()
    there = cast.signed_in(jana)
    invited = there.post("/team/invite/", {"email": "new@example.com", "role": "staff"})
    link = re.search(r'value="http://testserver(/join/[\w-]{22}/)"', invited.text)[1]
    assert Client().get(link).status_code == 200

    cast.signed_in(boss).post(f"/team/{jana.pk}/deactivate/")
    before = Customer.objects.count(), Audit.objects.count()

    assert there.get("/").url.startswith("/login/")
    assert there.post(f"/customers/{eva.pk}/log/", {"kind": "call", "text": "x"}).url.startswith("/login/")
    assert there.post("/customers/export.csv", {"pick": eva.pk}).url.startswith("/login/")
    assert Client().get(link).status_code == 410
    assert (Customer.objects.count(), Audit.objects.count()) == before


@contextmanager
def hashed():
    """How often the hasher runs: a password is checked by hashing it once."""
    times, encode = [], MD5PasswordHasher.encode

    def counted(self, password, salt):
        times.append(1)
        return encode(self, password, salt)

    MD5PasswordHasher.encode = counted
    try:
        yield times
    finally:
        MD5PasswordHasher.encode = encode


@pytest.mark.parametrize("email", ["jana@example.com", "nobody@example.com", "left@example.com", "looks@example.com"])
def test_b14_an_unknown_name_costs_the_work_of_a_known_one(db, email):
    """As many hashes and as many statements: no clock tells who works here."""
    cast.owner()
    User.objects.create_user("left@example.com", cast.PASSWORD, is_active=False)
    User.objects.create_user("looks@example.com", cast.PASSWORD, role=User.Role.READER)

    def tried(who):
        with hashed() as times, CaptureQueriesContext(connection) as asked:
            answer = Client().post("/login/", {"username": who, "password": "wrong-all-the-same"})
        return len(times), len(asked), answer.status_code, answer.text.replace(who, "").count("<")

    assert tried(email) == tried("somebody-else@example.com")
    assert tried(email)[0] == 1


@pytest.mark.parametrize("header", ["HTTP_HOST", "HTTP_X_FORWARDED_HOST"])
def test_b15_a_host_made_up_is_refused_or_stays_out_of_every_link(db, settings, header):
    settings.ALLOWED_HOSTS = ["testserver"]
    client = cast.signed_in(cast.owner())

    for number, (ask, to) in enumerate([("get", "/login/"), ("get", "/team/"), ("post", "/team/invite/"), ("post", "/logout/")]):
        form = {"email": f"new{number}@example.com", "role": "staff"}
        answer = getattr(client, ask)(to, form if ask == "post" else {}, **{header: "evil.example"})
        assert answer.status_code == 400 if header == "HTTP_HOST" else answer.status_code in {200, 302}
        assert "evil.example" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("who", [cast.owner, cast.staff, cast.reader, None])
def test_b19_no_form_is_taken_without_its_token(some_rows, who):  # noqa: F811
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if who:
        client.force_login(who())
    before = record()

    outcomes = {(route, way): getattr(client, way)(address(route)).status_code for route in ROUTES for way in ("post", "put", "delete")}

    # A stranger is led to the login page before anybody looks at the form.
    assert {asked: status for asked, status in outcomes.items() if status not in ({403} if who else {403, 302})} == {}
    assert record() == before


HEADERS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin"}


def test_b21_b22_every_answer_carries_the_headers_and_stays_in_no_cache(some_rows):  # noqa: F811
    """Pages, parts of pages, files, refusals, errors, and what leads elsewhere."""
    client = cast.signed_in(cast.owner())
    ways = [("get", address(route)) for route in set(ROUTES) - {"logout/"}]
    ways += [("post", "/segments/1/members.csv"), ("post", "/customers/export.csv"), ("get", "/nothing/"), ("delete", "/customers/")]
    wrong = {}

    for way, to in ways:
        headers = getattr(client, way)(to).headers
        policy = headers.get("Content-Security-Policy", "")
        ours = {name: headers.get(name) for name in HEADERS}
        if ours != HEADERS or "frame-ancestors 'none'" not in policy or "unsafe" in policy or "no-store" not in headers["Cache-Control"]:
            wrong[(way, to)] = dict(headers)

    assert wrong == {}
