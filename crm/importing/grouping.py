"""Which rows are one order: those with one order id are its lines, and any other row is an order of its own."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from crm.bulk import among
from crm.importing.columns import Columns
from crm.importing.errors import Errors
from crm.importing.identity import one_customer
from crm.importing.numbers import TOO_LARGE
from crm.importing.staging import CHUNK, WHO, Staging, chunks
from crm.models import Order

LINES = CHUNK  # of one order: no more than a batch may write


def check_orders(staging: Staging, columns: Columns, source: str | None, errors: Errors) -> None:
    """Takes out orders whose rows do not agree with one another or, under a source, with the order of that number in the record."""
    staging.execute(
        "CREATE TABLE several AS SELECT number, min(row) AS first, count(*) AS size, NULL AS day, NULL AS owned, NULL AS who,"
        " NULL AS stated, NULL AS state FROM line"
        " WHERE number IS NOT NULL GROUP BY number HAVING count(*) > 1"
    )
    staging.execute("CREATE UNIQUE INDEX several_number ON several (number)")
    staging.execute(
        "UPDATE several SET day = (SELECT substr(moment, 1, 10) FROM line WHERE row = first),"
        f" owned = (SELECT min(row) FROM line WHERE line.number = several.number AND {WHO} IS NOT NULL),"
        " stated = (SELECT min(row) FROM line WHERE line.number = several.number AND status IS NOT NULL)"
    )
    staging.execute(
        f"UPDATE several SET who = (SELECT {WHO} FROM line WHERE row = owned), state = (SELECT status FROM line WHERE row = stated)"
    )
    _check_lines(staging, columns, errors)
    if source is not None and Order.objects.filter(source=source).exists():
        _check_against_record(staging, columns, source, errors)
    staging.drop_spoiled(errors, columns.name("order"))


def _check_lines(staging: Staging, columns: Columns, errors: Errors) -> None:
    several = "SELECT line.row, line.number, {} AS told FROM line JOIN several USING (number) WHERE {}"
    without_amount = (
        "SELECT row, number, NULL AS told FROM line WHERE amount IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM line AS other WHERE other.number = line.number AND other.amount IS NOT NULL)"
    )
    checks = [
        (
            "order",
            several.format("several.size", f"several.size > {LINES}"),
            _("The order has %(told)s rows; the limit is {limit}.").format(limit=LINES),
        ),
        (
            "customer" if columns.has("customer") else "email",
            several.format("owned", f"{WHO} <> several.who"),
            _("The order has another customer in row %(told)s."),
        ),
        ("date", several.format("first", "substr(line.moment, 1, 10) <> day"), _("The order has another date in row %(told)s.")),
        ("status", several.format("stated", "line.status <> state"), _("The order has another status in row %(told)s.")),
        ("amount", without_amount, _("The cell is empty.")),
    ]
    for name in filter(columns.has, ("amount", "cost")):
        sums = f"SELECT number FROM line JOIN several USING (number) GROUP BY number HAVING abs(total({name})) >= {TOO_LARGE}"
        too_much = _("The rows of the order add up to {limit} or more.").format(limit=TOO_LARGE // 100)
        checks.append((name, several.format("NULL", f"line.number IN ({sums})"), too_much))
    for name, select, sentence in checks:
        staging.reject(select, errors, columns.name(name), sentence)


def _check_against_record(staging: Staging, columns: Columns, source: str, errors: Errors) -> None:
    staging.execute("CREATE TABLE recorded (number TEXT PRIMARY KEY, who TEXT) WITHOUT ROWID")
    staging.fill("recorded", _owners_in_record(staging, source))
    # An e-mail of the record may have found its id in this file.
    staging.execute(
        "UPDATE recorded SET who = 'i' || (SELECT owner FROM claimed WHERE 'e' || email = who)"
        " WHERE who IN (SELECT 'e' || email FROM claimed)"
    )
    staging.reject(
        f"SELECT line.row, line.number, NULL AS told FROM line JOIN recorded USING (number) WHERE {WHO} <> recorded.who"
        f" AND NOT {one_customer(WHO, 'recorded.who')}",
        errors,
        columns.name("order"),
        _("An order of this number belongs to another customer; if it comes from another shop, name that by --source."),
    )


def _owners_in_record(staging: Staging, source: str) -> Iterator[tuple[str, str]]:
    numbers = (number for (number,) in staging.execute("SELECT DISTINCT number FROM line WHERE number IS NOT NULL ORDER BY 1"))
    for chunk in chunks(numbers):
        found = Order.objects.filter(source=source, key__in=among(chunk), customer__isnull=False)
        for key, pk, external_id, email in found.values_list("key", "customer", "customer__external_id", "customer__email"):
            # One into whom others were merged may have neither.
            yield key, f"i{external_id}" if external_id else f"e{email}" if email else f"#{pk}"


def repeats_its_total(staging: Staging) -> bool:
    """Whether every order of several rows says one amount in all of them: it may be the order's total, added up too often."""
    if not staging.has("SELECT 1 FROM several JOIN line USING (number)"):
        return False
    differing = "min(amount) <> max(amount) OR count(amount) < count(*)"
    return not staging.has(f"SELECT 1 FROM line JOIN several USING (number) GROUP BY number HAVING {differing}")


def collapse(staging: Staging) -> None:
    """Leaves one row of each order, with its amounts added up; the rows of orders with several are kept in `part`."""
    staging.execute(
        "INSERT INTO part SELECT row, first, product, quantity, coalesce(amount, 0) FROM line JOIN several USING (number) ORDER BY row"
    )
    staging.execute("CREATE INDEX part_first ON part (first)")
    last = "(SELECT {0} FROM line AS own WHERE own.number = line.number AND {0} IS NOT NULL ORDER BY row DESC LIMIT 1)"
    staging.execute(
        "UPDATE line SET size = sums.size, amount = sums.amount, cost = sums.cost,"
        f" {', '.join(f'{name} = {last.format(name)}' for name in ('status', 'channel', 'customer', 'email'))} FROM"
        " (SELECT first, count(*) AS size, sum(amount) AS amount, CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost"
        " FROM line JOIN several USING (number) GROUP BY first) AS sums WHERE line.row = sums.first"
    )
    staging.execute("DELETE FROM line WHERE row IN (SELECT row FROM part WHERE row <> first)")


def number_alike(staging: Staging) -> None:
    """Says which of several orders without a number, of one customer at one time, each of them is."""
    staging.execute(
        f"INSERT INTO nth SELECT row, n FROM (SELECT row, row_number() OVER (PARTITION BY {WHO}, moment ORDER BY row) AS n FROM line"
        " WHERE number IS NULL) WHERE n > 1"
    )
