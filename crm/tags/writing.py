"""Putting a tag on a customer and taking it off, and the names of tags: each with its audit, in one transaction."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import audit, hiding, record
from crm.bin import KEPT_FOR
from crm.fold import fold
from crm.models import Business, Changed, Customer, CustomerTag, Tag, User
from crm.models.tag import LONGEST_TAG
from crm.money import number
from crm.people.uses import uses_of
from crm.people.words import free_key
from crm.people.words import name as checked_name

# The fact of rules that asks who has which.
FACT = "tag"
MOST_TAGS = 200


def _had(note: str) -> str:
    """How many had it."""
    return ngettext("%(number)s customer had it.", "%(number)s customers had it.", int(note)) % {"number": number(int(note))}


audit.register(
    audit.Action("tag.made", gettext_lazy("Tag made")),
    audit.Action("tag.renamed", gettext_lazy("Tag renamed")),
    audit.Action("tag.brought_back", gettext_lazy("Tag brought back")),
    audit.Action("tag.removed", gettext_lazy("Tag removed from everybody"), _had),
    audit.Action("customer.tagged", gettext_lazy("Tag added")),
    audit.Action("customer.untagged", gettext_lazy("Tag taken off")),
)


@transaction.atomic
def put_tag(*, customer: Customer, name: str, by: User) -> CustomerTag | None:
    """The tag of that name, made where there is none, on the customer; None where they have it already.

    Raises Hidden for who is not there any more; ValidationError, with nothing written, for a name that is none, and for one tag too many.
    """
    # Locked in one order everywhere, or two might wait for each other: the business, customers, tags.
    tag = tag_called(name=name, by=by)
    hiding.locked(customer)
    if not Tag.objects.present().select_for_update().filter(pk=tag.pk).exists():
        raise ValidationError(_("This tag was removed just now: add it once more."))
    made, is_new = CustomerTag.objects.get_or_create(customer=customer, tag=tag, defaults={"by": by})
    if not is_new:
        return None
    audit.keep(what="customer.tagged", by=by, of=tag, customer=customer, changes={"tag": ["", tag.name]})
    record.note_changed(Changed.Why.CUSTOMER, customer.pk)
    return made


@transaction.atomic
def take_tag(*, customer: Customer, tag: int, by: User) -> Tag | None:
    """The tag that was taken off; None where they have it no more."""
    hiding.locked(customer)
    found = CustomerTag.objects.select_related("tag").filter(customer=customer, tag=tag, tag__removed_at=None).first()
    if found is None:
        return None
    CustomerTag.objects.filter(pk=found.pk).delete()
    audit.keep(what="customer.untagged", by=by, of=found.tag, customer=customer, changes={"tag": [found.tag.name, ""]})
    record.note_changed(Changed.Why.CUSTOMER, customer.pk)
    return found.tag


@transaction.atomic
def tag_called(*, name: str, by: User | None) -> Tag:
    """The tag of that name, made where there is none: two names are one where they differ in case and accents alone."""
    name = checked_name(name, LONGEST_TAG)
    found = Tag.objects.present().filter(name_key=fold(name)).first()
    if found:
        return found
    Business.in_turn()
    tags = list(Tag.objects.present())
    if made := next((tag for tag in tags if tag.name_key == fold(name)), None):
        return made
    _check_room(len(tags))
    key = free_key(name, set(Tag.objects.values_list("key", flat=True)), FACT)
    tag = Tag.objects.create(key=key, name=name, name_key=fold(name), made_by=by)
    audit.keep(what="tag.made", by=by, of=tag, changes={"name": ["", name]})
    return tag


def _check_room(there: int) -> None:
    if there >= MOST_TAGS:
        raise ValidationError(
            _("There can be at most %(most)d tags: use one that is there, or have an owner remove one.") % {"most": MOST_TAGS}
        )


@transaction.atomic
def rename_tag(*, tag: Tag, name: str, by: User) -> bool:
    """Whether it is called otherwise now. Raises ValidationError for a name that is none or another's, and for a tag that is gone."""
    name = checked_name(name, LONGEST_TAG)
    Business.in_turn()
    here = Tag.objects.present().filter(pk=tag.pk).first()
    if here is None:
        raise ValidationError(_("This tag was removed while you were editing it."))
    if Tag.objects.present().filter(name_key=fold(name)).exclude(pk=here.pk).exists():
        raise ValidationError(_("Another tag is called “%(name)s”: give this one another name.") % {"name": name})
    before = here.name
    if before == name:
        return False
    Tag.objects.filter(pk=here.pk).update(name=name, name_key=fold(name))
    here.name = name
    audit.keep(what="tag.renamed", by=by, of=here, changes={"name": [before, name]})
    return True


@transaction.atomic
def remove_tag(*, tag: Tag, now: datetime, by: User) -> int | None:
    """From everybody, also from who is in the bin; how many had it, None where it is gone already. `bring_back` undoes it.

    Raises ValidationError where a rule asks it.
    """
    Business.in_turn()
    if not Tag.objects.present().select_for_update().filter(pk=tag.pk).exists():
        return None
    if used := uses_of(FACT, value=tag.key):
        sentence = ngettext(
            "“%(tag)s” cannot go while a rule asks it: %(uses)s.",
            "“%(tag)s” cannot go while %(number)d rules ask it: %(uses)s.",
            len(used),
        )
        raise ValidationError(sentence % {"tag": tag, "number": len(used), "uses": ", ".join(used)})
    had = CustomerTag.objects.filter(tag=tag, customer__in=Customer.objects.present()).count()
    audit.keep(what="tag.removed", by=by, of=tag, changes={"name": [tag.name, ""]}, note=str(had))
    Tag.objects.filter(pk=tag.pk).update(removed_at=now)
    return had


@transaction.atomic
def bring_back(*, tag: Tag, by: User) -> bool:
    """Whether it was removed, and is back with everybody who had it. Raises ValidationError where another one has its name by now, and for
    one tag too many."""
    Business.in_turn()
    if Tag.objects.present().exclude(pk=tag.pk).filter(name_key=tag.name_key).exists():
        raise ValidationError(_("Another tag is called “%(name)s” by now: give that one another name first.") % {"name": tag})
    _check_room(Tag.objects.present().exclude(pk=tag.pk).count())
    if not Tag.objects.filter(pk=tag.pk, removed_at__isnull=False).update(removed_at=None):
        return False
    audit.keep(what="tag.brought_back", by=by, of=tag, changes={"name": ["", tag.name]})
    return True


def purge_tags(now: datetime) -> int:
    """Deletes for good what was removed thirty days ago; how many. May run twice."""
    gone = list(Tag.objects.filter(removed_at__lte=now - KEPT_FOR).values_list("pk", flat=True))
    for tag in gone:
        with transaction.atomic():
            Business.in_turn()
            CustomerTag.objects.filter(tag=tag, tag__removed_at__isnull=False).delete()
            Tag.objects.filter(pk=tag, removed_at__isnull=False).delete()
    return len(gone)
