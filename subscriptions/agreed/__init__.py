"""What readers agreed to."""
