"""The record, one module per noun."""

from crm.models.business import Business, Channel
from crm.models.customer import Customer
from crm.models.evidence import Evidence
from crm.models.facts import Changed, Facts, FactsRow, Headline, PastFacts, ReplayFacts
from crm.models.imports import Import, Upload
from crm.models.interaction import Interaction
from crm.models.job import Job, Pulse
from crm.models.link import Link
from crm.models.order import Order, OrderLine
from crm.models.user import User

__all__ = [
    "Business",
    "Changed",
    "Channel",
    "Customer",
    "Evidence",
    "Facts",
    "FactsRow",
    "Headline",
    "Import",
    "Interaction",
    "Job",
    "Link",
    "Order",
    "OrderLine",
    "PastFacts",
    "Pulse",
    "ReplayFacts",
    "Upload",
    "User",
]
