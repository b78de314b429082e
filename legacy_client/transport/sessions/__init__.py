"""The transport of threads over requests' own adapter."""
