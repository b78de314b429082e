"""What is known of the core's health."""
