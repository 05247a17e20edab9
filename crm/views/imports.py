"""Import: a file in by the browser, how far it is, what came of it."""

from typing import cast

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import audit, uploads
from crm.access import owner_only
from crm.faults import told
from crm.intake import Outcome, last_imports, reasons_as_csv
from crm.models import Business, Order, Upload, User
from crm.upload_form import UploadForm


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def imports(request: HttpRequest) -> HttpResponse:
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    business = Business.load()
    form = UploadForm(*sent, is_demo=business.is_demo, refusal=uploads.refusal_in(request))
    if sent and form.is_valid():
        said = form.cleaned_data
        try:
            upload = uploads.keep(
                said["file"],
                cast(User, request.user),
                timezone.now(),
                source=said["source"],
                replaces_demo=said.get("replace_demo", False),
            )
        except OSError as error:
            form.add_error("file", told(error))
        else:
            return redirect("import_result", upload.pk)
    shown = {"form": form, "imports": last_imports(timezone.now()), "business": business, "is_fixed": Order.objects.exists()}
    return render(request, "crm/import.html", shown)


@require_safe
@owner_only
def result(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "crm/import_result.html", {"outcome": _outcome(pk)})


@require_safe
@owner_only
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """A part of the page of a result, which asks for it again as long as there is something to wait for."""
    outcome = _outcome(pk)
    if "HX-Request" not in request.headers:
        return redirect("import_result", pk)
    return render(request, "crm/_import_progress.html", {"outcome": outcome, "is_fragment": True})


@require_POST
@owner_only
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """The same file once more, read as the answer says."""
    with transaction.atomic():
        upload = get_object_or_404(Upload.objects.select_for_update(), pk=pk)
        refusal = uploads.take_again(upload, request.POST.get("answer", ""), cast(User, request.user))
    if refusal:
        messages.error(request, refusal)
    return redirect("import_result", pk)


@require_safe
@owner_only
def errors(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The rows that had errors, to be mended; after a week what was wrong with them, without the rows."""
    upload = get_object_or_404(Upload, pk=pk)
    record = upload.imports.order_by("-pk").first()
    if record is None or not record.error_count:
        raise Http404
    audit.keep(what="import.errors_exported", by=cast(User, request.user), of=record)
    name, kind = f"import-{pk}-errors.csv", "text/csv; charset=utf-8"
    try:
        return FileResponse(uploads.failed_rows_of(upload).open("rb"), as_attachment=True, filename=name, content_type=kind)
    except FileNotFoundError:
        attached = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(reasons_as_csv(record), content_type=kind, headers=attached)


def _outcome(pk: int) -> Outcome:
    return Outcome.of(get_object_or_404(Upload.objects.select_related("by", "job"), pk=pk), timezone.now())
