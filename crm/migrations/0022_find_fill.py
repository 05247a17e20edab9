# The keys of who is there already, a stretch of customers at a time, each in a transaction of its own; cut off, it begins anew. Then the
# index that a search looks into: where PostgreSQL's role may not make pg_trgm, or SQLite has no FTS5, it does without.
from django.db import migrations, transaction

from crm import bulk, searching
from crm.models.customer import Texts, search_key
from crm.phones import phone_key

AT_ONCE = 10_000


def fill(apps, schema_editor):
    """Whoever has neither phone nor city has their key already."""
    Customer, Business = apps.get_model("crm", "Customer"), apps.get_model("crm", "Business")
    home = getattr(Business.objects.first(), "country", "CZ")
    last = 0
    while True:
        stretch = list(Customer.objects.filter(pk__gt=last).order_by("pk").values("pk", "country", *Texts._fields)[:AT_ONCE])
        if not stretch:
            return
        last = stretch[-1]["pk"]
        with transaction.atomic():
            bulk.update(Customer, ["phone_key", "search_key"], [_row(one, home) for one in stretch if one["phone"] or one["city"]])


def _row(one, home):
    one = one | {"phone_key": phone_key(one["phone"], one["country"], home)}
    return one["pk"], one["phone_key"], search_key(Texts(*(one[name] for name in Texts._fields)))


def keep(apps, schema_editor):
    searching.keep(schema_editor.connection)


def drop(apps, schema_editor):
    searching.drop(schema_editor.connection)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("crm", "0021_find")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(keep, drop),
    ]
