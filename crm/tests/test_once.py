"""A form that is sent twice writes once; also when both sendings arrive in the same moment, and whatever it writes."""

import json

import pytest
from django.db import IntegrityError

from crm.models import Interaction, User
from crm.once import once, say_the_same
from crm.tests.factories import make_interaction, make_user
from crm.tests.installation import Installation

pytestmark = pytest.mark.django_db


class TestOnce:
    def test_it_gives_what_is_written(self):
        assert once(make_user, lambda: None) == User.objects.get()

    def test_refused_it_gives_what_was_written_before_and_writes_nothing(self):
        first = make_user(email="petr@example.com")

        def write():
            make_interaction()
            return make_user(email="petr@example.com")

        assert once(write, User.objects.filter(email="petr@example.com").first) == first
        assert not Interaction.objects.exists()

    def test_refused_for_something_else_it_is_said(self):
        make_user(email="petr@example.com")

        with pytest.raises(IntegrityError):
            once(lambda: make_user(email="petr@example.com"), lambda: None)

    @pytest.mark.parametrize(("fields", "is_same"), [((), True), (("email",), False), (("role",), True), (("role", "email"), False)])
    def test_what_two_rows_say(self, fields, is_same):
        assert say_the_same(make_user(), make_user(), fields) is is_same


# In a process on an installation of its own, as the suite's SQLite is in memory, where threads share one lock.
TWICE = """
import json
from threading import Barrier, Thread
from uuid import uuid4
from django.conf import settings
from django.db import connection
from django.test import Client
from crm import jobs
from crm.models import Audit, Business, Complaint, Customer, Interaction, Task, User

jobs.ring = lambda *arguments: None
settings.ALLOWED_HOSTS = ["testserver"]
Business.keep(name="Roastery")
petr = User.objects.create_user("petr@example.com", role="staff")
eva = Customer.objects.create(name="Eva")
today = Business.load().today().isoformat()
CONTACT = {"kind": "complaint", "minutes": "5", "direction": "in", "text": "Broken"}
FORMS = {
    "contact": (f"/customers/{eva.pk}/log/", CONTACT | {"follow_up": today}),
    "task": ("/tasks/new/", {"why": "Call back", "due_on": today, "assignee": str(petr.pk), "repeats": ""}),
    "complaint": (f"/customers/{eva.pk}/complaint/", {"nature": "claim", "what": "Broken", "owner": str(petr.pk)}),
    "customer": ("/customers/new/", {"entity": "person", "market": "b2c", "kind": "external"}),
}
petrs = Client()
petrs.force_login(petr)

def at_once(address, said):
    barrier, answers = Barrier(THREADS), []
    def send():
        mine = Client()
        mine.cookies.update(petrs.cookies)
        barrier.wait()
        answers.append(mine.post(address, said).status_code)
        connection.close()
    threads = [Thread(target=send) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers

THREADS, ROUNDS, found = 4, 5, {}
for name, (address, said) in FORMS.items():
    before, entries = {one: one.objects.count() for one in (Interaction, Task, Complaint, Customer)}, Audit.objects.count()
    # Each time somebody else, whom nobody would take for the one before.
    forms = [said | {"key": str(uuid4()), "name": uuid4().hex} for _ in range(ROUNDS)]
    answers = [answer for form in forms for answer in at_once(address, form)]
    written = {one.__name__: one.objects.count() - number for one, number in before.items()}
    found[name] = [sorted(set(answers)), written, Audit.objects.count() - entries]
print(json.dumps(found))
"""


@pytest.mark.slow
def test_four_sendings_in_one_moment_write_one_thing_with_one_entry(installation):
    done = Installation(installation).script(TWICE).finish()
    assert done.returncode == 0, done.stderr

    nothing = dict.fromkeys(["Interaction", "Task", "Complaint", "Customer"], 0)
    assert json.loads(done.stdout) == {
        # A complaint that somebody called for, with its follow-up.
        "contact": [[302], nothing | {"Interaction": 5, "Complaint": 5, "Task": 5}, 15],
        "task": [[302], nothing | {"Task": 5}, 5],
        "complaint": [[302], nothing | {"Complaint": 5}, 5],
        "customer": [[302], nothing | {"Customer": 5}, 5],
    }
