from django.db import migrations, models
from django.db.models import F


def date_failures(apps, schema_editor):
    """A night that failed before had its start for the time of it."""
    apps.get_model("lifecycle", "NightlyRun").objects.filter(state="failed").update(failed_at=F("started_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('lifecycle', '0002_ladders'),
    ]

    operations = [
        migrations.AddField(
            model_name='nightlyrun',
            name='failed_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='last failed'),
        ),
        migrations.RunPython(date_failures, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='nightlyrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), ('failed_at__isnull', False), _connector='OR'), name='night_failed_has_its_time'),
        ),
    ]
