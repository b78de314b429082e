"""What is known of the core: circuit, adaptive limit, silence."""
