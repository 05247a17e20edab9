# A promise knows the day on which it was given, and an opening again what it was before: then both can be reckoned and taken back. Texts of
# consents are written once.
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest

from crm import written_once


def fill(apps, schema_editor):
    """What was promised until now was given on the day of its last step, or with the opening."""
    complaints, steps = (apps.get_model("crm", name) for name in ("Complaint", "ComplaintStep"))
    last = steps.objects.filter(complaint=OuterRef("pk"), kind="promise").order_by("-pk").values("happened_on")[:1]
    given_on = Greatest(Coalesce(Subquery(last), F("opened_on")), F("opened_on"))
    complaints.objects.exclude(promised_on=None).update(given_on=given_on)


def lock(apps, schema_editor):
    written_once.CONSENT_TEXTS.lock()


def unlock(apps, schema_editor):
    written_once.CONSENT_TEXTS.unlock()


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0022_find_fill'),
    ]

    operations = [
        migrations.AddField(
            model_name='complaint',
            name='given_on',
            field=models.DateField(editable=False, null=True, verbose_name='promised on'),
        ),
        migrations.AddField(
            model_name='complaintstep',
            name='contact',
            field=models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='reopening', to='crm.interaction', verbose_name='contact'),
        ),
        migrations.AddField(
            model_name='complaintstep',
            name='ended_as',
            field=models.JSONField(editable=False, null=True, verbose_name='how it had ended'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='complaint',
            constraint=models.CheckConstraint(condition=models.Q(('promised_on', None), ('given_on__isnull', False), _connector='OR'), name='complaint_promise_is_given_on_a_day'),
        ),
        migrations.AddConstraint(
            model_name='complaintstep',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('contact', None), ('ended_as__isnull', True)), ('kind', 'reopened'), _connector='OR'), name='complaint_step_comes_back_in_a_reopening'),
        ),
        migrations.RunPython(lock, unlock),
    ]
