from __future__ import annotations

import json

JOBS = "/openapi/api/v1/jobs"


ITEMS = [{"actionId": str(number), "status": "active"} for number in range(1, 7)]


NDJSON = "application/x-ndjson"


class Partner:
    """The known caller, with verbs for jobs."""

    def __init__(self, service) -> None:
        self.service = service
        self.chunks = service.backends.jobs.chunks
        self.chunks.beat("w")

    def send(self, method: str, path: str = "", document=None, *, body: bytes | None = None, **headers):
        sent = {"Authorization": "Bearer good"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if document is not None:
            body = json.dumps(document).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        return self.service.client.open(JOBS + path, method=method, data=body, headers=sent)

    def made(self, **wishes) -> str:
        return self.send("POST", "", wishes).get_json()["id"]

    def filled(self, *parts, **wishes) -> str:
        job = self.made(**wishes)
        for number, items in enumerate(parts, 1):
            assert self.send("PUT", f"/{job}/parts/{number}", {"data": items}).status_code == 204
        return job

    def started(self, *parts, **wishes) -> str:
        job = self.filled(*parts, **wishes)
        assert self.send("POST", f"/{job}/start", {"parts": len(parts)}).status_code == 202
        return job

    def lines(self, job: str, query: str = "") -> list[dict[str, object]]:
        text = self.send("GET", f"/{job}/results{query}").get_data(as_text=True)
        return [json.loads(line) for line in text.splitlines() if line]
