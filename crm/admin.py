"""The stock admin panel over the record. Writes go through crm/record.py; what is derived can only be looked at."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.auth.admin import UserAdmin
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import audit, record, rekeying, sessions
from crm.bin import BINNED, put_in_bin
from crm.fields import MoneyField
from crm.fold import fold
from crm.models import (
    Audit,
    Business,
    Changed,
    Channel,
    Consent,
    ConsentText,
    Customer,
    Evidence,
    Facts,
    Import,
    Interaction,
    Job,
    Order,
    OrderLine,
    User,
)


class Folded(admin.ModelAdmin[Any]):
    """Searched by the folded key of a customer; a text of another kind is found as it is written, too."""

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        found, twice = super().get_search_results(request, queryset, search_term)
        if (folded := fold(search_term)) != search_term:
            found |= super().get_search_results(request, queryset, folded)[0]
        return found, twice


class Derived(admin.ModelAdmin[Any]):
    """A table that the program writes: nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Audited(admin.ModelAdmin[Any]):
    """What is written here leaves its entry in the audit; `noun` begins the names of its actions."""

    noun = ""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = audit.stored(obj)
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            changes = audit.differences(before, audit.values(obj))
            if changes or not change or "password" in form.changed_data:
                audit.keep(
                    what=f"{self.noun}.changed" if change else f"{self.noun}.added", by=cast(User, request.user), of=obj, changes=changes
                )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            changes: audit.Changes = {name: [value, None] for name, value in audit.values(obj).items()}
            audit.keep(what=f"{self.noun}.deleted", by=cast(User, request.user), of=obj, changes=changes)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)


# The panel would give a whole number's widget, in which a browser does not show 12,50.
AMOUNTS: dict[type[models.Field[Any, Any]], dict[str, Any]] = {MoneyField: {"widget": AdminTextInputWidget}}


@admin.register(Business)
class BusinessAdmin(Audited):
    noun = "business"
    readonly_fields = ["as_of", "gap_days"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Business | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Business | None = None) -> list[str]:
        # Fixed at the first order: every date and amount was read with them.
        return [*self.readonly_fields, *(["zone", "currency"] if Order.objects.exists() else [])]

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Business, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "country" in form.changed_data:
            rekeying.ask()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        business, _made = Business.objects.get_or_create(pk=Business.ONLY)
        return HttpResponseRedirect(reverse("admin:crm_business_change", args=[business.pk]))


@admin.register(Channel)
class ChannelAdmin(Audited):
    noun = "channel"
    list_display = ["name", "key"]
    readonly_fields = ["key"]


