"""What people do to the same few customers in the same moment: nobody is sent away by the other, and nothing is lost on the way."""

import json

import pytest

from crm.tests.installation import Installation

# In a process on an installation of its own, as the suite's SQLite is in memory, where threads share one lock.
AT_ONCE = """
import json
from random import Random
from threading import Thread
from uuid import uuid4
from django.conf import settings
from django.db import connection
from django.test import Client
from crm import jobs
from crm.models import Business, Customer, Household, Interaction, Merge, User
from config import middleware

jobs.ring = lambda *arguments: None
settings.ALLOWED_HOSTS = ["testserver"]
# The pages that say that somebody is not there need their styles, which nobody has collected.
settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# Asked once more nobody would see who was sent away.
middleware.AskedOnceMore.process_exception = lambda self, request, exception: None
Business.keep(name="Roastery")
jana = User.objects.create_user("jana@example.com", role="owner")
people = [Customer.objects.create(name=name) for name in ("Alois", "Bedřich", "Cyril", "Dorota")]
janas = Client()
janas.force_login(jana)
THREADS, TURNS, answers, lost = 5, 50, [], 0

def merging(one, other, latest):
    yield f"/customers/{one.pk}/merge/{other.pk}/", {}
    yield f"/merges/{latest(Merge)}/undo/", {}

def recording(one, other, latest):
    yield from merging(one, other, latest)
    yield f"/customers/{one.pk}/log/", {"kind": "call", "minutes": "5", "text": "Called", "key": str(uuid4())}
    yield f"/interactions/{latest(Interaction)}/undo/", {}

def tagging(one, other, latest):
    yield from merging(one, other, latest)
    yield f"/customers/{one.pk}/tags/", {"name": uuid4().hex[:3]}
    yield f"/customers/{one.pk}/bin/", {}
    yield f"/customers/{one.pk}/restore/", {}

def moving(one, other, latest):
    household = latest(Household)
    yield f"/customers/{one.pk}/household/", {"who": other.name}
    for way in ("add/", f"out/{one.pk}/", f"back/{one.pk}/", "dissolve/", "dissolve/undo/"):
        yield f"/households/{household}/{way}", {"who": one.name}

def work(deeds, seed):
    random, mine = Random(seed), Client(raise_request_exception=False)
    mine.cookies.update(janas.cookies)
    latest = lambda model: model.objects.order_by("-pk").values_list("pk", flat=True).first() or 1
    for _ in range(TURNS):
        address, said = random.choice(list(deeds(*random.sample(people, 2), latest)))
        answers.append((address, mine.post(address, said).status_code))
    connection.close()

for deeds in (recording, tagging, moving):
    threads = [Thread(target=work, args=[deeds, seed]) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost += Interaction.objects.filter(customer__merged_into__isnull=False).count()
    for merge in Merge.objects.filter(undone_at=None).order_by("-pk").values_list("pk", flat=True):
        janas.post(f"/merges/{merge}/undo/")
    Customer.objects.update(binned_at=None)
done = sorted({status for _, status in answers})
print(json.dumps([len(answers), [address for address, status in answers if status >= 500], lost, done]))
"""


@pytest.mark.slow
def test_five_who_merge_delete_and_log_at_once_are_all_answered_and_lose_nothing(installation):
    done = Installation(installation).script(AT_ONCE).finish()
    assert done.returncode == 0, done.stderr

    answers, failed, lost, statuses = json.loads(done.stdout)
    assert (answers, failed, lost) == (750, [], 0) and 302 in statuses, done.stderr


# The merge begins once the import knows who its customers are.
MERGED_MEANWHILE = """
import json, sys, time
from pathlib import Path
from threading import Thread
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from crm import jobs
from crm.importing import batches
from crm.merging.merge import merge
from crm.models import Business, Customer, Order, User

jobs.ring = lambda *arguments: None
Business.keep(name="Roastery", currency="CZK")
jana = User.objects.create_user("jana@example.com", role="owner")
stays, goes = (Customer.objects.create(name=name, external_id=name) for name in ("stays", "goes"))
take_in, merging = batches.take_in, []

def work():
    merge(into=stays, from_=goes, fields={}, by=jana, now=timezone.now())
    connection.close()

def take_in_and_wait(*arguments):
    taken = take_in(*arguments)
    merging.append(Thread(target=work))
    merging[0].start()
    time.sleep(1)
    return taken

batches.take_in = take_in_and_wait
file = Path(sys.argv[1])
file.write_text("customer_id,date,amount\\ngoes,2026-01-02,12.50\\n")
call_command("import_orders", str(file), stdout=open("/dev/null", "w"))
merging[0].join()
goes.refresh_from_db()
print(json.dumps([goes.merged_into_id == stays.pk, list(Order.objects.values_list("customer__name", flat=True))]))
"""


@pytest.mark.slow
def test_an_order_imported_while_its_customer_is_merged_is_of_the_one_who_stays(installation, tmp_path):
    done = Installation(installation).script(MERGED_MEANWHILE, tmp_path / "orders.csv").finish()
    assert done.returncode == 0, done.stderr

    assert json.loads(done.stdout) == [True, ["stays"]]
