"""A made-up roastery to look around in: who its customers are, what they did, and how that gets into the record and out again."""
