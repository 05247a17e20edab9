"""The demo with everything that a business adds to it in a year: every table that names a customer has rows, and every column of theirs
has values.
"""

from datetime import UTC, datetime, timedelta
from unittest import mock
from uuid import uuid4

from config import worker
from crm.bulk_actions import doing
from crm.bulk_actions.selection import Selection
from crm.consents import record_consent
from crm.models import Business, Customer, User
from crm.people.companies import set_company
from crm.people.fields import make_field
from crm.people.households import live_together
from crm.people.profiles import add_profile
from crm.people.reach import save_reach
from crm.people.values import keep_values
from crm.record import save_customer
from crm.tags.writing import put_tag
from lifecycle.demo import fill
from lifecycle.models import NotNow, Position
from lifecycle.moves import move, pin
from lifecycle.refresh import refresh
from segments.choices import choose
from segments.saved import make_segment

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
# Of the demo's past only as much as makes a history of stages.
PAST = {"YEARS": 1, "WEEKLY": 4, "DAILY": 3}
CUSTOMERS = 60


def rich_demo() -> tuple[User, list[Customer]]:
    """An owner, and the customers, who are the same in every run."""
    with mock.patch.multiple(fill, **PAST):
        fill.fill_demo(now=NOW, customers=CUSTOMERS)
    by = User.objects.filter(role=User.Role.OWNER).earliest("pk")
    people = list(Customer.objects.order_by("external_id", "pk"))
    _fill_columns(people, by)
    _around(people, by)
    _said(people, by)
    _by_hand(people, by)
    _together(people, by)
    refresh(lambda: NOW)
    # A demo takes in no file.
    Business.keep(is_demo=False)
    return by, list(Customer.objects.order_by("external_id", "pk"))


def today():
    return Business.load().local_date(NOW)


def _fill_columns(people: list[Customer], by: User) -> None:
    """Those that the demo leaves empty: on some, so that every pair differs in something."""
    for number, one in enumerate(people):
        if number % 6 == 0:
            one.entity, one.market, one.company_number = "company", "b2b", f"CZ{27000000 + number}"
        if number % 4 == 1:
            one.card = f"CARD{number}"
        if number % 7 == 2:
            one.kind, one.language, one.birthday = "intermediary", "pl", datetime(1980, 2, 29).date()
        if number % 5 == 0:
            one.owner, one.disqualified_on = by, today() - timedelta(number)
        if number % 9 == 3:
            one.lost_marked_on, one.partner_on, one.only_us_on = (today() - timedelta(number + each) for each in (1, 2, 3))
        save_customer(customer=one, by=by)


def _around(people: list[Customer], by: User) -> None:
    companies = [one for one in people if one.entity == "company"]
    persons = [one for one in people if one.entity == "person"]
    for number, one in enumerate(persons[:20]):
        set_company(person=one, company=companies[number % 4], position=f"Buyer {number}", by=by)
    alone = [one for one in persons if one.household_id is None]
    for number in range(0, 24, 3):
        for other in alone[number + 1 : number + 3]:
            live_together(customer=alone[number], other=other, name=f"House {number}", by=by)
    for number, one in enumerate(people[::2]):
        put_tag(customer=one, name=f"Tag {number % 3}", by=by)
        add_profile(customer=one, network="instagram", text=f"@eva.{number % 5}", by=by)
        said = {"prefers": ("call", "email", "text")[number % 3], "best_from": 8 + number % 5, "best_until": 14 + number % 5}
        save_reach(customer=one, said=said, by=by)


def _said(people: list[Customer], by: User) -> None:
    kinds = {"text": lambda n: f"Said {n}", "number": lambda n: n, "date": lambda n: today() - timedelta(n), "yes_no": lambda n: n % 2 == 0}
    fields = {kind: make_field(name=f"Our {kind}", kind=kind, by=by) for kind in kinds}
    choice = make_field(name="Roast", kind="choice", options=["Light", "Dark"], by=by)
    options = list(choice.options.all())
    for number, one in enumerate(people):
        given = {fields[kind]: value(number) for kind, value in kinds.items() if (number + len(kind)) % 3}
        keep_values(customer=one, given=given | ({choice: options[number % 2]} if number % 4 else {}), seen={}, by=by)
        for channel in ("email", "sms")[: number % 3]:
            how = {"how": "counter", "on": today() - timedelta(30), "by": by, "today": today()}
            record_consent(customer=one, purpose="marketing", channel=channel, given=True, text="I want the news.", **how)
            if number % 5 == 0:
                record_consent(customer=one, purpose="marketing", channel=channel, given=False, **how)


def _by_hand(people: list[Customer], by: User) -> None:
    segment = make_segment(by=by, name="Buyers", rule={"fact": "orders", "op": ">", "value": 2})
    for number, one in enumerate(people[:12]):
        choose(
            segment=segment, customer=one, side="include" if number % 2 else "exclude", reason="By hand", by=by, as_of=Business.load().as_of
        )
    for number, held in enumerate(Position.objects.filter(ladder__is_primary=True).order_by("customer__external_id")[:10]):
        told = {"customer": held.customer, "by": by, "as_of": Business.load().as_of, "today": today()}
        if number % 2:
            pin(ladder=held.ladder, reason="Stays", **told)
        else:
            move(to=held.ladder.stages.exclude(pk=held.stage_id).filter(is_retired=False).first(), reason="Met", **told)
    for number, one in enumerate(people[::4]):
        NotNow.objects.create(customer=one, said_on=today() - timedelta(number % 3), by=by)


def _together(people: list[Customer], by: User) -> None:
    chosen = people[5:25]
    said = {"kind": "owner", "said": {"owner": by.pk}, "selection": Selection(tuple(one.pk for one in chosen))}
    action = doing.ask(**said, people=len(chosen), by=by, form_key=uuid4())
    worker.run_job(action.job_id)
