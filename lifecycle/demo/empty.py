"""Whether there is anything in the record, and taking the demo out of it again. Without pandas, so that the web may ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.apps import apps
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from crm import locks, written_once
from crm.failpoints import failpoint
from crm.models import Business, Customer, Import, Interaction, Job, Order, User

OWNER, STAFF = ("jana@example.com", "Jana Horáková"), ("petr@example.com", "Petr Malý")
FLOORS = ("crm", "surveys", "segments", "lifecycle")
# Who signs in, the rules of the ladders with their versions, and what runs or waits to be imported right now stay; all else of ours goes.
KEPT = {"crm.Business", "crm.User", "crm.Link", "crm.Job", "crm.Pulse", "crm.Upload"}
KEPT |= {"lifecycle.Ladder", "lifecycle.Stage", "lifecycle.LadderVersion"}
# So do the rules that an owner has saved, without the people.
KEPT |= {"segments.Segment", "segments.SegmentVersion"}


class DemoRefused(Exception):
    """The demo is neither filled nor removed; the message says why and what would be right."""


@contextmanager
def alone() -> Iterator[None]:
    """With the locks of the night and of the imports: nobody counts or writes what is being filled or removed."""
    with locks.held("nightly") as night, locks.held("import") as taken:
        if not (night and taken):
            raise DemoRefused(_("A night or an import is running: wait until it has ended, then try again."))
        yield


def is_empty() -> bool:
    """Whether the record holds nothing that somebody has brought in."""
    # A file none of whose rows could be taken has brought nothing.
    imports = Import.objects.exclude(state=Import.State.FINISHED, cursor=0)
    return not any(rows.exists() for rows in (Customer.objects, Order.objects, Interaction.objects, imports))


def remove_demo(*, now: datetime) -> None:
    """Takes the demo out. Whoever may sign in still may: of the users only the demo's colleague goes, unless he has signed in.

    Raises DemoRefused where the data is no demo, or a night or an import runs.
    """
    with alone():
        if not Business.load().is_demo:
            raise DemoRefused(_("The data is not the demo, so there is nothing to remove."))
        clear()


@transaction.atomic
def clear() -> None:
    """Call with the locks held. In one transaction: nobody sees half of it, and whatever refers to what is checked at its end."""
    # What was done to people who never were goes with them.
    with written_once.unlocked(), connection.cursor() as cursor:
        for model in emptied():
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")
    Job.objects.exclude(state__in=Job.OPEN).delete()
    failpoint("demo.clearing")
    colleague = User.objects.filter(email=STAFF[0], last_login=None).first()
    if colleague and not colleague.has_usable_password():
        colleague.delete()
    fresh = Business()
    Business.keep(**{name: getattr(fresh, name) for name in ("name", "as_of", "past_as_of", "gap_days", "is_demo", "demo_is_whole")})


def emptied() -> list[type[models.Model]]:
    """The models whose rows are the demo's, also those that are added later."""
    ours = [model for floor in FLOORS for model in apps.get_app_config(floor).get_models()]
    return [model for model in ours if model._meta.label not in KEPT]
