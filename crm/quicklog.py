"""The form on a customer's page in which nobody has written yet: but for its key it is the same for everyone."""

from uuid import uuid4

from crm.contact import ContactForm
from crm.printed import printed


def fresh() -> dict[str, object]:
    """What its template prints."""
    return {"key": uuid4(), "fields": printed("crm/logging/_quick.html", _empty)}


def _empty() -> dict[str, object]:
    return {"form": ContactForm.fresh()}
