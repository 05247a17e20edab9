# Indexes for the list of customers, and the key by which a form that was sent twice is known.
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0006_past")]

    operations = [
        migrations.AddField(
            model_name="interaction",
            name="form_key",
            field=models.UUIDField(editable=False, null=True, unique=True),
        ),
        migrations.AddIndex(
            model_name="facts",
            index=models.Index(fields=["revenue_12m", "customer"], name="facts_revenue_idx"),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                models.Func("search_key", function="SUBSTR", template="%(function)s(%(expressions)s, 1, 50)", output_field=models.TextField()),
                "id",
                name="customer_name_idx",
            ),
        ),
    ]
