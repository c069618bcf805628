"""What subscribers do with a subscription that runs."""
