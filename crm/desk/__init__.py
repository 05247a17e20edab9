"""The service desk: contacts that wait for our answer, who takes them, and how long the first answer took."""
