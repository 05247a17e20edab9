"""The form of a customer: to add one, and to change what is kept about them."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm import record
from crm.alike import alike, email_taken, is_phone, looks_like, with_email
from crm.audit_words import in_words
from crm.editing import FIELDS, Clash, Clashing, Seen, Values, values_of
from crm.evidence import whole_letters
from crm.form_fields import NO_SUCH_DAY, OUT_OF_DATE, TOO_LONG, key_field
from crm.models import Customer, User
from crm.once import once
from crm.people.sources import SourceInput

EARLIEST_BIRTHDAY = date(1900, 1, 1)


class CustomerForm(forms.ModelForm[Customer]):
    """`today` is the business's. What is wrong is an error; what is only unlikely is a warning, and is written when sent once more."""

    # Of the warnings that somebody has seen.
    warned = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Customer
        fields = FIELDS
        widgets = {
            "birthday": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
            "phone": forms.TextInput({"type": "tel"}),
            "source": SourceInput(),
        }
        error_messages = {"birthday": {"invalid": NO_SUCH_DAY}}

    def __init__(self, data: Mapping[str, Any] | None = None, *, today: date, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.today = today
        for name, field in self.fields.items():
            if isinstance(field, forms.CharField) and name != "warned":
                field.validators.append(whole_letters)
                field.error_messages |= TOO_LONG
                field.widget.attrs |= {"autocomplete": "off", "dir": "auto"}
                # A name that is too long is said to be, and not cut off.
                field.widget.attrs.pop("maxlength", None)
        self.fields["birthday"].widget.attrs |= {"min": EARLIEST_BIRTHDAY.isoformat(), "max": today.isoformat()}
        owners = User.objects.filter(is_active=True)
        self.fields["owner"].queryset = owners | User.objects.filter(pk=self.instance.owner_id or 0)  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if other := with_email(email, but=self.instance.pk):
            raise ValidationError(email_taken(other), code="taken")
        return email

    def clean_birthday(self) -> date | None:
        birthday: date | None = self.cleaned_data["birthday"]
        if birthday and birthday > self.today:
            raise ValidationError(_("This birthday has not come yet: give the day on which they were born."))
        if birthday and birthday < EARLIEST_BIRTHDAY:
            raise ValidationError(_("Nobody who buys was born before 1900: correct the year."))
        return birthday

    def clean(self) -> dict[str, Any]:
        read = super().clean() or self.cleaned_data
        if not self.errors and not any(read.get(name) for name in ("name", "email", "phone")):
            raise ValidationError(_("Give a name, an e-mail or a phone: by one of them they are found again."))
        return read

    @cached_property
    def warnings(self) -> list[SafeString | str]:
        """What is unlikely about a valid form."""
        phone = str(self.cleaned_data.get("phone", ""))
        found: list[SafeString | str] = []
        if phone and phone != self.initial.get("phone") and not is_phone(phone):
            found.append(_("“%(phone)s” does not look like a phone number: nobody could be called there.") % {"phone": phone})
        return found

    @property
    def problems(self) -> list[str]:
        """What is wrong with the form itself: no field shows it."""
        return [str(sentence) for field in self.hidden_fields() for sentence in field.errors]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256("\n".join(self.warnings).encode()).hexdigest()[:16] if self.warnings else ""

    @property
    def is_confirmed(self) -> bool:
        """Whether there is no warning that was not seen."""
        return self.fingerprint == (self.data.get("warned") or "") or not self.warnings

    def take_focus(self) -> None:
        """Put into a page that is there, it goes on where the keyboard was: in the first field that is wrong, or in the first."""
        shown = [field.name for field in self.visible_fields()]
        at = next((name for name in shown if name in self.errors), shown[0])
        self.fields[at].widget.attrs["data-focus"] = True

    def warn(self) -> None:
        """To be sent once more, which says that the warnings were seen."""
        self.data = dict(self.data.items()) | {"warned": self.fingerprint}


class NewCustomerForm(CustomerForm):
    """`key` is drawn anew for each form that is shown: one sent twice adds one customer."""

    key = key_field()

    def __init__(self, data: Mapping[str, Any] | None = None, *, today: date, **kwargs: Any) -> None:
        super().__init__(data, today=today, initial={"key": uuid4(), **kwargs.pop("initial", {})}, **kwargs)

    def clean_email(self) -> str:
        # The second of two sendings finds the very customer that the first has added.
        email = str(self.cleaned_data["email"]).strip().lower()
        other = with_email(email)
        if other and str(other.form_key) != self.data.get("key"):
            raise ValidationError(email_taken(other), code="taken")
        return email

    def full_clean(self) -> None:
        super().full_clean()
        if "key" in self.errors:
            # To be sent once more, with a key of its own.
            self.data = dict(self.data.items()) | {"key": str(uuid4())}

    @cached_property
    def warnings(self) -> list[SafeString | str]:
        return [*super().warnings, *(looks_like(*other) for other in alike(self.instance))]


def added_before(key: str) -> Customer | None:
    """Whom this very form has added already."""
    try:
        return Customer.objects.filter(form_key=UUID(key)).first()
    except ValueError:
        return None


def add_customer(*, customer: Customer, key: UUID, by: User) -> Customer:
    """Writes the customer of a valid form; where this very form was written already, gives whom it wrote."""
    customer.form_key = key

    def write() -> Customer:
        record.save_customer(customer=customer, by=by)
        return customer

    return once(write, lambda: added_before(str(key)))


class EditCustomerForm(CustomerForm):
    """`seen` says what it was filled with, so that what another has written meanwhile is not lost."""

    seen = forms.CharField(widget=forms.HiddenInput, error_messages={"required": OUT_OF_DATE})

    def __init__(self, data: Mapping[str, Any] | None = None, *, today: date, instance: Customer) -> None:
        filled = Seen(instance.pk, values_of(instance)).signed()
        super().__init__(data, today=today, instance=instance, initial={"seen": filled})
        self.clashing: list[Clashing] = []

    def clean_seen(self) -> Seen:
        try:
            return Seen.read(self.cleaned_data["seen"], self.instance)
        except signing.BadSignature:
            raise ValidationError(OUT_OF_DATE) from None

    @property
    def mine(self) -> Values:
        """What a valid form says; of a field for which somebody chose what the other wrote, that."""
        seen: Seen = self.cleaned_data["seen"]
        mine = values_of(self.instance)
        return mine | {name: seen.values[name] for name in seen.clashing if self.data.get(f"keep-{name}") == "theirs"}

    @property
    def chosen(self) -> set[str]:
        return {name for name in FIELDS if self.data.get(f"keep-{name}") in {"mine", "theirs"}}

    def show(self, clash: Clash) -> None:
        """To be sent once more: with what both wrote, and what the other changed elsewhere filled in."""
        seen = Seen(self.instance.pk, clash.theirs, clash.fields)
        filled = {name: "" if value is None else str(value) for name, value in clash.mine.items()}
        self.data = filled | {"seen": seen.signed(), "warned": self.data.get("warned", "")}
        words = [in_words(Customer, values, clash.fields) for values in (clash.theirs, clash.mine)]
        self.clashing = [Clashing(name, str(self.fields[name].label), *(each[name] for each in words)) for name in clash.fields]
