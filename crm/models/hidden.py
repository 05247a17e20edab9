from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.customer import Customer


class SetAside(models.Model):
    """A derived row of a hidden customer, taken out of its table so that nothing counts it, and put back as it was. Written by
    crm/hiding.py."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, verbose_name=_("customer"), related_name="+")
    # As Django labels it, such as lifecycle.Position.
    model = models.CharField(_("table"), max_length=100)
    # {column: value}, with the key.
    values = models.JSONField(_("row"))

    class Meta:
        verbose_name = _("row set aside")
        verbose_name_plural = _("rows set aside")

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.model}"
