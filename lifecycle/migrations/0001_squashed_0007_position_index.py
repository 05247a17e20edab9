import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import lifecycle.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('lifecycle', '0001_initial'), ('lifecycle', '0002_ladders'), ('lifecycle', '0003_nights'), ('lifecycle', '0004_not_now'), ('lifecycle', '0005_versions'), ('lifecycle', '0006_pin_changes'), ('lifecycle', '0007_position_index')]

    initial = True

    dependencies = [
        ('crm', '0010_evidence_and_replay'),
    ]

    operations = [
        migrations.CreateModel(
            name='NightlyRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('as_of', models.DateField(unique=True, verbose_name='as of')),
                ('state', models.CharField(choices=[('running', 'Running'), ('finished', 'Finished'), ('failed', 'Failed')], max_length=10, verbose_name='state')),
                ('started_at', models.DateTimeField(verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('reason', models.TextField(blank=True, verbose_name='why it failed')),
                ('failed_at', models.DateTimeField(blank=True, null=True, verbose_name='last failed')),
                ('is_scheduled', models.BooleanField(default=False, verbose_name='scheduled')),
            ],
            options={
                'verbose_name': 'night',
                'verbose_name_plural': 'nights',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state', 'finished')), models.Q(('finished_at', None), ('state__in', ['running', 'failed'])), _connector='OR'), name='night_finished_has_its_time'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), models.Q(('reason', ''), _negated=True)), models.Q(models.Q(('state', 'failed'), _negated=True), ('reason', '')), _connector='OR'), name='night_failed_has_a_reason'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), ('failed_at__isnull', False), _connector='OR'), name='night_failed_has_its_time')],
            },
        ),
        migrations.CreateModel(
            name='NightlyStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(verbose_name='position')),
                ('name', models.CharField(max_length=50, verbose_name='step')),
                ('rows', models.PositiveIntegerField(verbose_name='rows changed')),
                ('seconds', models.FloatField(verbose_name='seconds')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='lifecycle.nightlyrun', verbose_name='night')),
            ],
            options={
                'verbose_name': 'step of a night',
                'verbose_name_plural': 'steps of a night',
                'ordering': ['run', 'position'],
                'constraints': [models.UniqueConstraint(fields=('run', 'position'), name='night_step_position_unique')],
            },
        ),
        migrations.CreateModel(
            name='Ladder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(unique=True, verbose_name='key')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('is_primary', models.BooleanField(default=False, verbose_name='primary')),
            ],
            options={
                'verbose_name': 'ladder',
                'verbose_name_plural': 'ladders',
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_primary', True)), fields=('is_primary',), name='ladder_one_is_primary', violation_error_message='Another ladder is the primary one.')],
            },
        ),
        migrations.CreateModel(
            name='Stage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(verbose_name='key')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('rank', models.PositiveSmallIntegerField(verbose_name='tried as number')),
                ('rung', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='rung, counted from below; empty beside the ladder')),
                ('rule', models.JSONField(validators=[lifecycle.models.validate_stage_rule], verbose_name='rule')),
                ('colour', models.CharField(blank=True, max_length=7, validators=[django.core.validators.RegexValidator('\\A#[0-9a-f]{6}\\Z', 'A colour is written #rrggbb, with digits and the letters a to f.')], verbose_name='colour')),
                ('text', models.TextField(blank=True, max_length=2000, verbose_name='what it means')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version of the rule')),
                ('ladder', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stages', to='lifecycle.ladder', verbose_name='ladder')),
                ('is_retired', models.BooleanField(default=False, editable=False, verbose_name='retired')),
            ],
            options={
                'verbose_name': 'stage',
                'verbose_name_plural': 'stages',
                'ordering': ['ladder', 'rank'],
                'constraints': [models.UniqueConstraint(fields=('ladder', 'key'), name='stage_key_unique'), models.UniqueConstraint(condition=models.Q(('is_retired', False)), fields=('ladder', 'rank'), name='stage_rank_unique', violation_error_message='Two stages of a ladder cannot be tried as the same number: give each its own.'), models.UniqueConstraint(condition=models.Q(('is_retired', False)), fields=('ladder', 'rung'), name='stage_rung_unique', violation_error_message='Two stages of a ladder cannot be the same rung: give each its own.')],
            },
        ),
        migrations.CreateModel(
            name='Position',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(verbose_name='since')),
                ('pinned', models.BooleanField(default=False, verbose_name='pinned')),
                ('pinned_until', models.DateField(blank=True, null=True, verbose_name='pinned until')),
                ('customer', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='positions', to='crm.customer', verbose_name='customer')),
                ('ladder', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='lifecycle.ladder', verbose_name='ladder')),
                ('stage', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='lifecycle.stage', verbose_name='stage')),
            ],
            options={
                'verbose_name': 'position',
                'verbose_name_plural': 'positions',
                'indexes': [models.Index(fields=['stage', 'since'], name='position_stage_idx')],
                'constraints': [models.UniqueConstraint(fields=('customer', 'ladder'), name='position_one_per_ladder'), models.CheckConstraint(condition=models.Q(('pinned', True), ('pinned_until', None), _connector='OR'), name='position_pin_end_needs_a_pin')],
            },
        ),
        migrations.CreateModel(
            name='Transition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('effective_on', models.DateField(verbose_name='effective on')),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='recorded at')),
                ('source', models.CharField(choices=[('night', 'The night'), ('replay', 'A replay of the past'), ('person', 'A person')], max_length=6, verbose_name='source')),
                ('rule_version', models.PositiveIntegerField(blank=True, null=True, verbose_name='version of the rule')),
                ('values', models.JSONField(default=dict, verbose_name='the facts that decided')),
                ('reason', models.TextField(blank=True, max_length=2000, verbose_name='reason')),
                ('superseded_at', models.DateTimeField(blank=True, null=True, verbose_name='superseded at')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('customer', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='transitions', to='crm.customer', verbose_name='customer')),
                ('from_stage', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='left', to='lifecycle.stage', verbose_name='from')),
                ('ladder', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='lifecycle.ladder', verbose_name='ladder')),
                ('to_stage', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entered', to='lifecycle.stage', verbose_name='to')),
            ],
            options={
                'verbose_name': 'move',
                'verbose_name_plural': 'moves',
                'indexes': [models.Index(condition=models.Q(('superseded_at', None)), fields=['ladder', 'effective_on', 'from_stage', 'to_stage'], name='transition_day_idx')],
                'constraints': [models.CheckConstraint(condition=models.Q(('from_stage', None), models.Q(('from_stage', models.F('to_stage')), _negated=True), _connector='OR'), name='transition_goes_somewhere'), models.CheckConstraint(condition=models.Q(models.Q(('rule_version', None), ('source', 'person'), models.Q(('reason', ''), _negated=True)), models.Q(('rule_version__isnull', False), ('source__in', ['night', 'replay'])), _connector='OR'), name='transition_has_a_cause')],
            },
        ),
        migrations.CreateModel(
            name='NotNow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('said_on', models.DateField(verbose_name='said on')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL, verbose_name='said by')),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='not_nows', to='crm.customer', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'not now',
                'verbose_name_plural': 'not now',
                'constraints': [models.UniqueConstraint(fields=('customer', 'said_on'), name='not_now_once_a_day')],
            },
        ),
        migrations.CreateModel(
            name='LadderNumbers',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('as_of', models.DateField(verbose_name='as of')),
                ('numbers', models.JSONField(verbose_name='numbers')),
                ('ladder', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='numbers', to='lifecycle.ladder', verbose_name='ladder')),
            ],
            options={
                'verbose_name': 'numbers of a ladder',
                'verbose_name_plural': 'numbers of ladders',
                'constraints': [models.UniqueConstraint(fields=('ladder', 'as_of'), name='ladder_numbers_one_a_day')],
            },
        ),
        migrations.CreateModel(
            name='LadderVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('saved_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='saved at')),
                ('changes', models.JSONField(default=list, verbose_name='what was changed')),
                ('stages', models.JSONField(verbose_name='stages')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('ladder', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='lifecycle.ladder', verbose_name='ladder')),
            ],
            options={
                'verbose_name': 'version of a ladder',
                'verbose_name_plural': 'versions of ladders',
                'ordering': ['ladder', '-number'],
                'constraints': [models.UniqueConstraint(fields=('ladder', 'number'), name='ladder_version_number_unique')],
            },
        ),
        migrations.CreateModel(
            name='Replay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_on', models.DateField(verbose_name='first day')),
                ('daily_from', models.DateField(verbose_name='daily from')),
                ('until', models.DateField(verbose_name='last day')),
                ('moves', models.PositiveIntegerField(verbose_name='moves')),
                ('finished_at', models.DateTimeField(verbose_name='finished')),
            ],
            options={
                'verbose_name': 'replay of the past',
                'verbose_name_plural': 'replays of the past',
                'constraints': [models.CheckConstraint(condition=models.Q(('daily_from__lte', models.F('until')), ('first_on__lte', models.F('daily_from'))), name='replay_dates_stand_in_order')],
            },
        ),
        migrations.CreateModel(
            name='ReplayedMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('effective_on', models.DateField(verbose_name='effective on')),
                ('rule_version', models.PositiveIntegerField(verbose_name='version of the rule')),
                ('values', models.JSONField(default=dict, verbose_name='the facts that decided')),
                ('customer', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.customer', verbose_name='customer')),
                ('from_stage', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lifecycle.stage')),
                ('ladder', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lifecycle.ladder')),
                ('to_stage', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lifecycle.stage')),
            ],
            options={
                'verbose_name': 'replayed move',
                'verbose_name_plural': 'replayed moves',
            },
        ),
        migrations.CreateModel(
            name='PinChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('pinned', 'Pinned'), ('released', 'Released')], max_length=8, verbose_name='what')),
                ('effective_on', models.DateField(verbose_name='effective on')),
                ('until', models.DateField(blank=True, null=True, verbose_name='pinned until')),
                ('reason', models.TextField(blank=True, max_length=2000, verbose_name='reason')),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='recorded at')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('customer', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='pin_changes', to='crm.customer', verbose_name='customer')),
                ('ladder', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lifecycle.ladder', verbose_name='ladder')),
                ('stage', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lifecycle.stage', verbose_name='stage')),
            ],
            options={
                'verbose_name': 'change of a pin',
                'verbose_name_plural': 'changes of pins',
                'constraints': [models.CheckConstraint(condition=models.Q(('kind', 'released'), models.Q(('kind', 'pinned'), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='pin_change_has_its_reason')],
            },
        ),
    ]
