"""The yardstick of the pages: the least that Django needs to print the same rows. No middleware, no sign-in, no frame around them.

Served as `bench.minimal:application` by the same server, over the database of the environment (DATA_DIR, DATABASE_URL).
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import ClassVar, Self

import django
from django.conf import settings
from django.core.paginator import Paginator
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from config import environment

database = environment.database(environment.text("DATABASE_URL"), environment.data_dir(Path("var")))
if database["ENGINE"].endswith("sqlite3"):
    # As Django has it by itself, and as it was measured from the first.
    database["CONN_MAX_AGE"] = 0
settings.configure(
    ALLOWED_HOSTS=environment.LOOPBACK,
    DATABASES={"default": database},
    ROOT_URLCONF=__name__,
    USE_I18N=False,
    USE_TZ=True,
)
django.setup()

from django.db import models  # noqa: E402  (models are made with the settings at hand)
from django.template import Context, Engine  # noqa: E402
from django.urls import path  # noqa: E402

ON_A_PAGE, ORDERS_SHOWN = 50, 30

HEAD = "<!doctype html><title>Customers</title>"
LIST = Engine().from_string(
    HEAD + "<p>{{ count }}</p><table>{% for facts in rows %}<tr><td><a href='/customer/{{ facts.pk }}'>{{ facts.customer.name }}</a></td>"
    "<td>{{ facts.stage }}</td><td>{{ facts.revenue_12m }}</td><td>{{ facts.last_order_on }}</td><td>{{ facts.typical_gap_days }}</td></tr>"
    "{% endfor %}</table>"
)
CUSTOMER = Engine().from_string(
    HEAD + "<h1>{{ facts.customer.name }}</h1><p>{{ facts.customer.email }} {{ facts.stage }} {{ facts.revenue_12m }}"
    " {{ facts.last_order_on }} {{ facts.typical_gap_days }}</p><table>{% for order in orders %}<tr><td>{{ order.ordered_on }}</td>"
    "<td>{{ order.amount }}</td></tr>{% endfor %}</table>"
)


class Customer(models.Model):
    name = models.TextField()
    email = models.TextField()
    search_key = models.TextField()

    class Meta:
        app_label, db_table, managed = "minimal", "crm_customer", False


class Facts(models.Model):
    objects: ClassVar[models.Manager[Self]]
    customer = models.OneToOneField(Customer, models.CASCADE, primary_key=True)
    stage = models.TextField()
    revenue_12m = models.BigIntegerField()
    last_order_on = models.DateField()
    typical_gap_days = models.FloatField()

    class Meta:
        app_label, db_table, managed = "minimal", "crm_facts", False


class Order(models.Model):
    objects: ClassVar[models.Manager[Self]]
    customer = models.ForeignKey(Customer, models.CASCADE)
    ordered_on = models.DateField()
    amount = models.BigIntegerField()

    class Meta:
        app_label, db_table, managed = "minimal", "crm_order", False


class Interaction(models.Model):
    objects: ClassVar[models.Manager[Self]]
    customer = models.ForeignKey(Customer, models.CASCADE)
    kind = models.TextField()
    direction = models.TextField(default="in")
    happened_on = models.DateField(default=date.today)
    minutes = models.PositiveSmallIntegerField()
    text = models.TextField()
    created = models.DateTimeField(default=lambda: datetime.now(UTC))
    form_key = models.UUIDField(unique=True)

    class Meta:
        app_label, db_table, managed = "minimal", "crm_interaction", False


def customers(request: HttpRequest) -> HttpResponse:
    """Django's own pages: all are counted. Those of one stage by their last order, where a stage is asked for."""
    stage = request.GET.get("stage")
    rows = _rows().filter(stage=stage).order_by("last_order_on", "pk") if stage else _rows()
    page = Paginator(rows, ON_A_PAGE).page(1)
    return HttpResponse(LIST.render(Context({"rows": page.object_list, "count": page.paginator.count})))


def after(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(LIST.render(Context({"rows": _rows().filter(pk__gt=pk)[:ON_A_PAGE]})))


def search(request: HttpRequest) -> HttpResponse:
    """The first ones that hold the words as they are, in the order of their keys: a common word is found at once, a rare one by seeking."""
    found = _rows().filter(customer__search_key__contains=request.GET["q"])[:ON_A_PAGE]
    return HttpResponse(LIST.render(Context({"rows": found})))


def customer(request: HttpRequest, pk: int) -> HttpResponse:
    facts = get_object_or_404(Facts.objects.select_related("customer"), pk=pk)
    orders = Order.objects.filter(customer=pk).order_by("-ordered_on")[:ORDERS_SHOWN]
    return HttpResponse(CUSTOMER.render(Context({"facts": facts, "orders": orders})))


def log(request: HttpRequest, pk: int) -> HttpResponse:
    sent = request.POST
    Interaction.objects.create(customer_id=pk, kind=sent["kind"], minutes=sent["minutes"], text=sent["text"], form_key=sent["key"])
    return HttpResponseRedirect(f"/customer/{pk}")


def _rows() -> models.QuerySet[Facts]:
    return Facts.objects.select_related("customer").order_by("pk")


urlpatterns = [
    path("", customers),
    path("after/<int:pk>", after),
    path("search", search),
    path("customer/<int:pk>", customer),
    path("log/<int:pk>", log),
]
application = get_wsgi_application()
