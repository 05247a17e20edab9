"""A form leads back to a page of ours, by its path, and nowhere else."""

import pytest
from django.test import RequestFactory

from crm.returning import way_back


@pytest.mark.parametrize("page", ["/customers/?q=a", "/", "/ladder/#definitions"])
def test_it_leads_back_to_a_page_of_ours(page):
    assert way_back(RequestFactory().post("/", {"next": page}), otherwise="/else/") == page
    assert way_back(RequestFactory().get("/", {"next": page}), otherwise="/else/") == page


@pytest.mark.parametrize(
    "page", ["", "foo", "customers", "%00", "?x=1", "//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x"]
)
def test_it_leads_nowhere_else(page):
    assert way_back(RequestFactory().post("/", {"next": page}), otherwise="/else/") == "/else/"
