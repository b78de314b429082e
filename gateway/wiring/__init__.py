"""Builds every collaborator once and hands them down."""
