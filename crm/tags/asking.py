"""Tags as a fact that rules may ask: who has one of them."""

from collections.abc import Collection, Mapping

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy

from crm.catalogue import Belonging, Fact, Kind, Topic
from crm.models import CustomerTag, Tag
from crm.tags.writing import FACT


def family() -> Mapping[str, Fact]:
    """For crm.catalogue.FAMILIES."""
    means = gettext_lazy("Which tags somebody put on them.")
    fact = Belonging(
        FACT, Kind.BELONGING, "record", offers=_offered, called=gettext_lazy("Tag"), holds=_holds, means=means, group=Topic.OWN
    )
    return {FACT: fact}


def _offered() -> dict[str, str]:
    return dict(Tag.objects.present().values_list("key", "name"))


def _holds(keys: Collection[str]) -> Q:
    return Q(Exists(CustomerTag.objects.filter(customer=OuterRef("pk"), tag__key__in=keys, tag__removed_at=None)))
