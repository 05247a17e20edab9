"""Tasks: the list, one of them, and what is done to it in one click."""

from collections.abc import Callable
from datetime import date
from typing import cast

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access import writers_only
from crm.figures import figures_for
from crm.hiding import Hidden
from crm.models import Business, Customer, Task, User
from crm.money import day, number
from crm.returning import way_back
from crm.tasks import words, writing
from crm.tasks.forms import SnoozeForm, TaskForm, fresh, of_task, with_whose
from crm.tasks.history import history
from crm.tasks.lists import Row, TaskList, colleagues
from crm.tasks.writing import AlreadySent, ChangedMeanwhile

_SALT, UNDONE_WITHIN = "crm.tasks", 3600


def _reader(request: HttpRequest) -> User:
    return cast(User, request.user)


def find(pk: int) -> Task:
    """With whom it is about and for. Raises Http404, and Hidden of one about a customer who is not there any more."""
    return _about_who_is_there(get_object_or_404(Task.objects.select_related("customer", "assignee", "closed_by", "by"), pk=pk))


def _about_who_is_there(task: Task) -> Task:
    if task.customer and task.customer.is_hidden:
        raise Hidden(task.customer)
    return task


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    today, people = figures_for(request).business.today(), colleagues()
    shown = TaskList.asked(request.GET, _reader(request), today, people)
    return render(request, "crm/tasks/list.html", {"list": shown, "form": fresh(_reader(request), today, people)})


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def new(request: HttpRequest) -> HttpResponse:
    """Writes one; the form by itself, for the customer of the address, or where something is wrong with what was sent."""
    today, reader = Business.load().today(), _reader(request)
    if request.method != "POST":
        about = request.GET.get("customer", "")
        customer = Customer.objects.present().filter(pk=about).first() if about.isascii() and about.isdigit() and len(about) < 19 else None
        return render(request, "crm/tasks/new.html", {"form": fresh(reader, today, colleagues(), customer)})
    form = TaskForm(request.POST, colleagues())
    if form.is_valid():
        try:
            made = writing.open_task(**form.task, by=reader, today=today, key=form.cleaned_data["key"])
        except AlreadySent as twice:
            form.renew(twice)
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            said = _("%(who)s has a new task: %(what)s") % {"who": made.assignee, "what": words.short(made)}
            messages.success(request, said, extra_tags=reverse("task_cancel", args=[made.pk]))
            return redirect(way_back(request, otherwise=reverse("tasks")))
    return render(request, "crm/tasks/new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """One task with its history; sent, it says it anew."""
    found, today = find(pk), Business.load().today()
    if request.method != "POST":
        return _page(request, found)
    form = TaskForm(request.POST, with_whose(found, colleagues()))
    if form.is_valid():
        try:
            seen = form.cleaned_data["seen"]
            writing.change(task=found, seen=-1 if seen is None else seen, by=_reader(request), today=today, **form.task)
        except ChangedMeanwhile as meanwhile:
            # Sent once more, it is known what is overwritten: the page shows it.
            form.data = dict(form.data.items()) | {"seen": find(pk).revision}
            form.add_error(None, meanwhile)
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            messages.success(request, _("The task is changed."))
            return redirect("task", pk)
    return _page(request, find(pk), form=form)


def _page(request: HttpRequest, found: Task, *, form: TaskForm | None = None, snoozing: SnoozeForm | None = None) -> HttpResponse:
    today = Business.load().today()
    shown = {
        "row": Row(found, today, None),
        "form": form or (of_task(found, colleagues()) if found.is_open else None),
        "snoozing": snoozing,
        "history": history(found),
    }
    return render(request, "crm/tasks/task.html", shown)


def _done_to(request: HttpRequest, pk: int, act: Callable[[Task], None]) -> HttpResponse:
    """Does it, says what was wrong where it cannot be done, and goes back to where the click was."""
    found = Task.objects.select_related("customer", "assignee").filter(pk=pk).first()
    if found is None:
        messages.info(request, _("That task is not there any more."))
        return redirect("tasks")
    try:
        act(_about_who_is_there(found))
    except ValidationError as wrong:
        messages.warning(request, wrong.messages[0])
    return redirect(way_back(request, otherwise=reverse("tasks")))


@require_POST
def done(request: HttpRequest, pk: int) -> HttpResponse:
    def finish(found: Task) -> None:
        following = writing.finish(task=found, by=_reader(request), now=timezone.now())
        messages.success(request, words.done(found, following), extra_tags=reverse("task_reopen", args=[pk]))

    return _done_to(request, pk, finish)


@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    def open_again(found: Task) -> None:
        writing.reopen(task=found, by=_reader(request))
        messages.success(request, _("It is open again: %(what)s") % {"what": words.short(found)})

    return _done_to(request, pk, open_again)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    def give_up(found: Task) -> None:
        writing.cancel(task=found, by=_reader(request), now=timezone.now())
        messages.success(request, _("Cancelled: %(what)s") % {"what": words.short(found)}, extra_tags=reverse("task_reopen", args=[pk]))

    return _done_to(request, pk, give_up)


@require_POST
def snooze(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts it off; where something is wrong, the page of the task says so and keeps what was written."""
    found, today, form = find(pk), Business.load().today(), SnoozeForm(request.POST)
    was = [pk, found.due_on.isoformat(), found.snoozed_because]
    if form.is_valid():
        try:
            writing.snooze(
                task=found, until=form.day_for(found, today), reason=form.cleaned_data["reason"], by=_reader(request), today=today
            )
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            said = _("Put off until %(day)s: %(what)s") % {"day": day(found.due_on), "what": words.short(found)}
            undo = f"{reverse('task_snooze_undo', args=[pk])}?was={signing.dumps([*was, found.revision], salt=_SALT)}"
            messages.success(request, said, extra_tags=undo)
            return redirect(way_back(request, otherwise=reverse("tasks")))
    return _page(request, find(pk), snoozing=form)


@require_POST
def undo_snooze(request: HttpRequest, pk: int) -> HttpResponse:
    def take_back(found: Task) -> None:
        try:
            of, due_on, reason, seen = signing.loads(request.GET.get("was", ""), salt=_SALT, max_age=UNDONE_WITHIN)
        except signing.BadSignature:
            of = None
        if of != pk:
            raise ValidationError(_("It is too late to undo that: change the day of the task."))
        writing.unsnooze(task=found, seen=seen, due_on=date.fromisoformat(due_on), reason=reason, by=_reader(request))
        messages.success(request, _("It is due on %(day)s again: %(what)s") % {"day": day(found.due_on), "what": words.short(found)})

    return _done_to(request, pk, take_back)


def _heir(request: HttpRequest) -> User:
    """Whoever gets what is handed over. Raises ValidationError."""
    to = request.POST.get("to", "")
    found = next((user for user in colleagues() if str(user.pk) == to), None)
    if found is None:
        raise ValidationError(_("Say who is to do it."))
    return found


@require_POST
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    def give(found: Task) -> None:
        writing.hand_over(task=found, to=_heir(request), by=_reader(request))
        messages.success(request, _("%(who)s has it now: %(what)s") % {"who": found.assignee, "what": words.short(found)})

    return _done_to(request, pk, give)


@require_POST
def hand_over_all(request: HttpRequest) -> HttpResponse:
    """All open tasks of one who has left; of those who were deleted where nobody is named."""
    leaver = request.POST.get("of", "")
    named = leaver.isascii() and leaver.isdigit() and len(leaver) < 19
    gone = User.objects.filter(pk=leaver, is_active=False).first() if named else None
    try:
        if leaver and gone is None:
            raise ValidationError(_("Only what people who have left leave behind is handed over all at once."))
        heir = _heir(request)
        handed = writing.hand_over_all(of=gone, to=heir, by=_reader(request))
    except ValidationError as wrong:
        messages.warning(request, wrong.messages[0])
    else:
        said = ngettext("%(number)s task is handed over to %(who)s.", "%(number)s tasks are handed over to %(who)s.", handed)
        messages.success(request, said % {"number": number(handed), "who": heir})
    return redirect(way_back(request, otherwise=reverse("tasks")))
