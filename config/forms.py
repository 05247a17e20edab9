from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

# The same sentence whoever asks: it never tells whether there is such a person, or whether they may still sign in.
REFUSED = _("This e-mail and this password do not belong together. Check both and try again.")


class SignInForm(AuthenticationForm):
    username = forms.EmailField(
        label=_("E-mail"),
        error_messages={
            "required": _("Enter your e-mail."),
            "invalid": _("This is not a whole e-mail address: it should look like jana@example.com."),
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