@admin.register(Customer)
class CustomerAdmin(Folded):
    list_display = ["__str__", "email", "phone", "city", "external_id", "created"]
    list_filter = ["entity", "market", "kind"]
    ordering = ["-pk"]
    search_fields = ["search_key"]
    autocomplete_fields = ["referred_by"]
    readonly_fields = ["created"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        return super().get_queryset(request).filter(binned_at=None, merged_into=None)

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        record.save_customer(customer=obj, by=cast(User, request.user))

    def delete_model(self, request: HttpRequest, obj: Customer) -> None:
        """Into the bin, as on the customer's page."""
        put_in_bin(customer=obj, by=cast(User, request.user), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        for customer in queryset:
            self.delete_model(request, customer)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Nothing else goes before the bin is emptied."""
        return [f"{obj}: {BINNED}" for obj in objs], {str(Customer._meta.verbose_name_plural): len(objs)}, set(), []


class OrderLineInline(admin.TabularInline[OrderLine, Order]):
    model = OrderLine
    extra = 0
    formfield_overrides = AMOUNTS


@admin.register(Order)
class OrderAdmin(Folded):
    list_display = ["__str__", "customer", "ordered_on", "amount", "status", "channel", "source"]
    list_filter = ["status", "channel"]
    list_select_related = ["customer", "channel"]
    date_hierarchy = "ordered_on"
    search_fields = ["number", "customer__search_key"]
    autocomplete_fields = ["customer"]
    readonly_fields = ["source", "key"]
    inlines = [OrderLineInline]
    formfield_overrides = AMOUNTS

    def save_model(self, request: HttpRequest, obj: Order, form: Any, change: bool) -> None:
        record.save_order(order=obj, by=cast(User, request.user))

    def delete_model(self, request: HttpRequest, obj: Order) -> None:
        record.delete_order(order=obj, by=cast(User, request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        for order in queryset:
            record.delete_order(order=order, by=cast(User, request.user))


@admin.register(Interaction)
class InteractionAdmin(Folded):
    list_display = ["customer", "kind", "direction", "happened_on", "minutes", "by"]
    list_filter = ["kind", "direction"]
    list_select_related = ["customer", "by"]
    search_fields = ["customer__search_key"]
    autocomplete_fields = ["customer"]

    def save_model(self, request: HttpRequest, obj: Interaction, form: Any, change: bool) -> None:
        if not change and isinstance(request.user, User):
            obj.by = request.user
        record.save_interaction(interaction=obj, by=cast(User, request.user))

    def delete_model(self, request: HttpRequest, obj: Interaction) -> None:
        record.delete_interaction(interaction=obj, by=cast(User, request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Interaction]) -> None:
        for interaction in queryset:
            record.delete_interaction(interaction=interaction, by=cast(User, request.user))


@admin.register(Evidence)
class EvidenceAdmin(Folded, Derived):
    """Recorded on the customer's page, with the customer's own column: crm/evidence.py."""

    list_display = ["customer", "kind", "holds", "happened_on", "lost_reason", "by", "recorded_at"]
    list_filter = ["kind", "holds", "lost_reason"]
    list_select_related = ["customer", "by"]
    search_fields = ["customer__search_key"]


@admin.register(Consent)
class ConsentAdmin(Folded, Derived):
    """Recorded on the customer's page: crm/consents.py."""

    list_display = ["customer", "purpose", "channel", "given", "on", "how", "by"]
    list_filter = ["purpose", "channel", "given"]
    list_select_related = ["customer", "by"]
    search_fields = ["customer__search_key"]


@admin.register(ConsentText)
class ConsentTextAdmin(Derived):
    list_display = ["purpose", "version", "text"]


@admin.register(Audit)
class AuditAdmin(Derived):
    list_display = ["at", "by_name", "what", "name"]
    ordering = ["-pk"]
    show_full_result_count = False


@admin.register(Facts)
class FactsAdmin(Folded, Derived):
    list_display = ["customer", "orders", "revenue", "revenue_12m", "last_order_on", "due_on", "pareto_class"]
    list_filter = ["pareto_class"]
    list_select_related = ["customer"]
    search_fields = ["customer__search_key"]


@admin.register(Changed)
class ChangedAdmin(Derived):
    list_display = ["customer", "why"]
    list_select_related = ["customer"]


@admin.register(Import)
class ImportAdmin(Derived):
    list_display = ["__str__", "source", "state", "rows", "orders_created", "orders_updated", "orders_unchanged", "error_count"]


@admin.register(Job)
class JobAdmin(Derived):
    list_display = ["__str__", "state", "done", "total", "doing", "attempts", "heartbeat", "reason"]
    list_filter = ["state", "kind"]
    ordering = ["-pk"]


@admin.register(User)
class PeopleAdmin(Audited, UserAdmin[User]):
    """Who may sign in. Owners come here; staff do not (crm/models/user.py)."""

    noun = "user"

    ordering = ["email"]
    list_display = ["email", "name", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["email", "name"]
    filter_horizontal = []
    fieldsets = [(None, {"fields": ["email", "password", "name", "role", "is_active"]}), (_("Last seen"), {"fields": ["last_login"]})]
    add_fieldsets = [(None, {"fields": ["email", "name", "role", "usable_password", "password1", "password2"]})]
    readonly_fields = ["last_login"]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Who may no longer sign in is signed out, as on the Team page."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if not obj.is_active:
                sessions.end_all(obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # What they logged keeps their name: someone who leaves may no longer sign in.
        return False
