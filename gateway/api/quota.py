"""Rate limits as the caller sees them: ``RateLimit`` fields on every answer, 429 before anything is run (``contract.md`` 1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import after_this_request

from gateway.admission.rates import ratelimit_fields
from gateway.api.problems import Problem

if TYPE_CHECKING:
    from flask import Response

    from gateway.admission.rates import RateLimits
    from gateway.auth.principal import Principal
