"""Hypothesis for the whole suite: an example takes as long as it takes, since a busy machine is no fault."""

from hypothesis import settings

settings.register_profile("suite", settings.default, deadline=None)
settings.load_profile("suite")
