"""What the machine may do to a command: a database that cannot be used, a full or closed disk. Told in one sentence at its edge."""

from django.db import Error
from django.utils.translation import gettext as _

FAULTS = (Error, OSError)


def told(fault: Exception) -> str:
    """The sentence for one of FAULTS."""
    reason = (getattr(fault, "strerror", None) or str(fault)).strip() or type(fault).__name__
    place = getattr(fault, "filename", None)
    if place:
        return _("%(file)s cannot be used: %(reason)s.") % {"file": place, "reason": reason}
    return _("The database cannot be used: %(reason)s. If it is new, make run prepares it.") % {
        "reason": " ".join(reason.split()).rstrip(".")
    }
