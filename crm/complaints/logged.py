"""A contact in which somebody complains opens a complaint: once, whether it says so when it is logged or only later."""

from datetime import datetime

from django.db.models import Q

from crm.complaints import writing
from crm.models import Complaint, Interaction, User


def complains(contact: Interaction) -> bool:
    is_about_it = contact.kind == Interaction.Kind.COMPLAINT or contact.topic == Interaction.Topic.COMPLAINT
    return is_about_it and contact.direction == Interaction.Direction.IN


def brought(contact: Interaction) -> Complaint | None:
    """The complaint that it opened, or opened again."""
    return Complaint.objects.filter(Q(contact=contact) | Q(steps__contact=contact)).first()


def open_by(*, contact: Interaction, by: User, now: datetime) -> Complaint:
    """From the day on which they complained. What is logged in one click is taken for a claim, the stricter of the two."""
    return writing.open_complaint(
        customer=contact.customer,
        nature=Complaint.Nature.CLAIM,
        what=contact.text,
        contact=contact,
        by=by,
        today=contact.happened_on,
        now=now,
        key=None,
    )
