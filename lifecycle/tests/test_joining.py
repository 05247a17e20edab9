"""How replayed moves are joined to those that are there: by hand, move by move, on stages 1 to 5."""

from datetime import date

import pytest

from lifecycle.joining import Joined, Made, joined

UNTIL = date(2025, 3, 31)


def chain(*moves, source="night", first_pk=None):
    """(stage, day[, source]) one after the other, each from where the one before it led; numbered from `first_pk`."""
    made, before = [], None
    for place, (after, on, *own) in enumerate(moves):
        whose = own[0] if own else source
        pk = None if first_pk is None else first_pk + place
        made.append(Made(pk, before, after, on, whose, None if whose == "person" else 1, {"orders": after}))
        before = after
    return made


def there(*moves):
    return chain(*moves, first_pk=10)


def found(*moves):
    return chain(*moves, source="replay")


def after(recorded, made):
    """The moves that stand once `made` is written, in their order."""
    begun, new = dict(made.begun), list(made.written)
    kept = [move for move in recorded if move.pk not in made.superseded]
    stand = [(move.on, move.pk, begun.get(move.pk, move.before), move.after, move.source) for move in kept]
    stand += [(move.on, 1_000 + place, move.before, move.after, move.source) for place, move in enumerate(new)]
    stand.sort()
    ends = [None, *(stage for *_rest, stage, _source in stand)]
    assert [before for _on, _pk, before, _after, _source in stand] == ends[:-1], "they do not join"
    return [(stage, on, source) for on, _pk, _before, stage, source in stand]


JAN, FEB, MAR, APR, MAY = (date(2025, month, 15) for month in range(1, 6))


def test_what_is_the_same_stays_untouched():
    recorded = there((1, JAN, "replay"), (2, MAR, "replay"))

    assert joined(recorded, found((1, JAN), (2, MAR)), UNTIL, 2) == Joined()


def test_from_the_first_difference_on_the_rules_moves_give_way():
    recorded = there((1, JAN), (3, FEB), (2, MAR))
    made = joined(recorded, found((1, JAN), (2, FEB)), UNTIL, 2)

    assert (made.superseded, made.since) == ([11, 12], FEB)
    assert after(recorded, made) == [(1, JAN, "night"), (2, FEB, "replay")]


def test_a_first_placement_of_the_first_night_gives_way_to_the_past_before_it():
    recorded = there((4, MAR))
    made = joined(recorded, found((1, JAN), (4, FEB)), UNTIL, 4)

    assert after(recorded, made) == [(1, JAN, "replay"), (4, FEB, "replay")]
    assert made.since == FEB


def test_the_cause_that_a_night_recorded_stands_and_that_of_a_replay_is_renewed():
    again = list(found((1, JAN)))
    again[0] = again[0].__class__(None, None, 1, JAN, "replay", 2, {"orders": 9})

    assert joined(there((1, JAN)), again, UNTIL, 1) == Joined()
    made = joined(there((1, JAN, "replay")), again, UNTIL, 1)
    assert (made.superseded, made.written, made.since) == ([10], again, None)


def test_what_came_after_the_replayed_days_begins_where_they_end():
    recorded = there((1, FEB), (2, APR), (3, MAY))
    made = joined(recorded, found((1, JAN), (4, MAR)), UNTIL, 3)

    assert after(recorded, made) == [(1, JAN, "replay"), (4, MAR, "replay"), (2, APR, "night"), (3, MAY, "night")]
    assert (made.superseded, made.since) == ([10, 11], None)


def test_what_would_lead_nowhere_is_dropped():
    recorded = there((1, FEB), (2, APR), (3, MAY))
    made = joined(recorded, found((1, JAN), (2, MAR)), UNTIL, 3)

    assert after(recorded, made) == [(1, JAN, "replay"), (2, MAR, "replay"), (3, MAY, "night")]


def test_where_the_last_one_is_dropped_the_customer_stands_there_since_the_replayed_move():
    recorded = there((2, APR))
    made = joined(recorded, found((1, JAN), (2, MAR)), UNTIL, 2)

    assert (after(recorded, made), made.since) == ([(1, JAN, "replay"), (2, MAR, "replay")], MAR)


def test_two_moves_of_the_day_after_stay_in_their_order():
    recorded = there((1, FEB), (2, APR), (3, APR), (4, MAY))
    made = joined(recorded, found((5, MAR)), UNTIL, 4)

    assert [(stage, on) for stage, on, _source in after(recorded, made)] == [(5, MAR), (2, APR), (3, APR), (4, MAY)]


def test_a_move_of_a_person_is_never_superseded_and_what_leads_into_it_is_kept():
    recorded = there((1, JAN), (2, FEB), (5, MAR, "person"), (3, APR))
    made = joined(recorded, found((4, JAN), (3, FEB), (1, MAR)), UNTIL, 3)

    assert after(recorded, made) == [(4, JAN, "replay"), (2, FEB, "night"), (5, MAR, "person"), (3, APR, "night")]


def test_whom_a_person_placed_first_has_no_past_before_it():
    recorded = there((5, FEB, "person"), (2, MAR))

    assert joined(recorded, found((1, JAN), (2, MAR)), UNTIL, 2) == Joined()


def test_a_placement_of_the_day_on_which_a_person_moved_them_stays_with_another_beginning():
    recorded = there((1, MAR), (5, MAR, "person"))
    made = joined(recorded, found((2, JAN), (3, FEB)), UNTIL, 5)

    assert after(recorded, made) == [(2, JAN, "replay"), (3, FEB, "replay"), (1, MAR, "night"), (5, MAR, "person")]
    assert (made.superseded, made.begun) == ([], [(10, 3)])


def test_where_the_past_ends_elsewhere_the_last_move_leads_to_where_they_stand():
    recorded = there((1, JAN), (2, MAR))
    made = joined(recorded, found((3, FEB), (4, MAR)), UNTIL, 2)

    assert (after(recorded, made), made.since) == ([(3, FEB, "replay"), (2, MAR, "night")], None)


@pytest.mark.parametrize("replayed", [[], found((1, JAN))])
def test_nobody_is_placed_by_it_and_a_placement_without_a_past_stays(replayed):
    assert joined([], replayed, UNTIL, 1) == Joined()
    assert joined(there((1, MAR)), [], UNTIL, 1) == Joined()


@pytest.mark.parametrize("recorded", [there((4, MAR)), there((1, JAN), (2, FEB), (5, MAR, "person"), (3, APR)), there((1, FEB), (2, APR))])
@pytest.mark.parametrize("replayed", [found((1, JAN), (4, FEB)), found((2, JAN)), found((3, MAR))])
def test_done_again_it_changes_nothing(recorded, replayed):
    stands = after(recorded, joined(recorded, replayed, UNTIL, recorded[-1].after))
    again = there(*stands)
    # What was kept has a cause of its own.
    again = [Made(m.pk, m.before, m.after, m.on, m.source, m.version, {"orders": m.after}) for m in again]

    made = joined(again, replayed, UNTIL, recorded[-1].after)

    assert made == Joined()
