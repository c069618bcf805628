"""From the gate to the payment page and back."""
