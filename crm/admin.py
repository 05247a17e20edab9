"""The stock admin panel over the record. Writes go through crm/record.py; what is derived can only be looked at."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm import record
from crm.fold import fold
from crm.models import Business, Changed, Channel, Customer, Facts, Import, Interaction, Order, OrderLine, User


class Derived(admin.ModelAdmin[Any]):
    """A table that the program writes: nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Business)
class BusinessAdmin(admin.ModelAdmin[Business]):
    readonly_fields = ["as_of", "gap_days"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Business | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Business | None = None) -> list[str]:
        # Fixed at the first order: every date and amount was read with them.
        return [*self.readonly_fields, *(["zone", "currency"] if Order.objects.exists() else [])]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:crm_business_change", args=[Business.load().pk]))


@admin.register(Channel)
class ChannelAdmin(admin.ModelAdmin[Channel]):
    list_display = ["name", "key"]
    readonly_fields = ["key"]

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        obj.key = obj.key or fold(obj.name)
        super().save_model(request, obj, form, change)


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin[Customer]):
    list_display = ["__str__", "email", "phone", "city", "external_id", "created"]
    list_filter = ["entity", "market", "kind"]
    search_fields = ["search_key"]
    autocomplete_fields = ["referred_by"]
    readonly_fields = ["created"]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str) -> tuple[QuerySet[Customer], bool]:
        return super().get_search_results(request, queryset, fold(search_term))

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        record.save_customer(customer=obj)


class OrderLineInline(admin.TabularInline[OrderLine, Order]):
    model = OrderLine
    extra = 0


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin[Order]):
    list_display = ["__str__", "customer", "ordered_on", "amount", "status", "channel", "source"]
    list_filter = ["status", "channel"]
    list_select_related = ["customer", "channel"]
    date_hierarchy = "ordered_on"
    search_fields = ["number", "customer__search_key"]
    autocomplete_fields = ["customer"]
    readonly_fields = ["source", "key"]
    inlines = [OrderLineInline]

    def save_model(self, request: HttpRequest, obj: Order, form: Any, change: bool) -> None:
        record.save_order(order=obj)

    def delete_model(self, request: HttpRequest, obj: Order) -> None:
        record.delete_order(order=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        for order in queryset:
            record.delete_order(order=order)


@admin.register(Interaction)
class InteractionAdmin(admin.ModelAdmin[Interaction]):
    list_display = ["customer", "kind", "direction", "happened_on", "minutes", "by"]
    list_filter = ["kind", "direction"]
    list_select_related = ["customer", "by"]
    search_fields = ["customer__search_key"]
    autocomplete_fields = ["customer"]

    def save_model(self, request: HttpRequest, obj: Interaction, form: Any, change: bool) -> None:
        if not change and isinstance(request.user, User):
            obj.by = request.user
        record.save_interaction(interaction=obj)

    def delete_model(self, request: HttpRequest, obj: Interaction) -> None:
        record.delete_interaction(interaction=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Interaction]) -> None:
        for interaction in queryset:
            record.delete_interaction(interaction=interaction)


@admin.register(Facts)
class FactsAdmin(Derived):
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


@admin.register(User)
class PeopleAdmin(UserAdmin[User]):
    """Who may sign in. Owners come here; staff do not (crm/models/user.py)."""

    ordering = ["email"]
    list_display = ["email", "name", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["email", "name"]
    filter_horizontal = []
    fieldsets = [(None, {"fields": ["email", "password", "name", "role", "is_active"]}), (_("Last seen"), {"fields": ["last_login"]})]
    add_fieldsets = [(None, {"fields": ["email", "name", "role", "usable_password", "password1", "password2"]})]
    readonly_fields = ["last_login"]
