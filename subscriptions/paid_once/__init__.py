"""What is paid for once: passes, articles, gifts."""
