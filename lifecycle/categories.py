"""What somebody brings for what they take: the ladder "Categories" as built in (docs/ladders.md says why)."""

from django.utils.translation import gettext_noop

from lifecycle.blueprint import EVERYONE, Blueprint, BuiltIn, at_least, either, every, holds, is_so, passed

KEY = "categories"
STAGES = (
    BuiltIn("dead", gettext_noop("Dead"), None, either(is_so("is_disqualified"), is_so("is_marked_lost"), passed("lost_on"))),
    BuiltIn(
        "demanding",
        gettext_noop("Demanding"),
        1,
        either(
            at_least("unpaid_orders", 2),
            holds("margin_12m", "<", 0),
            every(at_least("minutes_12m", 60), holds("orders_12m", "<=", 3)),
            every(at_least("interactions_12m", 6), holds("orders_12m", "<=", 3)),
        ),
    ),
    BuiltIn(
        "loyal",
        gettext_noop("Loyal"),
        3,
        every(at_least("orders_12m", 4), at_least("order_days", 4), {"not": passed("inactive_on")}),
    ),
    BuiltIn("average", gettext_noop("Average"), 2, EVERYONE),
)
CATEGORIES = Blueprint(KEY, gettext_noop("Categories"), STAGES)
