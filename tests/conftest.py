"""Hypothesis for the whole suite: an example takes as long as it takes, since a busy machine is no fault."""

from hypothesis import settings

settings.register_profile("suite", settings.default, deadline=None)
settings.register_profile("quick", settings.default, deadline=None, max_examples=20)
settings.load_profile("suite")
