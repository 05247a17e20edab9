"""What an owner says of a file that they hand in."""

from pathlib import Path
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.form_fields import TOO_LONG
from crm.importing.encoding import BLOCK, refuse_what_is_no_text
from crm.importing.errors import Refused, shown
from crm.importing.orders import DEFAULT_SOURCE
from crm.models import Order, Upload

ENDINGS = (".csv", ".tsv", ".txt")


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ",".join((*ENDINGS, "text/csv"))}),
        error_messages={
            "required": gettext_lazy("Choose a file first."),
            "empty": gettext_lazy("The file is empty; choose one with a row for each order."),
        },
    )
    source = forms.CharField(
        label=gettext_lazy("Where it comes from"),
        max_length=Upload._meta.get_field("source").max_length,
        initial=DEFAULT_SOURCE,
        required=False,
        error_messages=TOO_LONG,
        help_text=gettext_lazy("A name of your choice, such as e-shop. Order numbers are told apart by it: use the same name each time."),
    )
    replace_demo = forms.BooleanField(
        label=gettext_lazy("Remove the demo first"),
        error_messages={"required": gettext_lazy("The demo is not mixed with your own data: agree that it is removed, then import.")},
    )

    def __init__(self, *args: Any, is_demo: bool, refusal: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if refusal:
            self.fields["file"].error_messages["required"] = refusal
        if not is_demo:
            del self.fields["replace_demo"]

    def clean_file(self) -> "UploadedFile[Any]":
        file: UploadedFile[Any] = self.cleaned_data["file"]
        name = shown(file.name or "")
        try:
            refuse_what_is_no_text(name, file.read(BLOCK))
        except Refused as refusal:
            raise ValidationError(str(refusal)) from refusal
        if Path(file.name or "").suffix.lower() not in ENDINGS:
            sentence = _("%(file)s is no table by its name, which should end in .csv, .tsv or .txt; save the sheet as CSV.")
            raise ValidationError(sentence % {"file": name})
        return file

    def clean_source(self) -> str:
        source: str = self.cleaned_data["source"] or DEFAULT_SOURCE
        if not source.isprintable():
            raise ValidationError(_("The name of a source holds no characters that cannot be seen."))
        if source == Order.BY_HAND:
            raise ValidationError(_("“%(source)s” is the source of orders entered by hand; choose another name.") % {"source": source})
        return source
