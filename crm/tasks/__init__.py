"""Tasks: what somebody has to do by a day, for a customer or for the business itself."""
