"""Kotler's ladder as a plain list, from DEFINITIONS.md alone: the first that holds."""


def stage_of(facts, as_of):
    """The key of the stage of one customer whose facts are `facts`."""

    def passed(day):
        return day is not None and day <= as_of

    ladder = (
        ("disqualified", facts["is_disqualified"] or (facts["paid_orders"] == 0 and facts["unpaid_orders"] >= 2)),
        ("lost", facts["is_marked_lost"] or passed(facts["lost_on"])),
        ("inactive", passed(facts["inactive_on"])),
        ("partner", facts["is_partner"]),
        ("advocate", facts["referrals_ordered"] >= 2),
        ("client", facts["orders_12m"] >= 4 and facts["only_us"]),
        ("repeat", facts["order_days"] >= 2),
        ("first-time", facts["order_days"] == 1),
        ("prospect", True),
    )
    return next(key for key, holds in ladder if holds)
