"""A staff member's morning: by keyboard alone at a desk, and by touch on a phone; and what is in the record afterwards."""

import re

import pytest

from config.tests.morning import CALL, COMPLAINT, REASON, Caller, by_keyboard, by_touch, prepare

pytestmark = pytest.mark.slow


def caller(site, place):
    """One whose number nobody else has, and who has never complained; as the display shows it, without the prefix."""
    found = site.shop.rows(
        "SELECT id, name, phone FROM crm_customer WHERE phone <> '' AND name <> '' AND merged_into_id IS NULL AND binned_at IS NULL"
        " AND id NOT IN (SELECT customer_id FROM crm_complaint)"
        " AND (SELECT count(*) FROM crm_customer AS other WHERE other.phone = crm_customer.phone) = 1 ORDER BY id DESC"
    )
    pk, name, phone = found[place]
    return Caller(pk, name, re.sub(r"\D", "", phone)[-9:])


@pytest.mark.parametrize(("width", "way", "place"), [(1440, by_keyboard, 5), (390, by_touch, 6)])
def test_the_five_deeds_of_a_morning_are_done_and_recorded_once(visit, site, width, way, place):
    who = caller(site, place)
    visitor = visit("staff", width=width)
    prepare(visitor.open("/"), site.address, who)
    steps = {}
    for step in way(visitor.page, who):
        steps[step.what] = step
        assert not visitor.is_wider_than_the_screen(), step

    # What takes more keys or taps than this has become worse; the seconds are measured by timed_morning.py.
    deeds = {what: step.deeds for what, step in steps.items() if step.what != "finish a task"}
    assert max(deeds.values()) <= 4, deeds

    rows = site.shop.rows
    logged = rows(f"SELECT text, kind, by_id FROM crm_interaction WHERE customer_id = {who.pk} AND text IN ('{CALL}', '{COMPLAINT}')")
    assert sorted((text, kind) for text, kind, _by in logged) == [(COMPLAINT, "complaint"), (CALL, "call")]
    (staff,) = {by for _text, _kind, by in logged}
    assert [tuple(row) for row in rows(f"SELECT what, state, by_id FROM crm_complaint WHERE customer_id = {who.pk}")] == [
        (COMPLAINT, "open", staff)
    ]
    columns = "state, closed_by_id, snoozed_because, due_on > planned_on"
    (finished,) = rows(f"SELECT {columns} FROM crm_task WHERE why = '{who.to_finish}'")
    (snoozed,) = rows(f"SELECT {columns} FROM crm_task WHERE why = '{who.to_snooze}'")
    assert (*finished[:3], bool(finished[3])) == ("done", staff, "", False)
    assert (*snoozed[:3], bool(snoozed[3])) == ("open", None, REASON, True)

    page = visitor.open(f"/customers/{who.pk}/")
    assert COMPLAINT in page.locator(".open-complaints").inner_text()
    assert CALL in page.locator("#timeline").inner_text()
    assert who.name in visitor.open("/complaints/").locator("main").inner_text()
    tasks = visitor.open("/tasks/").locator("main").inner_text()
    assert who.to_finish not in tasks and f"Put off: {REASON}" in tasks
