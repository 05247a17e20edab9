from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from crm.account import LONGEST_PASSWORD
from crm.form_fields import TOO_LONG

# The same sentence whoever asks: it never tells whether there is such a person, or whether they may still sign in.
REFUSED = _("This e-mail and this password do not belong together. Check both and try again.")


class SignInForm(AuthenticationForm):
    username = forms.EmailField(
        label=_("E-mail"),
        error_messages={
            "required": _("Enter your e-mail."),
            "invalid": _("This is not a whole e-mail address: it should look like jana@example.com."),
            **TOO_LONG,
        },
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        error_messages={"required": _("Enter your password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    keep = forms.BooleanField(label=_("Keep me signed in on this computer"), required=False)

    error_messages = {"invalid_login": REFUSED, "inactive": REFUSED}


class CodeForm(forms.Form):
    """The second factor."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        help_text=_("Six digits from your app, or one of your recovery codes."),
        error_messages={"required": _("Enter the code that your app shows."), **TOO_LONG},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "dir": "ltr"}),
    )


class JoinForm(forms.Form):
    name = forms.CharField(
        label=_("Your name"),
        max_length=200,
        error_messages={"required": _("Enter your name, as your colleagues know you."), **TOO_LONG},
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True, "dir": "auto"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        help_text=_("At least 10 characters. A few words in a row are easy to keep and hard to guess."),
        error_messages={"required": _("Choose a password."), **TOO_LONG},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
