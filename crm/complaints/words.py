"""What the pages say of a complaint, in sentences."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from crm.complaints.clock import Clock
from crm.models import Complaint, ComplaintStep
from crm.money import day, number


def clock_of(complaint: Complaint, clock: Clock) -> str:
    """How much time is left, or how it ended."""
    if complaint.ended_on:
        said = _("Solved on %(day)s.") if complaint.state == Complaint.State.SOLVED else _("Closed on %(day)s without a solution.")
        return said % {"day": day(complaint.ended_on)}
    return _standing(clock) if clock.since else _running(clock)


def _running(clock: Clock) -> str:
    left = clock.left
    if left is None or clock.due_on is None:
        return _("No day is set for it.")
    words = {"number": number(abs(left)), "day": day(clock.due_on)}
    if left < 0:
        return ngettext("%(number)s day over: it was due on %(day)s.", "%(number)s days over: it was due on %(day)s.", -left) % words
    if left == 0:
        return _("It is due today.")
    return ngettext("%(number)s day is left, until %(day)s.", "%(number)s days are left, until %(day)s.", left) % words


def _standing(clock: Clock) -> str:
    assert clock.since
    left, words = clock.left, {"day": day(clock.since)}
    if left is None:
        return _("Waiting for the customer since %(day)s; no day is set for it.") % words
    words["number"] = number(abs(left))
    if left < 0:
        return (
            ngettext(
                "The clock has stood since %(day)s; it was %(number)s day over by then.",
                "The clock has stood since %(day)s; it was %(number)s days over by then.",
                -left,
            )
            % words
        )
    return (
        ngettext(
            "The clock has stood since %(day)s; %(number)s day is left.",
            "The clock has stood since %(day)s; %(number)s days are left.",
            left,
        )
        % words
    )


def nature(complaint: Complaint) -> str:
    return pgettext("of a complaint", "Claim") if complaint.is_claim else pgettext("of a complaint", "Grievance")


def step(one: ComplaintStep) -> str:
    """The head of a step; its text stands below it."""
    kind = ComplaintStep.Kind(one.kind)
    if kind == ComplaintStep.Kind.HANDED:
        return _("Handed to %(who)s") % {"who": one.to} if one.to else _("Handed over")
    if kind == ComplaintStep.Kind.PROMISE and one.promised_on:
        return _("Promised by %(day)s") % {"day": day(one.promised_on)}
    return str(kind.label)


def said(kind: ComplaintStep.Kind, complaint: Complaint) -> str:
    """That it is done, in a sentence."""
    return str(_SAID[kind]) % {"who": complaint.customer}


_SAID = {
    ComplaintStep.Kind.OPENED: gettext_lazy("A complaint of %(who)s is open."),
    ComplaintStep.Kind.NOTE: gettext_lazy("The step is in the record of the complaint."),
    ComplaintStep.Kind.PROMISE: gettext_lazy("What was promised is in the record of the complaint."),
    ComplaintStep.Kind.WAITING: gettext_lazy("The clock stands until the customer answers."),
    ComplaintStep.Kind.GOES_ON: gettext_lazy("The clock goes on; the days of waiting do not count."),
    ComplaintStep.Kind.HANDED: gettext_lazy("The complaint of %(who)s is handed over."),
    ComplaintStep.Kind.CORRECTED: gettext_lazy("The complaint is corrected."),
    ComplaintStep.Kind.SOLVED: gettext_lazy("The complaint of %(who)s is solved."),
    ComplaintStep.Kind.CLOSED: gettext_lazy("The complaint of %(who)s is closed without a solution."),
    ComplaintStep.Kind.REOPENED: gettext_lazy("The complaint of %(who)s is open again, and its clock goes on."),
}
