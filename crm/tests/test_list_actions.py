"""Links that the floors above put beside the chips of the list of customers."""

import pytest
from django.urls import reverse

from config.tests import cast
from crm import list_actions
from crm.list_actions import Action


@pytest.mark.django_db
def test_a_registered_link_stands_beside_the_chips_where_there_is_something_to_offer(client, monkeypatch):
    monkeypatch.setattr(list_actions, "BUILDS", [])
    list_actions.register(lambda request, listing: Action("Keep <this>", "/keep/", "add") if listing.form.cleaned_data.get("q") else None)
    client.force_login(cast.staff())

    found = client.get(reverse("customers"), {"q": "nobody"}).content.decode()
    everyone = client.get(reverse("customers")).content.decode()

    assert 'href="/keep/"' in found
    assert "Keep &lt;this&gt;" in found
    assert "/keep/" not in everyone
