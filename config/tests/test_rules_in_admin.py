"""The builder of rules in the admin panel: a ladder's page sends what it shows, and saves what was changed in its rows."""

import pytest
from django.urls import reverse

from config.tests import cast
from crm.tests.posted import posted_by
from lifecycle.kotler import install

pytestmark = pytest.mark.django_db


@pytest.fixture
def ladder():
    return install()


def page_of(ladder):
    client = cast.signed_in(cast.owner())
    where = reverse("admin:lifecycle_ladder_change", args=[ladder.pk])
    html = client.get(where).content.decode()
    return client, where, html, posted_by(html[html.index('id="ladder_form"') :])


def rules(ladder):
    return dict(ladder.stages.values_list("key", "rule"))


def name_of(data, key):
    return next(name.removesuffix("-key") for name in data if name.endswith("-key") and data[name] == key)


def test_saving_what_the_page_shows_changes_no_rule_and_no_version(ladder):
    client, where, html, data = page_of(ladder)
    before = rules(ladder)

    assert "css/rules-admin" in html and "htmx-2.min" in html and "js/htmx-settings" in html and "js/rules" in html
    assert client.post(where, data.dict() | dict(data.lists())).status_code == 302
    assert rules(ladder) == before
    assert set(ladder.stages.values_list("version", flat=True)) == {1}


def test_a_row_that_was_changed_changes_its_stage_alone(ladder):
    client, where, _html, data = page_of(ladder)
    before, advocate = rules(ladder), name_of(data, "advocate")
    data[f"{advocate}-rule-0-value"] = "3"

    # Who would move is shown first.
    assert client.post(where, dict(data.lists())).status_code == 200
    assert rules(ladder) == before
    assert client.post(where, dict(data.lists()) | {"_previewed": "1"}).status_code == 302
    assert rules(ladder) == before | {"advocate": {"all": [{"fact": "referrals_ordered", "op": ">=", "value": 3}]}}
    assert dict(ladder.stages.values_list("key", "version"))["advocate"] == 2


def test_a_press_without_script_shows_the_page_again_and_saves_nothing(ladder):
    client, where, _html, data = page_of(ladder)
    before, advocate = rules(ladder), name_of(data, "advocate")
    data[f"{advocate}-rule-do"] = "add"

    answer = client.post(where, dict(data.lists()))

    assert answer.status_code == 200
    assert f'name="{advocate}-rule-1-fact"' in answer.content.decode()
    assert rules(ladder) == before
