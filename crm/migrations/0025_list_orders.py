from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0024_tags'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='task',
            name='task_own_closed_idx',
        ),
        migrations.RemoveIndex(
            model_name='task',
            name='task_closed_idx',
        ),
        migrations.AddIndex(
            model_name='facts',
            index=models.Index(fields=['last_order_on', 'customer'], name='facts_last_idx'),
        ),
        migrations.AddIndex(
            model_name='facts',
            index=models.Index(fields=['due_on', 'customer'], name='facts_due_idx'),
        ),
        migrations.AddIndex(
            model_name='facts',
            index=models.Index(fields=['stage', 'revenue_12m', 'customer'], name='facts_stage_revenue_idx'),
        ),
        migrations.AddIndex(
            model_name='facts',
            index=models.Index(fields=['stage', 'last_order_on', 'customer'], name='facts_stage_last_idx'),
        ),
        migrations.AddIndex(
            model_name='facts',
            index=models.Index(fields=['stage', 'due_on', 'customer'], name='facts_stage_due_idx'),
        ),
        migrations.AddIndex(
            model_name='facts',
            index=models.Index(condition=models.Q(('pareto_class', ''), _negated=True), fields=['pareto_class', 'revenue_12m', 'customer'], name='facts_pareto_revenue_idx'),
        ),
        migrations.AddIndex(
            model_name='facts',
            index=models.Index(condition=models.Q(('pareto_class', ''), _negated=True), fields=['pareto_class', 'last_order_on', 'customer'], name='facts_pareto_last_idx'),
        ),
        migrations.AddIndex(
            model_name='facts',
            index=models.Index(condition=models.Q(('pareto_class', ''), _negated=True), fields=['pareto_class', 'due_on', 'customer'], name='facts_pareto_due_idx'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('closed_on__isnull', False)), fields=['assignee', 'closed_on', 'id'], name='task_own_closed_idx'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('closed_on__isnull', False)), fields=['closed_on', 'id'], name='task_closed_idx'),
        ),
    ]
