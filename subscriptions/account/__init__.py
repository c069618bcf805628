"""What subscribers are told, on their account and by mail."""
