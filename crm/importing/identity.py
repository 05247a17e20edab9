"""Whose an order is.

An id wins over an e-mail; an e-mail belongs to whoever has it in the record, else to the first id that has it in the file. Resolved for the
whole file at once, so that the order of rows does not matter to a row that has an e-mail only.
"""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from crm.bulk import among
from crm.hiding import ends_of
from crm.importing.columns import Columns
from crm.importing.customers import with_email, with_id
from crm.importing.errors import Errors
from crm.importing.staging import WHO, Staging, chunks
from crm.models import Customer


def resolve_customers(staging: Staging, columns: Columns, errors: Errors, *, beside_record: bool) -> None:
    """Gives the rows with an e-mail only to their owner's id, and takes out those whose e-mail is another customer's: in the file, or also
    in the record."""
    if not columns.has("email"):
        return
    staging.execute("CREATE TABLE free (email TEXT PRIMARY KEY) WITHOUT ROWID")
    for table, owned in (("claimed", True), ("free", False)) if beside_record else ():
        staging.fill(table, _in_the_record(staging, owned=owned))
    if columns.has("customer"):
        _let_ids_claim(staging)
        staging.reject(
            "SELECT line.row, line.number, line.email AS told FROM line LEFT JOIN claimed USING (email)"
            " WHERE line.customer IS NOT NULL AND line.email IS NOT NULL AND claimed.owner IS NOT line.customer"
            f" AND NOT ({_one('claimed.owner')} OR {_one('line.email', 'e')})",
            errors,
            columns.name("email"),
            _("The e-mail %(told)s belongs to another customer."),
        )
        staging.drop_spoiled(errors, columns.name("order"))
    if staging.has("SELECT 1 FROM claimed"):
        staging.execute(
            "UPDATE line SET customer = (SELECT owner FROM claimed WHERE claimed.email = line.email)"
            " WHERE customer IS NULL AND email IN (SELECT email FROM claimed)"
        )


def note_merged(staging: Staging) -> None:
    """The identities of customers who were merged: under whichever of them an order comes, it is the same customer's."""
    staging.execute("CREATE TABLE merged (who TEXT PRIMARY KEY, end INTEGER) WITHOUT ROWID")
    ends = ends_of(Customer.objects.filter(merged_into__isnull=False).values_list("pk", flat=True))
    for chunk in chunks(sorted({*ends, *ends.values()})):
        theirs = Customer.objects.filter(pk__in=among(chunk)).values_list("pk", "external_id", "email")
        identities = ((ends.get(pk, pk), (f"i{own_id}", f"e{email}", f"#{pk}")) for pk, own_id, email in theirs)
        staging.fill("merged", ((who, end) for end, names in identities for who in names if len(who) > 1))


def one_customer(who: str, other: str) -> str:
    """SQL for whether two identities, as `person.who` has them, are those of one customer by merging."""
    end = "(SELECT end FROM merged WHERE merged.who = {})"
    return f"coalesce({end.format(who)} = {end.format(other)}, 0)"


def _one(identity: str, kind: str = "i") -> str:
    return one_customer(f"'{kind}' || {identity}", "'i' || line.customer")


def _in_the_record(staging: Staging, *, owned: bool) -> Iterator[tuple[str, ...]]:
    """The file's e-mails that a customer of the record has: with the id of that customer, or those of customers without an id."""
    emails = (email for (email,) in staging.execute("SELECT DISTINCT email FROM line WHERE email IS NOT NULL ORDER BY 1"))
    for chunk in chunks(emails):
        found = with_email(chunk)
        if owned:
            yield from found.exclude(external_id="").values_list("email", "external_id")
        else:
            yield from found.filter(external_id="").values_list("email")


def _let_ids_claim(staging: Staging) -> None:
    """Who is first with an e-mail has it.

    That of a customer of the record without an id goes to an id that is new to the record, which adopts this customer.
    """
    staging.execute(
        "CREATE TABLE pair AS SELECT email, customer, min(row) AS row FROM line"
        " WHERE email IS NOT NULL AND customer IS NOT NULL GROUP BY email, customer"
    )
    staging.execute("CREATE TABLE known (customer TEXT PRIMARY KEY) WITHOUT ROWID")
    adopting = (one for (one,) in staging.execute("SELECT DISTINCT customer FROM pair JOIN free USING (email) ORDER BY 1"))
    for chunk in chunks(adopting):
        staging.fill("known", with_id(chunk).values_list("external_id"))
    staging.execute(
        "INSERT OR IGNORE INTO adopted SELECT customer, email FROM pair JOIN free USING (email)"
        " WHERE customer NOT IN (SELECT customer FROM known) ORDER BY row"
    )
    staging.execute("INSERT OR IGNORE INTO claimed SELECT email, owner FROM adopted")
    not_free = "email NOT IN (SELECT email FROM free)"
    staging.execute(f"INSERT OR IGNORE INTO claimed SELECT email, customer FROM pair WHERE {not_free} ORDER BY row")
    staging.execute("DROP TABLE pair")


def describe_people(staging: Staging, columns: Columns) -> None:
    """The name and the e-mail of each customer: the last ones in the file. Who is known by an e-mail needs no other."""
    last = "SELECT {who} AS who, {value}, max(row) FROM line WHERE {who} IS NOT NULL AND {value} IS NOT NULL GROUP BY 1"
    if columns.has("name"):
        names = last.format(who=WHO, value="name")
        staging.execute(f"INSERT INTO person (who, name) SELECT who, name FROM ({names})")
    if columns.has("email"):
        emails = last.format(who="'i' || customer", value="email")
        staging.execute(
            f"INSERT INTO person (who, email) SELECT who, email FROM ({emails}) WHERE true"
            " ON CONFLICT (who) DO UPDATE SET email = excluded.email"
        )
