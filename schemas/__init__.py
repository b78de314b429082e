"""The public contract as Marshmallow schemas: what may be sent, what is answered, and every reason to refuse.

It speaks only the public language and knows neither HTTP nor the core.
"""

from __future__ import annotations

from schemas.actions import ActionUpdateSchema, BatchLoader, BatchTooLarge, InvalidBatch
from schemas.base import FieldError, InvalidDocument, StrictSchema
from schemas.integrations import IntegrationActionSchema, load_integration_action
from schemas.messages import VALIDATION_CODES, Message

__all__ = [
    "VALIDATION_CODES",
    "ActionUpdateSchema",
    "BatchLoader",
    "BatchTooLarge",
    "FieldError",
    "IntegrationActionSchema",
    "InvalidBatch",
    "InvalidDocument",
    "Message",
    "StrictSchema",
    "load_integration_action",
]
