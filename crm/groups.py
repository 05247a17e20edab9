"""Groups of customers with a name of their own: each floor adds those that a rule cannot say, and the list of customers shows them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils.functional import Promise

from crm.figures import Figures


@dataclass(frozen=True)
class Group:
    """`condition` is on the facts: (figures with a date, the business's today) → who belongs."""

    key: str
    label: Promise
    condition: Callable[[Figures, date], Q]


# By key.
GROUPS: dict[str, Group] = {}


def register(*groups: Group) -> None:
    GROUPS.update({group.key: group for group in groups})
