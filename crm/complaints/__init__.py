"""Complaints: opened, promised, waited for, solved or closed; and who has an open one, for every page that shows a customer."""

from crm.complaints.marks import open_of

__all__ = ["open_of"]
