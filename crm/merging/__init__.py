"""Two records of one customer are made one, and come apart again."""

from crm.merging.columns import Choice
from crm.merging.merge import CannotMerge, merge
from crm.merging.unmerge import CannotUnmerge, Unmerged, unmerge

__all__ = ["CannotMerge", "CannotUnmerge", "Choice", "Unmerged", "merge", "unmerge"]
