from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_jobs")]

    operations = [
        migrations.AddField("business", "is_demo", models.BooleanField(default=False, editable=False, verbose_name="holds the demo")),
        migrations.AddField("business", "demo_is_whole", models.BooleanField(default=False, editable=False, verbose_name="the demo is whole")),
    ]
