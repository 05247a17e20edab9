"""What lies on the demo's counter this morning: complaints at each point of their way, and contacts that wait for an answer.

Written by what a person's clicks call, each on its day, so that steps, clocks and audit are as they would be.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from crm import record
from crm.complaints import writing
from crm.desk import answering, asking
from crm.models import Complaint, Customer, Enquiry, Facts, Interaction, User

CLAIM, GRIEVANCE = (nature.value for nature in Complaint.Nature)
IN = Interaction.Direction.IN.value
# (days ago, nature, what they complain of, what was done since: (days after, what, how))
Step = tuple[int, str, dict[str, Any]]
COMPLAINTS: tuple[tuple[int, str, str, tuple[Step, ...]], ...] = (
    (34, CLAIM, "The grinder stopped after a week. Brought it back with the receipt.", ((2, "note", {"text": "Sent to the maker."}),)),
    (
        21,
        CLAIM,
        "The lever of the espresso machine leaks.",
        (
            (1, "note", {"text": "Asked which batch it is from."}),
            (3, "wait", {"text": "A photo of the leak, and the number of the batch."}),
        ),
    ),
    (12, CLAIM, "Two bags of the last delivery were torn open.", ((0, "promise", {"promised": "Two new bags with the next delivery"}),)),
    (6, GRIEVANCE, "Waited at the counter for twenty minutes and nobody said why.", ()),
    (
        40,
        CLAIM,
        "The kettle does not heat.",
        ((4, "solve", {"solution": "Gave a new kettle.", "cost": Decimal(1290), "satisfaction": 5}),),
    ),
    (9, GRIEVANCE, "Got the wrong roast, for the second time.", ((3, "solve", {"solution": "Sent the right one, with a bag for free."}),)),
    (15, CLAIM, "The cups are scratched.", ((5, "close", {"reason": "They were scratched by a dishwasher, which the leaflet warns of."}),)),
)
# (hours ago, at least a day, kind, topic, what they wrote or said)
ENQUIRIES = (
    (73, "email", "question", "Is the Ethiopia suitable for a moka pot?"),
    (49, "call", "request", "Would like to come to the tasting on Saturday, two people."),
    (28, "social", "question", "Do you ship to Slovakia?"),
    (25, "email", "order", "Ten kilos of the house blend for Monday, as last time."),
)
# (hours ago, hours until the answer, the critical incident that it became, what caused it)
ANSWERED = (
    (30, 2, "", ""),
    (52, 3, "", ""),
    (76, 1, "good", "The parcel had been lost, and a new one was packed within the hour."),
    (100, 26, "bad", "The question lay in a folder that nobody looks into."),
    (124, 4, "", ""),
    (150, 2, "", ""),
)


@transaction.atomic
def lay_out(*, now: datetime, zone: str, accounts: Sequence[int | None]) -> None:
    """The same for the same demo, before its last night. `accounts` are the colleague and the owner, who may be missing."""
    found = User.objects.in_bulk([pk for pk in accounts if pk])
    colleague = next(iter(found[pk] for pk in accounts if pk))
    owner = found[accounts[1]] if accounts[1] else colleague
    here = now.astimezone(ZoneInfo(zone))
    valued = Facts.objects.filter(orders__gt=1).select_related("customer").order_by("-revenue_12m", "pk")
    for number, (told, facts) in enumerate(zip(COMPLAINTS, valued[: len(COMPLAINTS)], strict=False)):
        _complain(facts.customer, *told, today=here.date(), by=owner if number % 3 == 0 else colleague)
    # Of the newest, who have no rhythm yet: Today's list stays as it is.
    newest = iter(Customer.objects.filter(orders__isnull=False).distinct().order_by("-external_id")[: len(ENQUIRIES) + len(ANSWERED)])
    for (hours, kind, topic, text), customer in zip(ENQUIRIES, newest, strict=False):
        _ask(customer, here - timedelta(hours=hours), kind, topic, text, colleague)
    for (hours, took, incident, cause), customer in zip(ANSWERED, newest, strict=False):
        asked = _ask(customer, here - timedelta(hours=hours), "email", "question", "When will my order come?", colleague)
        said = {"kind": "email", "direction": "out", "minutes": 4, "text": "It is on its way.", "key": None}
        said |= {"incident": incident, "incident_cause": cause, "follow_up": None}
        answering.answer(enquiry=asked, said=said, by=colleague, now=here - timedelta(hours=hours - took))


def _complain(
    customer: Customer,
    days: int,
    nature: str,
    what: str,
    steps: tuple[Step, ...],
    *,
    today: date,
    by: User,
) -> None:
    opened = today - timedelta(days=days)
    one = writing.open_complaint(customer=customer, nature=nature, what=what, **_how(by, opened))
    for after, act, said in steps:
        promised = {"promised_on": opened + timedelta(days=20)} if act == "promise" else {}
        getattr(writing, act)(complaint=one, **said, **promised, **_how(by, opened + timedelta(days=after)))


def _how(by: User, on: date) -> writing.How:
    return {"by": by, "today": on, "now": datetime.combine(on, time(10, 15), tzinfo=ZoneInfo("UTC")), "key": None}


def _ask(customer: Customer, at: datetime, kind: str, topic: str, text: str, by: User) -> Enquiry:
    call = Interaction(customer=customer, kind=kind, direction=IN, topic=topic, minutes=2, text=text, happened_at=at, by=by, created=at)
    record.save_interaction(interaction=call, by=by)
    return asking.ask(interaction=call, by=by)
