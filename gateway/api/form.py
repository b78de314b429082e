from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from gateway.api.request import GatewayRequest, GatewayResponse
    from gateway.api.under_way import UnderWay


class Form(NamedTuple):
    """``answer`` begins and runs a batch. ``rehearsal`` answers a dry run of so many items.

    ``is_paced``: calls wait for a reader that takes outcomes slowly.
    """

    answer: Callable[[AbstractContextManager[UnderWay], GatewayRequest], GatewayResponse]
    rehearsal: Callable[[GatewayRequest, int], GatewayResponse]
    is_paced: bool
