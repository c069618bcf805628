"""What Stripe says, brought into rows."""
