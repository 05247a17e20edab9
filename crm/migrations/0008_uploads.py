import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("crm", "0007_lists"),
    ]

    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(max_length=32, unique=True, verbose_name="name on disk")),
                ("file_name", models.CharField(max_length=255, verbose_name="file")),
                ("source", models.CharField(max_length=50, verbose_name="source")),
                ("dates", models.CharField(blank=True, max_length=10, verbose_name="order of day and month")),
                ("decimal", models.CharField(blank=True, max_length=10, verbose_name="decimal mark")),
                ("replaces_demo", models.BooleanField(default=False, verbose_name="takes the place of the demo")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("created_at", models.DateTimeField(verbose_name="handed in")),
                ("refusal", models.TextField(blank=True, verbose_name="why it was not taken in")),
                ("ask", models.CharField(blank=True, max_length=10, verbose_name="what has to be decided")),
                ("column", models.CharField(blank=True, max_length=200, verbose_name="column in question")),
                ("notices", models.JSONField(default=list, verbose_name="what was noticed")),
                ("by", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL, verbose_name="by")),
                ("job", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="crm.job", verbose_name="job")),
            ],
            options={
                "verbose_name": "upload",
                "verbose_name_plural": "uploads",
            },
        ),
        migrations.AddField(
            model_name="import",
            name="upload",
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="imports", to="crm.upload", verbose_name="upload"),
        ),
    ]
