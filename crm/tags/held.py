"""The tags that a customer has, as one column of a list."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, OuterRef, Subquery, TextField
from django.db.models.functions import Cast
from django.db.models.sql.compiler import SQLCompiler

from crm.models import CustomerTag


class _Joined(Aggregate):
    """Texts with a comma between, in no order."""

    function, template, output_field = "STRING_AGG", "%(function)s(%(expressions)s, ',')", TextField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, function="GROUP_CONCAT", **context)


def held() -> Subquery:
    """The numbers of their tags, on the facts; NULL for who has none."""
    theirs = CustomerTag.objects.filter(customer=OuterRef("pk"), tag__removed_at=None).order_by().values("customer")
    return Subquery(theirs.annotate(numbers=_Joined(Cast("tag", TextField()))).values("numbers"))
