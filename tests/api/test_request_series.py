"""An alert on failed requests needs their zero before their first."""

from __future__ import annotations

import re


def test_every_endpoint_of_partners_has_its_failures_counted_from_the_start(service):
    rules = service.app.url_map.iter_rules()
    served = {(rule.rule, method) for rule in rules if "/v1/" in rule.rule for method in rule.methods or ()}
    counted_ones = {(route, method) for route, method in served if method not in {"HEAD", "OPTIONS"}}

    assert counted_ones >= {
        ("/openapi/api/v1/limits", "GET"),
        ("/openapi/api/v1/actions", "PATCH"),
        ("/integrations/v1/<integration_id>/actions/<action_id>", "PUT"),
        ("/api/public/integrations/v1/<integration_id>/actions/<action_id>", "PUT"),
    }
    shown = service.client.get("/metrics").text
    counted = set(re.findall(r'gateway_requests_total\{method="(\w+)",route="([^"]+)"', shown))
    assert counted == {(method, route) for route, method in counted_ones}
    for route, method in counted_ones:
        for status in ("500", "502", "503", "504"):
            series = f'gateway_requests_total{{method="{method}",route="{route}",status="{status}"}} 0.0\n'
            assert series in shown
