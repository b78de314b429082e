"""Every log event and what it means to an operator. The operators' page is made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_EVENTS: Mapping[str, str] = {
    # Requests and batches.
    "request_ended": "A request was answered; its fields are listed below.",
    "item_failed": "An item was not updated: its `index`, `item_id`, `code`, `outcome` and, where there is one, `reason`; "
    "`principal_id` and `partner` say whose. At most `GATEWAY_LOG_FAILED_ITEMS` of a batch. A job worker names the `job` too, "
    "and counts `index` as the job does, each time that it runs the item's chunk.",
    "access_refused": "Credentials were refused; `error` and `reason` say why, without the credentials.",
    "request_refused": "A request was not HTTP as the gateway takes it, and never reached the application; `field` names the "
    "header field that is wrong, where it is one, and `peer` is who sent it or a proxy. Its `request_ended` line follows.",
    "refusal_not_delivered": "Such a caller left before its refusal could be sent.",
    "answer_not_taken": "A client did not take its answer within `GATEWAY_ANSWER_TIMEOUT`; its connection was reset.",
    "client_left": "A client left before it had its answer; a batch with a key keeps it.",
    "accept_failed": "A new connection could not be taken, mostly for want of file descriptors; tried again at once.",
    "handshake_failed": "A client's TLS handshake with the server failed or took too long.",
    # The end of a worker.
    "worker_stopping": "A worker was told to stop and drains; `connections` are open.",
    "connections_cut": "A worker's time to stop ran out while this many connections were open; they were cut.",
    "records_cut": "A worker's time to stop ran out while the outcomes of so many batches waited for the store; repeats may "
    "find their items unknown.",
    # Jobs.
    "chunk_ended": "A run of a chunk ended: `items` of `job` from `first_index` on, those of its earlier runs with them. How "
    "many `succeeded` and `failed`, `codes` and times are as in `request_ended`; what is to be tried again counts as failed.",
    "chunk_abandoned": "Five runs of a chunk brought it no further; `items` of it from `first_index` of `job` on are "
    "settled as they stand, and the job went on.",
    "chunk_put_back": "A job worker was handed a chunk of a resource that it does not have, as beside a newer release; "
    "it went back untouched, for the others.",
    "job_worker_starting": "A job worker starts: what `server_starting` tells of the server.",
    "job_worker_started": "A job worker runs, by `dispatch`; each of its `processes` has at most `concurrency` calls in "
    "flight, `together` those of all workers that are alive, `with_a_gateway` those and a gateway's, and a chunk ends after `seconds`.",
    "job_store_risk": "A job worker runs over a store that may lose jobs; `reason` says when.",
    "job_worker_ended": "A job worker ended as it was told; what it had not sent is due for the others.",
    "chunk_failed": "A fault while a chunk was run; it is tried again when its lease has run out, five times at most.",
    "job_store_down": "A job worker cannot reach the store of jobs; `reason` says why. Said once until it recovers.",
    "job_store_back": "The store of jobs can be reached again.",
    "job_beat_failed": "The heartbeat or the sweep of jobs failed; tried again a second later.",
    # Faults of our own: each is a bug to report, with the traceback in `exception`.
    "unhandled_fault": "A fault nobody foresaw; the caller got a 500.",
    "request_failed_before_the_application": "A fault while a request was read; the caller got a 500.",
    "greenlet_failed": "A task that nobody waits for failed, such as a connection's; the worker goes on.",
    "batch_failed": "A batch broke off; items without a result were reported as unknown.",
    "answer_broken": "An answer broke off after its head; its connection was ended, which tells the client.",
    "job_results_cut": "The store of jobs went away while results were read; their last line says so. `reason` says which.",
    "stream_failed": "A stream broke off; its last line says so, and what it did not tell counts as unknown.",
    "telemetry_hook_failed": "A hook that only looks on failed; no answer was changed by it.",
    "log_lines_failed": "The line of a request could not be written; the others were.",
    "metrics_fold_failed": "The worker's numbers could not be brought up to now; tried again a second later.",
    "readiness_look_failed": "A check of `/readyz` failed while it was run for the metrics; run again ten seconds later.",
    "metrics_not_shared": "There was no room for a worker's numbers in `GATEWAY_STATE_DIR`; it keeps them to itself.",
    "status_history_not_kept": "The last minutes' numbers for `/status` cannot be kept in `GATEWAY_STATE_DIR`, and `reason` says why; "
    "the page begins where it is opened. Said once until it recovers.",
    "status_history_failed": "A fault while the last minutes' numbers were kept; tried again five seconds later.",
    "metrics_folder_gone": "The `folder` with the workers' numbers was removed; `/metrics` shows those of one worker "
    "until the server is started again.",
    # The core.
    "core_fields_unreadable": "Items were updated, but fields of the core's answers cannot be read: `fields` names and "
    "counts them, `item_id` is the first such item. Once a batch.",
    "core_answer_untranslatable": "A fault while an answer of the core was put into public words; its item is `unknown`.",
    "python_translation_failed": "The translation that `core.python` of the map names raised over an answer of the core. "
    "An applied item is told as applied, with all its fields `unreadable`.",
    "circuit_changed": "The circuit of a worker went from `before` to `now`; open means that the core is failing.",
    "item_untranslatable": "An item could not be put into the core's words; it failed, the others went on.",
    "call_not_sendable": "A call could not be written for the core; its item failed, the others went on.",
    "core_misconfigured": "The core or Keycloak refused the gateway's credentials, or one's certificate the other; "
    "`reason` says which. Said once per batch.",
    "core_unreachable": "No connection to the core; `reason` has the errno or what TLS says, host and port. Looked for at "
    "the start and for `/readyz`, said once until it changes.",
    "core_reachable": "Connections to the core can be had again.",
    "core_tls_files_unusable": "Of `files`, CAs or a certificate with its key, one that changed cannot be used; what it held before goes on serving.",
    "secret_file_unreadable": "A secret's file cannot be read any more; what it held before goes on serving.",
    "core_lookup_failed": "The name of the core did not resolve; the addresses known so far go on serving.",
    "core_credentials_unreadable": "`GATEWAY_CORE_AUTH_FILE` cannot be read, or holds no header; the last good one goes on serving.",
    "core_token_fetch_failed": "Keycloak gave no token for the core; `reason` has its error code.",
    # Keycloak.
    "jwks_fetch_failed": "A realm's signing keys cannot be refreshed; known keys go on serving for "
    "`GATEWAY_KEYS_MAX_STALE`. Said once until it recovers.",
    "jwks_fetch_recovered": "A realm's signing keys are refreshed again.",
    "realm_keys_changed": "A realm's set of signing keys changed; `kids` names those in use.",
    "jwks_key_skipped": "A published key is of no use for signatures and was left out.",
    "jwks_key_refused": "A published key is weak: whoever sees it can sign with it. Its tokens are refused; replace it.",
    "jwks_keys_left_out": "A realm published more keys than are taken; tokens of those left out are refused.",
    "issuer_unknown": "A realm's discovery document could not be read; the issuer known last, or the usual one, holds.",
    "not_before_unknown": "A realm's not-before policy could not be read; tokens are accepted without it.",
    "introspection_failed": "Keycloak could not be asked whether a token was revoked; it is left alone for a moment. "
    "An error where Keycloak refuses our client, which no later try mends; `/readyz` then says so.",
    # API keys.
    "api_keys_unavailable": "The store of API keys cannot be read, or is gone, and `reason` says why; callers with keys get "
    "a 503. Said once per reason.",
    "api_keys_available": "The store of API keys can be read again.",
    "api_keys_file_unusable": "`GATEWAY_API_KEYS_FILE` cannot be read or understood, and `reason` says why; the keys "
    "that were read last stay in force. Said once per reason.",
    "api_keys_file_usable": "`GATEWAY_API_KEYS_FILE` was read again, and is in force.",
    "api_key_use_not_noted": "When a key was last used could not be kept; the request went on.",
    # Partners.
    "partners_file_taken": "A worker read a changed `GATEWAY_PARTNERS_FILE`, and goes by it: it has so many `partners`, and "
    "`changed` names those that differ, twenty at most.",
    "partners_file_unusable": "`GATEWAY_PARTNERS_FILE` cannot be read or understood, and `reason` says why; the partners that were "
    "read last stay in force. Said once per reason.",
    # Rates.
    "rate_store_down": "Redis cannot be had for rates; `counting` says who counts meanwhile.",
    "rate_store_back": "Rates are counted in Redis again.",
    "redis_url_unusable": "The file of `GATEWAY_REDIS_URL` was replaced by what cannot be followed, and `reason` says why; "
    "connections go by the last URL in force.",
    # Idempotency records.
    "idempotency_store_down": "The store cannot be had, and `reason` says why; requests with a key get a 503. Said once "
    "until it is back.",
    "idempotency_store_back": "Requests with a key are taken again.",
    "idempotency_record_unreadable": "What the store holds for a key is no journal; requests with that key get a 503.",
    "idempotency_record_failed": "The journal of a running batch could not be written; tried again, and after two seconds "
    "the batch sends nothing more.",
    "idempotency_finish_waits": "The end of a keyed batch could not be written; the worker keeps its outcomes until the store "
    "is back, and the answer said `Idempotency-Kept: false`.",
    "idempotency_finish_kept": "Outcomes that had waited are written now; so many batches still wait.",
    "idempotency_finish_failed": "The record of a batch is gone, or another worker's; a repeat may find items unknown.",
    "idempotency_finish_lost": "Outcomes that waited were given up, and `reason` says why; a repeat may find items unknown.",
    "idempotency_records_evicted": "The embedded store reached its size, and dropped its oldest records.",
    # The audit trail.
    "audit_unavailable": "Lines of the audit trail cannot be written, and `reason` says why; 8 MiB of them wait, and batches go on. "
    "Said once until it recovers.",
    "audit_available": "The audit trail is written again; so many lines were `lost` meanwhile.",
    "audit_lines_lost": "Lines of the audit trail, one a batch, are lost from now on: more than 8 MiB wait, or the worker stopped before "
    "they could be written. Said once until it recovers; `lines` are the first.",
    "audit_line_failed": "A fault while a batch's line of the audit trail was made; the batch went on.",
    "audit_write_failed": "A fault while the audit trail was written; its next lines are tried again.",
    # The log itself.
    "log_lines_dropped": "The log's pipe or its disk was full, and `lines` were dropped so that no request had to wait.",
    # The start.
    "server_starting": "The server starts: its `version`, whether the hot path runs `compiled`, the `settings` in force "
    "without secrets, and the forward `proxies` to the core and Keycloak; `ignored` names variables of the environment "
    "that count for neither.",
    "setting_unknown": "A `GATEWAY_*` variable means nothing here; `nearest` is the setting it may have meant, and `reason` "
    "says so where it is one that takes no `_FILE`.",
    "state_in_temporary_folder": "`GATEWAY_STATE_DIR` is not set: idempotency records and API keys are in `folder`, which a restart "
    "of the host may empty and other programs may write to. Said once by the server.",
    "access_unrestricted": "Neither `GATEWAY_REQUIRED_ROLE` nor `GATEWAY_REQUIRED_SCOPE` is set: every token for the "
    "`audience` may send updates, and so may every caller of another method than API keys. Said once by the server.",
    "schema_not_compiled": "A schema is validated without its fast path; slower, not wrong.",
    "field_not_compiled": "A field is validated without its fast path; slower, not wrong.",
}

REQUEST_FIELDS: Mapping[str, str] = {
    "method": "Of the request.",
    "route": "The rule that matched, as `/livez`; empty where none did. Never the path.",
    "status": "Of the answer.",
    "seconds": "From the first hop to the answer; of a stream to its last line.",
    "request_id": "As in `X-Request-ID`, in all lines of the request, and on each call to the core.",
    "principal_id": "The caller; empty where it was not let in.",
    "received_bytes": "The body's `Content-Length`.",
    "sent_bytes": "Of the answer's body.",
    "partner": "Of `GATEWAY_PARTNERS_FILE`, or `other`; only where there is such a file.",
    "key_fingerprint": "Stands for the `Idempotency-Key`; the same for each repeat of it.",
    "job": "The id of the job that the request made, or was about.",
    "problem": "The last part of the problem's `type`, where the answer is one.",
    "validation_errors": "Of a `validation-failed`: how many errors were found.",
    "validation_codes": "Their codes with how often, as `invalid_choice:1`, of those that the answer lists.",
    "validation_fields": "Their fields in the same way, twenty at most, without indexes of lists or values; `?` is a name that the contract does not have, "
    "`item` an item as a whole.",
    "first_invalid_index": "The first invalid item's, from 0.",
    "policy": "The rate that a 429 is about: `items`, `requests` or `unsent-kib`.",
    "replay": "A repeat of a key: `replayed` from its record, or `resumed`.",
    "kind": "Of the batch that was run: `sync`, `stream` or `single`. This and what follows only where one was.",
    "items": "Of the batch.",
    "succeeded": "Items that were applied.",
    "failed": "Items that were not, or of which it is not known.",
    "codes": "Of the failed items, with how many, as `core_timeout:2,not_found:1`.",
    "batch_seconds": "From the first call to the last outcome; the next three are parts of it.",
    "turn_seconds": "In which the core had no room for the batch.",
    "core_seconds": "In which answers of the core were waited for.",
    "repeat_seconds": "Between two attempts.",
}
"""The fields of ``request_ended``, in their order; times are in seconds. A field that would be empty is mostly left out."""
