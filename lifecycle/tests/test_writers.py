"""Eight writers beside a worker and nights, on an installation as it comes: nobody is refused, no write is lost."""

import pytest

from config.tests.crew import Crew
from crm.tests.installation import Installation

pytestmark = pytest.mark.slow

PEOPLE, WRITES = 40, 40
FILL = f"""
from datetime import timedelta
from crm import record
from crm.models import Business, Customer, Order
today = Business.load().today()
for number in range({PEOPLE}):
    customer = Customer(name=str(number), external_id=str(number))
    record.save_customer(customer=customer, by=None)
    record.save_order(order=Order(customer=customer, ordered_on=today - timedelta(days=9), amount=0, key=f"counter-{{number}}"), by=None)
"""
# Two processes with four threads each, as the web has, and they ring the worker: orders of their own, a contact, and one amount that all
# of them count up.
WRITE = f"""
import sys
from threading import Thread
from django.db import connection, transaction
from crm import record
from crm.models import Business, Customer, Interaction, Order

today = Business.load().today()
customers = list(Customer.objects.order_by("pk"))
errors = []

def write(place):
    try:
        for number in range({WRITES}):
            customer = customers[(number * 7 + place) % len(customers)]
            key = f"{{sys.argv[1]}}-{{place}}-{{number}}"
            record.save_order(order=Order(customer=customer, ordered_on=today, amount=1, key=key), by=None)
            if number % 4 == 0:
                record.save_interaction(interaction=Interaction(customer=customer, kind="call", happened_on=today), by=None)
            with transaction.atomic():
                counter = Order.objects.select_for_update().get(key="counter-0")
                counter.amount += 1
                record.save_order(order=counter, by=None)
    except Exception as error:
        errors.append(repr(error))
    connection.close()

threads = [Thread(target=write, args=[place]) for place in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(errors)
"""
# As the command runs them, one after the other.
NIGHTS = """
from datetime import timedelta
from crm.models import Business
from lifecycle import nightly
today = Business.load().today()
for night in range(200):
    outcome = nightly.run(today - timedelta(days=1), today=today)
    print(outcome.ran or outcome.reason, flush=True)
    if Business.objects.filter(name="closed").exists():
        break
"""


@pytest.fixture
def crew(installation):
    made = Crew(Installation(installation))
    yield made
    made.kill()


def test_eight_writers_beside_a_worker_and_nights_are_never_refused_and_lose_nothing(crew):
    shop = crew.shop
    assert shop.script(FILL).finish().returncode == 0
    crew.start()
    crew.until(crew.is_quiet)

    nights = shop.script(NIGHTS)
    assert nights.stdout.readline() == "True\n"
    said = [writer.finish() for writer in [shop.script(WRITE, place) for place in range(2)]]
    shop.script("from crm.models import Business; Business.keep(name='closed')").finish()
    night = nights.finish()
    crew.until(lambda: shop.rows("SELECT count(*) FROM crm_changed") == [(0,)], ringing="refresh")

    assert [one.stdout for one in said] == ["[]\n", "[]\n"], said
    assert night.returncode == 0 and set(night.stdout.split("\n")) == {"True", ""}, night
    assert night.stdout.count("True") >= 2
    assert "rror" not in night.stderr + crew.log.read_text()
    assert shop.rows("SELECT amount FROM crm_order WHERE key = 'counter-0'") == [(8 * WRITES * 100,)]
    assert shop.rows("SELECT count(*) FROM crm_order") == [(PEOPLE + 8 * WRITES,)]
    wrong = "SELECT f.customer_id FROM crm_facts f WHERE f.orders <> (SELECT count(*) FROM crm_order o WHERE o.customer_id = f.customer_id)"
    assert shop.rows(wrong) == []
