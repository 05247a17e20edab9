"""One's own account: its forms, each with a proof of who sends it, and the change of the password."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, code_guard, sessions
from crm.form_fields import TOO_LONG
from crm.models import User

# A hash takes as long as its text; nobody types more.
LONGEST_PASSWORD = 1000

audit.register(audit.Action("user.password", gettext_lazy("Password changed")))


def password_field(label: Any, autocomplete: str) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, "class": "form-control"})
    return forms.CharField(label=label, strip=False, max_length=LONGEST_PASSWORD, widget=widget, error_messages=TOO_LONG)


class Proof(forms.Form):
    """What one's own page asks for before it changes how one signs in: the present password, of whoever has one."""

    present = password_field(gettext_lazy("Present password"), "current-password")

    def __init__(self, data: Any, user: User, now: datetime, ids: str = "id") -> None:
        # Several of them stand on one page.
        super().__init__(data, auto_id=f"{ids}_%s")
        self.user, self.now = user, now
        self.order_fields(["present"])
        if not user.has_usable_password():
            del self.fields["present"]

    def clean_present(self) -> str:
        present: str = self.cleaned_data["present"]
        if code_guard.wait(self.user, self.now):
            raise forms.ValidationError(_("Too many tries were wrong. Wait a quarter of an hour."))
        if not self.user.check_password(present):
            code_guard.failed(self.user, self.now)
            raise forms.ValidationError(_("This is not your present password."))
        return present


class PasswordForm(Proof):
    new = password_field(gettext_lazy("New password"), "new-password")

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        validate_password(new, self.user)
        return new


class CodeProof(Proof):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        error_messages={"required": gettext_lazy("Enter the code that your app shows."), **TOO_LONG},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "dir": "ltr", "class": "form-control"}),
    )

    def refuse(self) -> None:
        code_guard.failed(self.user, self.now)
        self.add_error("code", _("This code does not fit, or has been used. The app shows a new one every 30 seconds."))

    def clean_code(self) -> str:
        if code_guard.wait(self.user, self.now):
            raise forms.ValidationError(_("Too many tries were wrong. Wait a quarter of an hour."))
        code: str = self.cleaned_data["code"]
        return code


@transaction.atomic
def change_password(request: HttpRequest, *, user: User, new: str, now: datetime) -> None:
    """Ends every other session of theirs; this one goes on under a new key."""
    user.set_password(new)
    user.save(update_fields=["password"])
    audit.keep(what="user.password", by=user, of=user)
    sessions.renew(request, user, now)
