"""The record, one module per noun."""

from crm.models.audit import Audit
from crm.models.bulk_action import BulkAction, BulkChange
from crm.models.business import Business, Channel
from crm.models.complaint import Complaint, ComplaintPause, ComplaintStep
from crm.models.consent import Consent, ConsentText
from crm.models.custom import CustomField, FieldOption, FieldValue
from crm.models.customer import Customer
from crm.models.enquiry import Enquiry
from crm.models.entry import Invitation, UsedCode, UserSession
from crm.models.evidence import Evidence
from crm.models.facts import Changed, Facts, FactsRow, Headline, PastFacts, ReplayFacts
from crm.models.hidden import SetAside
from crm.models.household import Household
from crm.models.imports import Import, Upload
from crm.models.interaction import Interaction
from crm.models.job import Job, Pulse
from crm.models.link import Link
from crm.models.merge import Candidate, Merge, MergeMoved
from crm.models.order import Order, OrderLine
from crm.models.social import SocialProfile
from crm.models.tag import CustomerTag, Tag
from crm.models.task import Task
from crm.models.user import User

__all__ = [
    "Audit",
    "BulkAction",
    "BulkChange",
    "Business",
    "Candidate",
    "Changed",
    "Channel",
    "Complaint",
    "ComplaintPause",
    "ComplaintStep",
    "CustomField",
    "Consent",
    "ConsentText",
    "Customer",
    "CustomerTag",
    "Enquiry",
    "Evidence",
    "Facts",
    "FactsRow",
    "FieldOption",
    "FieldValue",
    "Headline",
    "Household",
    "Import",
    "Interaction",
    "Invitation",
    "Job",
    "Link",
    "Merge",
    "MergeMoved",
    "Order",
    "OrderLine",
    "PastFacts",
    "Pulse",
    "ReplayFacts",
    "SetAside",
    "SocialProfile",
    "Tag",
    "Task",
    "Upload",
    "UsedCode",
    "User",
    "UserSession",
]
