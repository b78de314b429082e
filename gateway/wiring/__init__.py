"""Composition: builds every collaborator once from the settings and hands them down."""
