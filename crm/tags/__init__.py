"""Tags: words that people put on customers, to find them again and to ask them in rules."""
