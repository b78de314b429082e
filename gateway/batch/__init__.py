"""From calls to outcomes; no Flask, no HTTP."""
