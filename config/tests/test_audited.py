"""Whatever a route changes of the record is told in the audit (RELIABILITY, G29)."""

from uuid import uuid4

import pytest

from config.tests import cast
from config.tests.test_access import ROUTES, address, record, some_rows

__all__ = ["some_rows"]

# What is no change of the record: the tables, and why nobody needs to be told.
NOT_OF_THE_RECORD = {
    "crm.Pulse": "that the program is alive",
    "crm.Link": "links that sign in: the door has a log of its own",
    "lifecycle.NotNow": "that somebody is left out of one list for two weeks; it names who said so and when itself",
}
# What a form has to say for its route to change something.
CONTACT = {"kind": "call", "minutes": "5", "text": "Asked for decaf.", "key": str(uuid4())}
CONSENT = {"purpose": "marketing", "channel": "email", "given": "yes", "how": "phone", "on": "2026-01-02"}
PERSON = {"entity": "person", "market": "b2c", "kind": "external", "key": str(uuid4())}
SAYS = {
    "customers/new/": PERSON | {"name": "Hana"},
    "customers/<int:pk>/log/": CONTACT,
    "customers/<int:pk>/consents/": CONSENT,
    "customers/<int:pk>/consents/objection/": {},
    "customers/<int:pk>/evidence/": {"kind": "only_us", "happened_on": "2026-01-02"},
    "segments/<int:pk>/duplicate/": {},
    "segments/<int:pk>/delete/": {},
    "segments/<int:pk>/put/": {"pick": "include:1", "reason": "She asked to be."},
}


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_that_changes_the_record_leaves_an_entry(some_rows, route):
    client = cast.signed_in(cast.owner())
    before = record()
    client.post(address(route), SAYS.get(route, {}))
    after = record()

    changed = {table for table in after if after[table] != before[table]} - {"crm.Audit", *NOT_OF_THE_RECORD}
    assert not changed or after["crm.Audit"] != before["crm.Audit"], f"{route} changed {sorted(changed)} and told nobody"
    assert changed or route not in SAYS, f"{route} changed nothing, so nothing was tried"
