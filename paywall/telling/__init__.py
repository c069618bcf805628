"""The decision in words: why, until when, and what would open it; for readers, support and the test bench."""
