"""What stands on the page of a customer about the people around them, and about what only this business asks."""

from django.db.models import OuterRef

from crm import panels, presence
from crm.models import Customer, CustomField, FieldValue, SocialProfile
from crm.people.around import Around
from crm.people.household_page import HouseholdPanel
from crm.people.more import More
from crm.people.reach import Reach

presence.register("profiles", SocialProfile.objects.filter(customer=OuterRef("pk")))
presence.register("brought", Customer.objects.filter(referred_by=OuterRef("pk")))
presence.register("fields", CustomField.objects.filter(archived_at=None))
presence.register("values", FieldValue.objects.filter(customer=OuterRef("pk")))
panels.register(panels.Panel("crm/people/_reach.html", Reach.of, order=30))
panels.register(panels.Panel("crm/people/_household.html", HouseholdPanel.of, order=31))
panels.register(panels.Panel("crm/people/_around.html", Around.of, order=32))
panels.register(panels.Panel("crm/people/_more.html", More.of, order=33))
