# Scratch for looking back, and an index for the newest order.
import django.db.models.deletion
from django.db import migrations, models

import crm.fields

class Migration(migrations.Migration):
    dependencies = [("crm", "0005_links")]

    operations = [
        migrations.CreateModel(
            name="PastFacts",
            fields=[
                ("orders", models.IntegerField(default=0, verbose_name="Orders")),
                ("order_days", models.IntegerField(default=0, verbose_name="Days with an order")),
                ("orders_12m", models.IntegerField(default=0, verbose_name="Orders in 12 months")),
                ("revenue", crm.fields.MoneyField(default=0, verbose_name="Revenue")),
                ("revenue_12m", crm.fields.MoneyField(default=0, verbose_name="Revenue in 12 months")),
                ("revenue_prev_12m", crm.fields.MoneyField(default=0, verbose_name="Revenue in the 12 months before")),
                ("paid_orders", models.IntegerField(default=0, verbose_name="Paid orders")),
                ("unpaid_orders", models.IntegerField(default=0, verbose_name="Orders unpaid for more than 30 days")),
                ("margin_12m", crm.fields.MoneyField(default=0, null=True, verbose_name="Margin in 12 months")),
                ("average_order", crm.fields.MoneyField(null=True, verbose_name="Average order")),
                ("first_order_on", models.DateField(null=True, verbose_name="First order")),
                ("last_order_on", models.DateField(null=True, verbose_name="Last order")),
                ("typical_gap_days", models.FloatField(null=True, verbose_name="Usual days between orders")),
                ("long_gap_days", models.IntegerField(null=True, verbose_name="Long pause between orders")),
                ("expected_gap_days", models.FloatField(null=True, verbose_name="Days to the next order as expected")),
                ("due_on", models.DateField(null=True, verbose_name="Next order due")),
                ("inactive_on", models.DateField(null=True, verbose_name="Inactive from")),
                ("lost_on", models.DateField(null=True, verbose_name="Lost from")),
                ("favourite_channel", models.CharField(default="", max_length=50, verbose_name="Favourite channel")),
                ("interactions_12m", models.IntegerField(default=0, verbose_name="Interactions in 12 months")),
                ("minutes_12m", models.IntegerField(default=0, verbose_name="Minutes spent in 12 months")),
                ("last_contact_on", models.DateField(null=True, verbose_name="Last contact")),
                ("is_disqualified", models.BooleanField(default=False, verbose_name="Disqualified")),
                ("is_marked_lost", models.BooleanField(default=False, verbose_name="Marked as lost")),
                ("is_partner", models.BooleanField(default=False, verbose_name="Partner")),
                ("only_us", models.BooleanField(default=False, verbose_name="Buys only from us")),
                ("referrals_ordered", models.IntegerField(default=0, verbose_name="Referred people who ordered")),
                (
                    "pareto_class",
                    models.CharField(
                        choices=[("vital_few", "Vital few"), ("useful_many", "Useful many")],
                        default="",
                        max_length=11,
                        verbose_name="Pareto class",
                    ),
                ),
                ("stage", models.CharField(default="", max_length=50, verbose_name="Stage")),
                ("stage_since", models.DateField(null=True, verbose_name="In this stage since")),
                (
                    "customer",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="past_facts",
                        serialize=False,
                        to="crm.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "facts of the past",
                "verbose_name_plural": "facts of the past",
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="business",
            name="past_as_of",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="figures of the past as of"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["ordered_on"], name="order_day_idx"),
        ),
        migrations.AddConstraint(
            model_name="pastfacts",
            constraint=models.CheckConstraint(
                condition=models.Q(("pareto_class__in", ["", "vital_few", "useful_many"])), name="pastfacts_pareto_class_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="pastfacts",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("due_on", None), ("first_order_on", None), ("inactive_on", None), ("last_order_on", None), ("lost_on", None)),
                    models.Q(
                        ("due_on__isnull", False),
                        ("first_order_on__isnull", False),
                        ("inactive_on__isnull", False),
                        ("last_order_on__isnull", False),
                        ("lost_on__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="pastfacts_order_dates_stand_together",
            ),
        ),
    ]
