"""The meter: what is counted, for whom, until when, and what its readers see of it."""
