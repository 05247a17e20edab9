"""The demo's tasks: a few for the owner and the colleague, so that somebody has something to do today."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from crm.models import Customer, User
from crm.tasks.writing import finish, open_task, snooze

COLLEAGUE, OWNER = 0, 1
# For whom, due in so many days, and what; each about another customer.
TASKS = (
    (COLLEAGUE, -3, "Call back about the grinder we lent them."),
    (COLLEAGUE, -1, "Send the price list for the new year."),
    (COLLEAGUE, 0, "Ask how the first order tasted."),
    (COLLEAGUE, 4, "Offer the Christmas box before they order elsewhere."),
    (OWNER, -2, "Answer their question about invoices by e-mail."),
    (OWNER, 0, "Call to thank for the recommendation."),
    (OWNER, 9, "Agree on the deliveries of the next quarter."),
)
WEEKLY = "Count the stock of green coffee."
SNOOZED, WHY = "Invite to the tasting.", "Nobody answered, they are away until next week."
DONE = "Find out what was wrong with the last parcel."
# Written so many days before they are due, as the past of a demo has it.
AHEAD = timedelta(7)


@transaction.atomic
def give_tasks(people: Sequence[User | None], today: date, now: datetime) -> None:
    """To the colleague and the owner, about customers who are there; the same ones for the same demo."""
    colleague, owner = people[COLLEAGUE], people[OWNER]
    customers = list(Customer.objects.exclude(name="").order_by("external_id")[: len(TASKS) + 2])
    if colleague is None or owner is None or len(customers) < len(TASKS) + 2:
        return
    for number, (who, days, why) in enumerate(TASKS):
        on = today + timedelta(days)
        open_task(why=why, due_on=on, assignee=(colleague, owner)[who], by=owner, today=on - AHEAD, customer=customers[number])
    open_task(why=WEEKLY, due_on=today, assignee=colleague, by=owner, today=today, repeats="weeks", every=1)
    yesterday = today - timedelta(1)
    invite = open_task(why=SNOOZED, due_on=yesterday, assignee=owner, by=owner, today=yesterday, customer=customers[-1])
    snooze(task=invite, until=today + timedelta(6), reason=WHY, by=owner, today=today)
    asked = open_task(why=DONE, due_on=today, assignee=colleague, by=owner, today=today, customer=customers[-2])
    finish(task=asked, by=colleague, now=now)
