"""People around a customer, and what the owner wants to know of them beside what everyone does: households, companies, fields."""
