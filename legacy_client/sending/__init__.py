"""Many calls under one deadline."""
